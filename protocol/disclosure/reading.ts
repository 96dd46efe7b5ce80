/**
 * One way to read a release: what a reader is assumed to hold besides it. There are two.
 *
 * - `ordinary`: the links and the known numbers, and "at least 1" of withheld cells where zeros are shown.
 * - `knowsZeros`: that, and every cell that is truly empty, sent or derived. A definition itself forces zeros (an age
 *   limit empties bands, a rule that drops nobody empties a step), so an empty cell must never be the cover of a small one.
 */

import { type Complements, openComplements } from './complement.ts';
import type { LinearSolver } from './linear.ts';
import { type Interval, openRegion, type Region } from './region.ts';
import type { Table } from './table.ts';

export interface Reading {
  readonly region: Region;
  /** How wide each cell must stay: k, or less where nothing could keep it that wide. */
  readonly needed: number[];
  /** Sets what is held of a cell; a zero known to be one stays one. */
  bound(cell: number, interval: Interval): void;
  isSafe(cell: number): boolean;
  /** Cells to withhold so that `cell` becomes wide enough; undefined where nothing achieves that. */
  propose(cell: number): number[] | undefined;
  /** From now on the cell is withheld and costs nothing. */
  withheld(cell: number): void;
  /** What this reader could learn if everything were withheld. */
  widest(cell: number): Interval;
  solved(): number;
  close(): void;
}

export interface ReadingOptions {
  readonly table: Table;
  readonly k: number;
  /** What holds of each cell if everything is withheld, and what holds at the start. */
  readonly everything: readonly Interval[];
  readonly start: readonly Interval[];
  /** What it costs to withhold a cell; 0 where it is withheld already. */
  readonly prices: readonly number[];
  readonly knowsZeros: boolean;
  readonly solve: LinearSolver;
}

export function openReading(options: ReadingOptions): Reading {
  const { table, k, knowsZeros, solve } = options;
  const fixZeros = (intervals: readonly Interval[]): Interval[] =>
    intervals.map((interval, at) => (isFixed(at) ? { low: 0, high: 0 } : interval));
  const isFixed = (at: number): boolean => knowsZeros && table.cells[at]!.value === 0;
  const everything = fixZeros(options.everything);
  const prices = [...options.prices];
  const region = openRegion(table, fixZeros(options.start), solve);
  const needed = table.cells.map(() => k);
  // Most often the second reading finds everything wide: its program of complements is opened when first needed.
  let complements: Complements | undefined;
  let prior: Region | undefined;

  return {
    region,
    needed,
    bound(cell, { low, high }) {
      if (!isFixed(cell)) region.bound(cell, low, high);
    },
    isSafe: (cell) => region.isWide(cell, needed[cell]!),
    propose(cell) {
      complements ??= openComplements(table, everything, prices, solve);
      return complements.propose(cell, needed[cell]!);
    },
    withheld(cell) {
      prices[cell] = 0;
      complements?.withheld(cell);
    },
    widest(cell) {
      prior ??= openRegion(table, everything, solve);
      return prior.interval(cell);
    },
    solved: () => region.solved() + (complements?.solved() ?? 0) + (prior?.solved() ?? 0),
    close() {
      region.close();
      complements?.close();
      prior?.close();
    },
  };
}
