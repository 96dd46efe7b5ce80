/**
 * Version 1 of the rule. In each set of cells that hang together:
 *
 * 1. withhold the sensitive cells that would be sent;
 * 2. for each sensitive cell (sent or derived) and each withheld one, cheapest first: while a reader can narrow it
 *    to less than k, withhold the cheapest complement. Withholding more only widens, so this is done once a cell and ends;
 * 3. release again what turns out not to be needed, dearest first;
 * 4. give the withheld cells bounds: what a reader can work out anyway. A top cell (nothing sent sums it up) would have
 *    no useful upper bound: it gets one by a grid of steps of k, 2k, 4k …, the first that leaves every cell k wide.
 *
 * Where zeros are shown a reader knows that a withheld cell is at least 1. If that alone would give a small cell away,
 * the zeros of that set of cells are withheld too. What a hospital's known numbers give away before any release (a
 * hospital of three persons) no release can hide: there the cell must stay as wide as it was, and its bounds are k wide.
 */

import type { RawCells, ReleasedCell } from '../cell.ts';
import { openComplements } from './complement.ts';
import type { LinearSolver } from './linear.ts';
import { type Interval, openRegion, type Region } from './region.ts';
import { type DisclosureRule, isSensitive } from './rule.ts';
import { ceiling, checkInput, costs, fail, type Table, tables } from './table.ts';

export interface Protected {
  /** The published cells, in the order they were given. */
  readonly cells: readonly ReleasedCell[];
  /** How many linear programs it took. */
  readonly solved: number;
}

/**
 * Applies the rule to the cells of one release.
 * @throws MoimError `disclosure-failed` where the input is not what it says it is, or the solver fails: nothing leaves then.
 */
export function protect(input: RawCells, rule: DisclosureRule, solve: LinearSolver): Protected {
  checkInput(input, rule);
  const bounds = new Map<string, Interval>();
  let solved = 0;
  for (const table of tables(input)) {
    if (!table.cells.some((cell) => isSensitive(cell, rule))) continue;
    const attempt = protectTable(table, rule, rule.showZero, solve) ?? protectTable(table, rule, false, solve);
    if (attempt === undefined) return fail('a set of cells could not be made safe');
    solved += attempt.solved;
    for (const [id, interval] of attempt.bounds) bounds.set(id, interval);
  }
  const cells = input.cells.flatMap((cell): ReleasedCell[] => {
    const { id, kind, value } = cell;
    if (cell.visibility !== 'published') return [];
    const withheld = bounds.get(id);
    if (withheld !== undefined) return [{ id, kind, state: 'suppressed', low: withheld.low, high: withheld.high }];
    return [value === 0 ? { id, kind, state: 'zero', value } : { id, kind, state: 'value', value }];
  });
  return { cells, solved };
}

