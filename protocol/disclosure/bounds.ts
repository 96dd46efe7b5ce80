/**
 * The bounds that withheld cells are sent with: what a reader can work out anyway. A top cell (nothing sent sums it up)
 * would have no useful upper bound: it gets a step of a grid of k, 2k, 4k …, the finest that leaves every cell wide
 * enough. Such a step is information: it binds the region from then on, so all other bounds are worked out under it.
 */

import type { CellKind } from '../cell.ts';
import type { Interval } from './region.ts';
import type { Search } from './search.ts';
import { fail, type Row } from './table.ts';

/** Bounds of every withheld cell by id: they hold the truth and are at least k wide. @throws MoimError `disclosure-failed` */
export function boundsOf(search: Search): Map<string, Interval> {
  const { table, withheld, limit, k } = search;
  const { region } = search.ordinary;
  const isSum = (row: Row): boolean =>
    row.low === 0 && row.high === 0 && table.cells[row.total]!.visibility === 'published';
  const summed = new Set(table.rows.flatMap((row) => (isSum(row) ? row.parts : [])));
  const dearestFirst = [...search.byCost].reverse().filter((at) => withheld.has(at));
  for (const at of dearestFirst) if (!summed.has(at)) takeStep(search, at);
  for (const at of dearestFirst) if (region.interval(at).high > limit / 2) takeStep(search, at);

  const bounds = new Map<string, Interval>();
  for (const at of dearestFirst) {
    const { low, high } = region.interval(at);
    const { id, value } = table.cells[at]!;
    if (value < low || value > high || high > limit / 2) return fail(`cell ${id} has no bounds`);
    // Where nothing could keep the cell k wide, wider bounds are sent all the same, downward first.
    const from = Math.min(low, Math.max(0, high - k));
    bounds.set(id, { low: from, high: Math.max(high, from + k) });
  }
  return bounds;
}

/** Binds a cell to one step of the finest grid that leaves every cell wide enough. */
function takeStep(search: Search, at: number): void {
  const { kind, value } = search.table.cells[at]!;
  const range = search.ordinary.region.interval(at);
  for (let width = search.k; ; width *= 2) {
    const step = stepOf(value, kind, range, width, search.limit);
    if (step === undefined) return;
    search.bound(at, step);
    if (search.isSafe()) return;
    search.bound(at);
  }
}

/**
 * The step of a grid that holds the value, laid from the least the cell can be; the last step takes the remainder, so a
 * total close to a known number is bounded from that side. Rows are only ever bounded by [least, least + width]: a step
 * around them could tell almost exactly how many rows one person has. Undefined where the grid would be a single step.
 */
function stepOf(
  value: number,
  kind: CellKind,
  range: Interval,
  width: number,
  limit: number,
): Interval | undefined {
  const steps =
    range.high > limit / 2 ? Number.POSITIVE_INFINITY : Math.floor((range.high - range.low) / width);
  if (steps < 2) return undefined;
  const place = Math.max(0, Math.ceil((value - range.low) / width) - 1);
  if (kind === 'rows' && place > 0) return stepOf(value, kind, range, width * 2, limit);
  if (place >= steps - 1) return { low: range.low + (steps - 1) * width, high: range.high };
  return { low: range.low + place * width, high: range.low + (place + 1) * width };
}
