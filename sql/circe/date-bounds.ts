/**
 * The calendar windows that a definition may cut out of time, in days: the narrower one is, the closer a cohort comes to naming
 * persons. Judged from the safe side: where bounds stand on several dates (the start of one event, the end of another, the censor
 * window), the latest of all lower ones is held against the earliest of all upper ones, whether or not they must hold together.
 */

import { boundsOfDefinition, type FoundBounds } from '#sql/circe/date-bounds/bounds.ts';
import { type Bound, dayNumber } from '#sql/circe/date-bounds/sides.ts';
import { stretchOf } from '#sql/circe/date-bounds/stretch.ts';
import { type CalendarYears, yearCells } from '#sql/circe/date-bounds/years.ts';
import type { CohortExpression } from '#sql/circe/expression.ts';

export interface DateWindow {
  /** Where its bounds stand. */
  readonly path: string;
  /** First and last day within; the last is before the first where the bounds leave none. */
  readonly from: string;
  readonly to: string;
  /** How many days those are at the fewest; 0 where the bounds leave none. */
  readonly days: number;
}

/**
 * Every window bounded below; one without an upper bound ends at `today` (`YYYY-MM-DD`), since nothing was recorded after it. A
 * definition bounded above alone reaches back for ever and has none. Where calendar `years` of the index date are told apart besides,
 * what each of them leaves of the definition's own windows as well.
 */
export function dateWindows(
  expression: CohortExpression,
  today: string,
  years?: CalendarYears,
): readonly DateWindow[] {
  const found = boundsOfDefinition(expression);
  const stretch = stretchOf(expression);
  const within = (more: readonly Bound[]) =>
    windowsWithin({ ...found, bounds: [...found.bounds, ...more] }, stretch, today);
  return [[], ...(years ? yearCells(years, dayNumber(today)) : [])].flatMap(within);
}

function windowsWithin(
  found: FoundBounds,
  stretch: ReturnType<typeof stretchOf>,
  today: string,
): readonly DateWindow[] {
  const { bounds } = found;
  const shift = ({ subject }: Bound) =>
    subject === 'index-start' ? 0 : stretch.length + (subject === 'other' ? stretch.reach : 0);
  const lows = bounds.filter(({ side }) => side === 'low');
  const highs = bounds.filter(({ side }) => side === 'high');
  // What must be followed by so many days cannot begin within them.
  const last = dayNumber(today) - stretch.after;
  const windows = [
    ...found.inverted.map(({ path, from, to }) => windowOf(path, from, to, 0)),
    ...periodWindows(found, last),
    ...lows.map((low) => {
      const to = Math.max(last, low.day);
      return windowOf(low.path, low.day, to, to - low.day + 1 - shift(low));
    }),
  ];
  windows.push(...nearBounds([...bounds, ...found.unbinding]));
  // Of one and the same date that tells everything: bounds that exclude each other leave nothing.
  if (bounds.every(({ subject }) => subject === 'index-start')) return windows;
  const latest = furthest(lows, (low) => low.day + shift(low));
  const earliest = furthest(highs, (high) => shift(high) - high.day);
  if (latest && earliest) windows.push(between(latest, earliest, shift(latest) + shift(earliest)));
  return windows;
}

/** From each bound to the next, whichever way they look: whatever is told apart by any of them lies between two. */
function nearBounds(bounds: readonly Bound[]): DateWindow[] {
  const begins = ({ side, day }: Bound) => (side === 'low' ? day : day + 1);
  const sorted = bounds.toSorted((one, other) => begins(one) - begins(other));
  return sorted.flatMap((bound, i) => {
    const next = sorted[i + 1];
    if (next === undefined || begins(next) === begins(bound)) return [];
    return [windowOf(pathOf(bound, next), begins(bound), begins(next) - 1, begins(next) - begins(bound))];
  });
}

/** A period of the definition's own makes its first day everybody's date: with anything that compares dates it asks of that one day. */
function periodWindows({ periods, bounds, compares }: FoundBounds, last: number): DateWindow[] {
  return periods.map(({ path, from, to }) => {
    const alone = compares === undefined && bounds.length === 0 && periods.length === 1;
    if (!alone) return windowOf(`${path} with ${compares ?? 'other dates'}`, from, to, 0);
    const end = to === Number.POSITIVE_INFINITY ? Math.max(last, from) : to;
    return windowOf(path, from, end, end - from + 1);
  });
}

function between(low: Bound, high: Bound, apart: number): DateWindow {
  return windowOf(pathOf(low, high), low.day, high.day, high.day - low.day + 1 - apart);
}

function pathOf(one: Bound, other: Bound): string {
  return one.path === other.path ? one.path : `${one.path}, ${other.path}`;
}

function windowOf(path: string, from: number, to: number, days: number): DateWindow {
  return { path, from: dayText(from), to: dayText(to), days: Math.max(0, days) };
}

/** An open side of a period is no day. */
function dayText(day: number): string {
  return Number.isFinite(day) ? new Date(day * 86_400_000).toISOString().slice(0, 10) : 'open';
}

function furthest(bounds: readonly Bound[], rank: (bound: Bound) => number): Bound | undefined {
  const [first, ...others] = bounds;
  return others.reduce((best, one) => (best !== undefined && rank(best) >= rank(one) ? best : one), first);
}