/** Undefined where showing zeros gives a small cell away whatever else is withheld. */
function protectTable(
  table: Table,
  rule: DisclosureRule,
  showZero: boolean,
  solve: LinearSolver,
): { bounds: Map<string, Interval>; solved: number } | undefined {
  const k = rule.minimumCell;
  const price = costs(table);
  const limit = ceiling(table, k);
  const byCost = table.cells.map((_, at) => at).sort((a, b) => price[a]! - price[b]! || a - b);
  const isShownZero = (at: number): boolean => showZero && table.cells[at]!.value === 0;
  const mayWithhold = (at: number): boolean => table.cells[at]!.visibility === 'published' && !isShownZero(at);
  const fixed = (at: number): Interval => ({ low: table.cells[at]!.value, high: table.cells[at]!.value });
  const open = (at: number): Interval => {
    const { visibility } = table.cells[at]!;
    if (visibility === 'known' || (visibility === 'published' && isShownZero(at))) return fixed(at);
    return { low: visibility === 'published' && showZero ? 1 : 0, high: limit };
  };

  const everything = table.cells.map((_, at) => open(at));
  const sensitive = byCost.filter((at) => isSensitive(table.cells[at]!, rule));
  // Where zeros had to go for the sake of others, every zero that would be sent goes: a shown one would say "at least 1".
  const first = byCost.filter((at) => mayWithhold(at) && (sensitive.includes(at) || table.cells[at]!.value === 0));
  const withheld = new Set(first);
  const start = table.cells.map((cell, at) => (cell.visibility === 'published' && !withheld.has(at) ? fixed(at) : open(at)));
  const region = openRegion(table, start, solve);
  const complements = openComplements(
    table,
    everything,
    price.map((cost, at) => (mayWithhold(at) && !withheld.has(at) ? cost : 0)),
    solve,
  );
  let prior: Region | undefined;

  const needed = table.cells.map(() => k);
  const withhold = (at: number): void => {
    withheld.add(at);
    complements.withheld(at);
    const interval = open(at);
    region.bound(at, interval.low, interval.high);
  };
  const isSafe = (): boolean => [...sensitive, ...withheld].every((at) => region.isWide(at, needed[at]!));

  try {
    const done = new Set<number>();
    const next = (): number | undefined =>
      sensitive.find((at) => !done.has(at)) ?? byCost.find((at) => withheld.has(at) && !done.has(at));
    for (let at = next(); at !== undefined; at = next()) {
      while (!region.isWide(at, needed[at]!)) {
        let add = complements.propose(at, needed[at]!);
        if (add === undefined) {
          prior ??= openRegion(table, everything, solve);
          const widest = prior.interval(at);
          if (widest.high - widest.low < k && showZero) return undefined;
          needed[at] = Math.min(k, widest.high - widest.low);
          add = complements.propose(at, needed[at]!) ?? [];
        }
        const before = withheld.size;
        for (const cell of add) withhold(cell);
        // A fraction of a table may have promised more than whole numbers keep: then everything goes, which is as wide as can be.
        if (withheld.size === before && !region.isWide(at, needed[at]!)) {
          for (const cell of byCost) if (mayWithhold(cell)) withhold(cell);
          if (!region.isWide(at, needed[at]!)) return showZero ? undefined : fail('a cell stays too narrow with everything withheld');
        }
      }
      done.add(at);
    }

    for (const at of [...byCost].reverse()) {
      if (!withheld.has(at) || first.includes(at)) continue;
      withheld.delete(at);
      region.bound(at, table.cells[at]!.value, table.cells[at]!.value);
      if (!isSafe()) withhold(at);
    }

    const summed = new Set(
      table.rows.flatMap((row) => (table.cells[row.total]!.visibility === 'published' ? row.parts : [])),
    );
    const kept = byCost.filter((at) => withheld.has(at));
    const dearest = [...kept].reverse();
    for (const at of dearest) if (!summed.has(at)) stepDown(at);
    for (const at of dearest) if (region.interval(at).high > limit / 2) stepDown(at);

    const bounds = new Map<string, Interval>();
    for (const at of kept) {
      const { low, high } = region.interval(at);
      const { id, value } = table.cells[at]!;
      if (value < low || value > high || high > limit / 2) return fail(`cell ${id} has no bounds`);
      bounds.set(id, { low, high: Math.max(high, low + k) });
    }
    return { bounds, solved: region.solved() + complements.solved() + (prior?.solved() ?? 0) };
  } finally {
    region.close();
    complements.close();
    prior?.close();
  }

  /** Narrows a top cell to one step of the finest grid that leaves every cell wide enough. */
  function stepDown(at: number): void {
    const was = region.interval(at);
    for (let step = k; ; step *= 2) {
      const to = stepOf(table.cells[at]!.value, table.cells[at]!.kind, was, step, limit);
      if (to === undefined) return;
      region.bound(at, to.low, to.high);
      if (isSafe()) return;
      const interval = open(at);
      region.bound(at, interval.low, interval.high);
    }
  }
}

/**
 * The step of a grid of width `step`, laid from the least the cell can be; the last step takes the remainder, so a
 * total close to a known number is bounded from that side. Rows are only ever bounded by [least, least + step]: a step
 * around them could tell almost exactly how many rows one person has. Undefined where a step would be the whole range.
 */
function stepOf(value: number, kind: 'persons' | 'rows', range: Interval, step: number, limit: number): Interval | undefined {
  const endless = range.high > limit / 2;
  if (!endless && range.high - range.low < 2 * step) return undefined;
  const place = Math.max(0, Math.ceil((value - range.low) / step) - 1);
  if (kind === 'rows') {
    return place === 0 ? { low: range.low, high: range.low + step } : stepOf(value, kind, range, step * 2, limit);
  }
  if (endless) return { low: range.low + place * step, high: range.low + (place + 1) * step };
  const last = Math.floor((range.high - range.low) / step) - 1;
  return place >= last
    ? { low: range.low + last * step, high: range.high }
    : { low: range.low + place * step, high: range.low + (place + 1) * step };
}
