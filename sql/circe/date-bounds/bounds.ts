/** Every bound that a definition sets to a date, wherever it stands, with what a negation around it makes of it. */

import { describeType } from '#sql/circe/criteria/types.ts';
import {
  type Bound,
  dayNumber,
  inGroup,
  inOccurrence,
  type Polarity,
  type Subject,
  sidesOf,
  underPolarity,
} from '#sql/circe/date-bounds/sides.ts';
import { groupsOf, washouts } from '#sql/circe/date-bounds/washout.ts';
import type { CohortExpression, CriteriaGroup, Criterion, Filter, Period } from '#sql/circe/expression.ts';

export interface FoundBounds {
  readonly bounds: readonly Bound[];
  /** Bounds that force no date by themselves; with others near them they still tell days apart. */
  readonly unbinding: readonly Bound[];
  /** Ranges that end before they begin. */
  readonly inverted: readonly { readonly path: string; readonly from: number; readonly to: number }[];
  /** User-defined periods; a side that is open is infinite. */
  readonly periods: readonly { readonly path: string; readonly from: number; readonly to: number }[];
  /** Something that compares two dates with each other, in words; absent where nothing does. */
  readonly compares?: string;
}

export function boundsOfDefinition(expression: CohortExpression): FoundBounds {
  const harmless = washouts(expression);
  const bounds: Bound[] = [];
  const unbinding: Bound[] = [];
  const inverted: FoundBounds['inverted'][number][] = [];
  const periods: FoundBounds['periods'][number][] = [];
  const compares: string[] = [];

  const addDates = (filters: readonly Filter[], polarity: Polarity, isIndex: boolean) => {
    for (const filter of filters) {
      if (filter.kind !== 'dates') continue;
      const { of, range, path } = filter;
      const set = sidesOf(range).flatMap(([side, day]) => underPolarity(side, day, polarity));
      const list = harmless.has(path) ? unbinding : bounds;
      for (const [side, day] of set) list.push({ side, day, subject: subjectOf(of, isIndex), path });
      const [from, to] = [range.Value, range.Extent ?? range.Value].map(dayNumber);
      if (range.Op.endsWith('bt') && from !== undefined && to !== undefined && to < from)
        inverted.push({ path, from, to });
    }
  };
  const addCriterion = (criterion: Criterion, polarity: Polarity, isIndex: boolean) => {
    const { filters, path, UserDefinedPeriod: period } = criterion;
    addDates(filters, polarity, isIndex);
    if (period) periods.push({ path: `${path}.UserDefinedPeriod`, ...intervalOf(period) });
    if (filters.some(isLength)) compares.push('the length of an event');
    if (criterion.DateAdjustment) compares.push('a date adjustment');
    if (criterion.CorrelatedCriteria) addGroup(criterion.CorrelatedCriteria, polarity, isIndex);
  };
  const addGroup = (group: CriteriaGroup, outer: Polarity, isIndex: boolean) => {
    const polarity = inGroup(outer, group);
    for (const correlated of group.CriteriaList) {
      compares.push('a correlated window');
      addCriterion(correlated.Criteria, inOccurrence(polarity, correlated), false);
    }
    for (const { filters } of group.DemographicCriteriaList) addDates(filters, polarity, isIndex);
    for (const inner of group.Groups) addGroup(inner, polarity, isIndex);
  };

  for (const criterion of expression.PrimaryCriteria.CriteriaList) addCriterion(criterion, 'is', true);
  for (const group of groupsOf(expression)) addGroup(group, 'is', true);
  const window = expression.CensorWindow;
  // Who is cut off before the censor window begins is not in the cohort: a censoring event then works as a negation.
  for (const criterion of expression.CensoringCriteria)
    addCriterion(criterion, window ? 'both' : 'is', false);
  if (window) {
    const path = '$.CensorWindow';
    const { from, to } = intervalOf(window);
    // A stay must touch the window: it ends on or after its first day and starts on or before its last.
    if (Number.isFinite(from)) bounds.push({ side: 'low', day: from, subject: 'index-end', path });
    if (Number.isFinite(to)) bounds.push({ side: 'high', day: to, subject: 'index-end', path });
  }
  const [first] = compares;
  return { bounds, unbinding, inverted, periods, ...(first === undefined ? {} : { compares: first }) };
}

/** True of a filter that compares an event's end with its start, or may stand for its end (days of supply). */
export function isLength(filter: Filter): filter is Filter & { readonly kind: 'number' } {
  return filter.kind === 'number' && (filter.value.includes('$end') || filter.value.includes('days_supply'));
}

/** True of an event that ends a fixed number of days after its start. */
export function fixedLength({ type }: Criterion): number {
  const { end } = describeType(type);
  return typeof end === 'number' ? end : 0;
}

function subjectOf(of: 'start' | 'end', isIndex: boolean): Subject {
  if (!isIndex) return 'other';
  return of === 'start' ? 'index-start' : 'index-end';
}

function intervalOf({ StartDate, EndDate }: Period): { from: number; to: number } {
  return {
    from: StartDate === undefined ? Number.NEGATIVE_INFINITY : dayNumber(StartDate),
    to: EndDate === undefined ? Number.POSITIVE_INFINITY : dayNumber(EndDate),
  };
}
