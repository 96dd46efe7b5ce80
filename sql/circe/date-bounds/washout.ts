/**
 * "None since that day" about events before the index event, where the index event itself lies after the day: the ordinary way to
 * ask for a first event since then. It forces no date, as long as nothing in the definition says that there are earlier events.
 */

import type { CriterionType } from '#sql/circe/criteria/types.ts';
import { type Bound, inGroup, inOccurrence, type Polarity, sidesOf } from '#sql/circe/date-bounds/sides.ts';
import type {
  CohortExpression,
  CorrelatedCriterion,
  CriteriaGroup,
  Criterion,
  Filter,
} from '#sql/circe/expression.ts';

/** Rows that are there of themselves where there is an event: its period, its visit, the era that it is part of. */
const accompanying: readonly CriterionType[] = [
  'ConditionEra',
  'DoseEra',
  'DrugEra',
  'ObservationPeriod',
  'PayerPlanPeriod',
  'VisitDetail',
  'VisitOccurrence',
];

/** Paths of the date filters that bound nothing. */
export function washouts(expression: CohortExpression): ReadonlySet<string> {
  const first = Math.min(...expression.PrimaryCriteria.CriteriaList.map(firstDay));
  const correlated = [
    ...expression.PrimaryCriteria.CriteriaList.flatMap(({ CorrelatedCriteria: group }) =>
      group ? membersOf(group, 'is', 1) : [],
    ),
    ...groupsOf(expression).flatMap((group) => membersOf(group, 'is', 0)),
  ];
  const adjusted = [
    ...expression.PrimaryCriteria.CriteriaList,
    ...correlated.map(({ Criteria }) => Criteria),
  ].some(
    ({ DateAdjustment, UserDefinedPeriod }) =>
      DateAdjustment !== undefined || UserDefinedPeriod !== undefined,
  );
  // An event that must be there and may lie before the index event could be the very one that must not be there since that day.
  if (adjusted || correlated.some((one) => one.polarity !== 'not' && !startsAfterIndex(one)))
    return new Set();
  const harmless = correlated.filter(
    ({ polarity, depth, RestrictVisit, Criteria: { type, CorrelatedCriteria } }) =>
      polarity === 'not' &&
      depth === 0 &&
      !RestrictVisit &&
      !accompanying.includes(type) &&
      CorrelatedCriteria === undefined,
  );
  return new Set(
    harmless.flatMap(({ Criteria: { filters } }) =>
      filters.filter((filter) => isSince(filter, first)).map(({ path }) => path),
    ),
  );
}

export function groupsOf(expression: CohortExpression): readonly CriteriaGroup[] {
  return [
    ...(expression.AdditionalCriteria ? [expression.AdditionalCriteria] : []),
    ...expression.InclusionRules.map((rule) => rule.expression),
  ];
}

type Member = CorrelatedCriterion & { readonly polarity: Polarity; readonly depth: number };

/** Every correlated criterion below, those nested in criteria one deeper. */
function membersOf(group: CriteriaGroup, outer: Polarity, depth: number): readonly Member[] {
  const polarity = inGroup(outer, group);
  return [
    ...group.CriteriaList.flatMap((correlated) => {
      const inside = inOccurrence(polarity, correlated);
      const nested = correlated.Criteria.CorrelatedCriteria;
      const own = { ...correlated, polarity: inside, depth };
      return [own, ...(nested ? membersOf(nested, inside, depth + 1) : [])];
    }),
    ...group.Groups.flatMap((inner) => membersOf(inner, polarity, depth)),
  ];
}

function startsAfterIndex({ StartWindow: window }: CorrelatedCriterion): boolean {
  const start = window?.Start;
  return start?.Days !== undefined && start.Days * start.Coeff >= 0 && !window?.UseEventEnd;
}

/** The day before which no event of an entry criterion starts. */
function firstDay({ filters }: Criterion): number {
  const lows = filters.flatMap((filter) =>
    filter.kind === 'dates' && filter.of === 'start' && !filter.range.Op.startsWith('!')
      ? sidesOf(filter.range).flatMap(([side, day]) => (side === 'low' ? [day] : []))
      : [],
  );
  return Math.max(Number.NEGATIVE_INFINITY, ...lows);
}

function isSince(filter: Filter, first: number): boolean {
  if (filter.kind !== 'dates' || filter.of !== 'start') return false;
  const sides: readonly (readonly [Bound['side'], number])[] = sidesOf(filter.range);
  return sides.every(([side, day]) => side === 'low' && day <= first);
}
