/**
 * Everything a reader must still think possible: the whole-number tables that agree with the links and with the bounds
 * of every cell.
 *
 * What proves what. A linear program ranges over fractions too, so its interval is never narrower than the true one:
 * alone it can prove a cell *unsafe*, as interval propagation can, and neither can prove it safe. Safety is proved by
 * two witnesses: two tables of whole numbers, each checked here against every link and bound in exact arithmetic, in
 * which the cell differs by k or more. So no tolerance and no fault of the solver can make an unsafe cell pass. A vertex
 * of the linear program mostly is whole (tables of two ways and trees are totally unimodular); where it is not, the
 * same program is solved over whole numbers. A solver that cannot say ends the release: it fails closed.
 *
 * Witnesses are kept. One stays good for any cell while it keeps to the bounds, so most cells need no program at all,
 * and widening the bounds (withholding more) never loses one.
 */

import type { LinearAnswer, LinearSolver } from './linear.ts';
import { fail, linearRows, type Row, type Table } from './table.ts';

export interface Interval {
  readonly low: number;
  readonly high: number;
}

export interface Region {
  bound(cell: number, low: number, high: number): void;
  /** Whether two witnesses differ in the cell by at least `width`. */
  isWide(cell: number, width: number): boolean;
  /** The least and greatest whole number the cell can be. */
  interval(cell: number): Interval;
  /** How many linear programs were solved so far. */
  solved(): number;
  close(): void;
}

/** Opens the region of a table whose bounds hold the truth. @throws MoimError `disclosure-failed` */
export function openRegion(table: Table, start: readonly Interval[], solve: LinearSolver): Region {
  const truth = table.cells.map((cell) => cell.value);
  const low = start.map((interval) => interval.low);
  const high = start.map((interval) => interval.high);
  const program = solve({ low, high, rows: linearRows(table) });
  const witnesses: number[][] = [];
  let [least, most, stale] = [[...truth], [...truth], false];
  let outer: Interval[] | undefined;
  let solved = 0;

  const holds = (point: readonly number[]): boolean =>
    point.every((value, at) => value >= low[at]! && value <= high[at]!);
  const widen = (point: readonly number[]): void => {
    for (let at = 0; at < point.length; at++) {
      if (point[at]! < least[at]!) least[at] = point[at]!;
      if (point[at]! > most[at]!) most[at] = point[at]!;
    }
  };
  /** What the witnesses that keep to the present bounds show of a cell. */
  const seen = (cell: number): Interval => {
    if (stale) {
      [least, most, stale] = [[...truth], [...truth], false];
      for (const point of witnesses) if (holds(point)) widen(point);
    }
    return { low: least[cell]!, high: most[cell]! };
  };
  const propagated = (cell: number): Interval => {
    outer ??= propagate(table.rows, low, high);
    return outer[cell]!;
  };
  const extreme = (cell: number, sign: 1 | -1): number => {
    for (const whole of [false, true]) {
      solved++;
      const point = wholePoint(table.rows, program.minimize([[cell, sign]], whole));
      if (point !== undefined && holds(point)) {
        witnesses.push(point);
        widen(point);
        return point[cell]!;
      }
    }
    return fail(`the solver found no whole bound of cell ${table.cells[cell]!.id}`);
  };

  return {
    bound(cell, from, to) {
      if (low[cell] === from && high[cell] === to) return;
      low[cell] = from;
      high[cell] = to;
      [outer, stale] = [undefined, true];
      program.bound(cell, from, to);
    },
    isWide(cell, width) {
      const limit = propagated(cell);
      if (limit.high - limit.low < width) return false;
      const known = seen(cell);
      if (known.high - known.low >= width) return true;
      const top = known.high === limit.high ? known.high : extreme(cell, -1);
      if (top - known.low >= width) return true;
      return top - (known.low === limit.low ? known.low : extreme(cell, 1)) >= width;
    },
    interval(cell) {
      const limit = propagated(cell);
      const known = seen(cell);
      return {
        low: known.low === limit.low ? known.low : extreme(cell, 1),
        high: known.high === limit.high ? known.high : extreme(cell, -1),
      };
    },
    solved: () => solved,
    close: () => program.close(),
  };
}

/** The solver's point as whole numbers that keep every link exactly, or undefined. */
function wholePoint(rows: readonly Row[], answer: LinearAnswer): number[] | undefined {
  if (answer.kind !== 'optimal') return undefined;
  const point = Array.from(answer.point, (value) => Math.round(value) + 0);
  for (let at = 0; at < point.length; at++) {
    // A rounding that moves a value by more than the solver's tolerance is a fraction, not noise.
    if (!Number.isSafeInteger(point[at]) || Math.abs(point[at]! - answer.point[at]!) > 1e-4) return undefined;
  }
  for (const row of rows) {
    const rest = row.parts.reduce((sum, part) => sum - point[part]!, point[row.total]!);
    if (rest < row.low || rest > row.high) return undefined;
  }
  return point;
}

/** Bounds that follow from one link at a time, to a fixed point or 30 rounds. Outer bounds: they prove only narrowness. */
function propagate(rows: readonly Row[], low: readonly number[], high: readonly number[]): Interval[] {
  const least = [...low];
  const most = [...high];
  let moved = true;
  const tighten = (cell: number, from: number, to: number): void => {
    if (from > least[cell]!) [least[cell], moved] = [from, true];
    if (to < most[cell]!) [most[cell], moved] = [to, true];
  };
  for (let round = 0; moved && round < 30; round++) {
    moved = false;
    for (const row of rows) {
      const partsLeast = row.parts.reduce((sum, part) => sum + least[part]!, 0);
      const partsMost = row.parts.reduce((sum, part) => sum + most[part]!, 0);
      // total = Σ parts + rest, rest in [row.low, row.high]
      tighten(row.total, partsLeast + row.low, partsMost + row.high);
      for (const part of row.parts) {
        tighten(
          part,
          least[row.total]! - row.high - (partsMost - most[part]!),
          most[row.total]! - row.low - (partsLeast - least[part]!),
        );
      }
    }
  }
  return least.map((value, at) => ({ low: value, high: most[at]! }));
}
