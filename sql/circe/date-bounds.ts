/**
 * The calendar windows that a definition cuts out of time, in days: the narrower one is, the closer a cohort comes to naming persons.
 * Bounds that hold together are laid over each other wherever they stand, so that a window split over two rules is seen whole:
 * those of one criterion, and those on the index event (an entry criterion, every demographic criterion that must hold).
 */

import type { CohortExpression, CriteriaGroup, DateRange, Filter, Period } from '#sql/circe/expression.ts';
import { walk } from '#sql/circe/walk.ts';

export interface DateWindow {
  readonly path: string;
  /** First and last day within. */
  readonly from: string;
  readonly to: string;
  /** How many days those are; 0 where the bounds leave none. */
  readonly days: number;
}

interface Bounds {
  /** Days since 1970-01-01 of the first and last day that start and end may have. */
  readonly start: Interval;
  readonly end: Interval;
  readonly path: string | undefined;
}
interface Interval {
  readonly low: number;
  readonly high: number;
}

const open: Interval = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
const unbound: Bounds = { start: open, end: open, path: undefined };

/**
 * Every window bounded below; one without an upper bound ends at `today` (`YYYY-MM-DD`), since nothing was recorded after it. A
 * window bounded above alone reaches back for ever and is none.
 */
export function dateWindows(expression: CohortExpression, today: string): readonly DateWindow[] {
  const last = dayNumber(today);
  const windows: DateWindow[] = [];
  const add = ({ start, end, path = '$' }: Bounds) => {
    // What starts and ends within bounds lies between them, whichever of the two each bound speaks of.
    for (const { low, high } of [start, end, { low: start.low, high: end.high }]) {
      if (low === Number.NEGATIVE_INFINITY) continue;
      const to = Math.min(high, Math.max(last, low));
      windows.push({ path, from: dayText(low), to: dayText(to), days: Math.max(0, to - low + 1) });
    }
  };
  const always = conjunctive(expression);
  for (const criterion of expression.PrimaryCriteria.CriteriaList)
    add(meet(boundsOf(criterion.filters), always));
  if (always.path !== undefined) add(always);
  walk(expression, {
    criterion(criterion) {
      add(boundsOf(criterion.filters));
      if (criterion.UserDefinedPeriod)
        add(boundsOfPeriod(criterion.UserDefinedPeriod, `${criterion.path}.UserDefinedPeriod`));
    },
    demographic: ({ filters }) => add(boundsOf(filters)),
  });
  if (expression.CensorWindow) add(boundsOfPeriod(expression.CensorWindow, '$.CensorWindow'));
  return windows;
}

/** What every demographic criterion that must hold asks of the index event's dates. */
function conjunctive(expression: CohortExpression): Bounds {
  const groups = [
    ...(expression.AdditionalCriteria ? [expression.AdditionalCriteria] : []),
    ...expression.InclusionRules.map((rule) => rule.expression),
  ];
  return groups.map(boundsOfGroup).reduce(meet, unbound);
}

function boundsOfGroup(group: CriteriaGroup): Bounds {
  const { CriteriaList, DemographicCriteriaList, Groups, Type, Count } = group;
  const members = CriteriaList.length + DemographicCriteriaList.length + Groups.length;
  const all =
    Type === 'ALL' || (Type === 'AT_LEAST' && Count >= members) || (Type === 'ANY' && members === 1);
  if (!all) return unbound;
  return [
    ...DemographicCriteriaList.map(({ filters }) => boundsOf(filters)),
    ...Groups.map(boundsOfGroup),
  ].reduce(meet, unbound);
}

function boundsOf(filters: readonly Filter[]): Bounds {
  return filters
    .flatMap((filter): Bounds[] =>
      filter.kind === 'dates'
        ? [{ ...unbound, [filter.of]: intervalOf(filter.range), path: filter.path }]
        : [],
    )
    .reduce(meet, unbound);
}

function boundsOfPeriod({ StartDate, EndDate }: Period, path: string): Bounds {
  const interval = {
    low: StartDate === undefined ? open.low : dayNumber(StartDate),
    high: EndDate === undefined ? open.high : dayNumber(EndDate),
  };
  return { start: interval, end: open, path };
}

function intervalOf({ Op, Value, Extent }: DateRange): Interval {
  const day = dayNumber(Value);
  switch (Op) {
    case 'eq':
      return { low: day, high: day };
    case 'bt':
      return { low: day, high: Extent === undefined ? open.high : dayNumber(Extent) };
    case 'gt':
      return { low: day + 1, high: open.high };
    case 'gte':
      return { low: day, high: open.high };
    case 'lt':
      return { low: open.low, high: day - 1 };
    case 'lte':
      return { low: open.low, high: day };
    case '!eq':
    case '!bt':
      return open;
  }
}

const meet = (one: Bounds, other: Bounds): Bounds => ({
  start: overlap(one.start, other.start),
  end: overlap(one.end, other.end),
  path: one.path ?? other.path,
});

const overlap = (one: Interval, other: Interval): Interval => ({
  low: Math.max(one.low, other.low),
  high: Math.min(one.high, other.high),
});

const dayNumber = (date: string): number =>
  Math.round(Date.parse(`${date.slice(0, 10)}T00:00:00Z`) / 86_400_000);

function dayText(day: number): string {
  return new Date(day * 86_400_000).toISOString().slice(0, 10);
}
