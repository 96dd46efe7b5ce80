/**
 * Version 1 of the rule. In each set of cells that hang together:
 *
 * 1. withhold the sensitive cells that would be sent;
 * 2. for each sensitive cell (sent or derived) and each withheld one, cheapest first: while a reader can narrow it
 *    to less than k, withhold the cheapest complement. Withholding more only widens, so this is done once a cell and ends.
 *    The same for each small cell against a reader who knows which cells are empty (reading.ts), zeros shown or not;
 * 3. give back what turns out not to be needed, dearest first;
 * 4. give the withheld cells bounds (bounds.ts).
 *
 * Where zeros are shown a reader knows that a withheld cell is at least 1. If the zeros shown would give a small cell
 * away, the zeros of that set of cells are withheld too. What known numbers, and the choice to show zeros, give away
 * whatever is withheld (a hospital of three persons) no release can hide: there the cell must stay as wide as that, and
 * the bounds sent are k wide all the same.
 *
 * Sums that no link names need no care of their own: a sum of cells that a reader knows to be s bounds each of its
 * parts by s, so a sum below k would leave its parts narrow, and they are sensitive themselves.
 */

import type { RawCells, ReleasedCell } from '../cell.ts';
import { boundsOf } from './bounds.ts';
import type { LinearSolver } from './linear.ts';
import type { Reading } from './reading.ts';
import type { Interval } from './region.ts';
import { type DisclosureRule, isSensitive } from './rule.ts';
import { openSearch, type Search } from './search.ts';
import { checkInput, fail, type Table, tables } from './table.ts';

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
    const done = protectTable(table, rule, rule.showZero, solve) ?? protectTable(table, rule, false, solve);
    if (done === undefined) return fail('a set of cells could not be made safe');
    solved += done.solved;
    for (const [id, interval] of done.bounds) bounds.set(id, interval);
  }
  const cells = input.cells.flatMap((cell): ReleasedCell[] => {
    const { id, kind, value } = cell;
    if (cell.visibility !== 'published') return [];
    const withheld = bounds.get(id);
    if (withheld !== undefined)
      return [{ id, kind, state: 'suppressed', low: withheld.low, high: withheld.high }];
    return [value === 0 ? { id, kind, state: 'zero', value } : { id, kind, state: 'value', value }];
  });
  return { cells, solved };
}

/** Undefined where the zeros shown give a small cell away whatever else is withheld. */
function protectTable(
  table: Table,
  rule: DisclosureRule,
  showZero: boolean,
  solve: LinearSolver,
): { bounds: Map<string, Interval>; solved: number } | undefined {
  const search = openSearch(table, rule, showZero, solve);
  try {
    if (!widenAll(search)) return undefined;
    for (const at of [...search.byCost].reverse()) if (search.withheld.has(at)) search.giveBack(at);
    return { bounds: boundsOf(search), solved: search.solved() };
  } finally {
    search.close();
  }
}

/** Withholds complements until every sensitive and every withheld cell is wide. False where zeros must be withheld too. */
function widenAll(search: Search): boolean {
  const { ordinary, knowsZeros, small } = search;
  // The stricter reading goes first: what keeps a cell wide there keeps it wide in the other.
  if (knowsZeros !== undefined) for (const at of small) widen(search, knowsZeros, at);
  const done = new Set<number>();
  const next = (): number | undefined =>
    search.sensitive.find((at) => !done.has(at)) ??
    search.byCost.find((at) => search.withheld.has(at) && !done.has(at));
  for (let at = next(); at !== undefined; at = next()) {
    if (widen(search, ordinary, at) < search.k && search.zerosShown) return false;
    done.add(at);
  }
  return true;
}

/** Gives how wide the cell is kept: k, or as wide as it is with everything withheld. */
function widen(search: Search, reading: Reading, at: number): number {
  const { withheld, k } = search;
  const { region, needed } = reading;
  const asWideAs = ({ low, high }: Interval): void => {
    needed[at] = Math.min(k, high - low);
  };
  while (!reading.isSafe(at)) {
    let add = reading.propose(at);
    if (add === undefined) {
      asWideAs(reading.widest(at));
      // Withholding the zeros as well comes before settling for less.
      if (needed[at]! < k && reading === search.ordinary && search.zerosShown) break;
      add = reading.propose(at) ?? [];
    }
    const before = withheld.size;
    for (const cell of add) search.withhold(cell);
    if (withheld.size > before || reading.isSafe(at)) continue;
    // Fractions may promise what whole numbers do not keep: then everything goes, and nothing could be wider.
    search.withholdAll();
    asWideAs(region.interval(at));
  }
  return needed[at]!;
}
