/** One set of linked cells while the rule works on it: which cells are withheld so far, and what a reader could then learn. */

import type { LinearSolver } from './linear.ts';
import { openReading, type Reading } from './reading.ts';
import type { Interval } from './region.ts';
import { type DisclosureRule, isSensitive } from './rule.ts';
import { ceiling, costs, type Table } from './table.ts';

export interface Search {
  readonly table: Table;
  readonly k: number;
  /** An interval that reaches beyond half of it has no upper end. */
  readonly limit: number;
  /** Cells by position, cheapest first, then by id. */
  readonly byCost: readonly number[];
  /** Cells that must not be learnt, sent or derived. */
  readonly sensitive: readonly number[];
  /** Those of them that are not empty: a reader who knows the zeros must not learn them either. */
  readonly small: readonly number[];
  readonly withheld: ReadonlySet<number>;
  readonly ordinary: Reading;
  /** Undefined where there is no zero that the ordinary reader does not know. */
  readonly knowsZeros: Reading | undefined;
  /** Whether zeros are shown here that could be withheld too. */
  readonly zerosShown: boolean;
  withhold(cell: number): void;
  withholdAll(): void;
  /** Takes a withheld cell back, unless it is small or empty itself, or a cell would be narrow then. */
  giveBack(cell: number): void;
  /** Sets the bounds that a withheld cell is sent with; without bounds, forgets them. */
  bound(cell: number, interval?: Interval): void;
  isSafe(): boolean;
  solved(): number;
  close(): void;
}

/** Starts with the sensitive cells withheld, and the empty ones unless zeros are shown. */
export function openSearch(
  table: Table,
  rule: DisclosureRule,
  showZero: boolean,
  solve: LinearSolver,
): Search {
  const { cells } = table;
  const k = rule.minimumCell;
  const price = costs(table);
  const limit = ceiling(table, k);
  const byCost = cells.map((_, at) => at).sort((a, b) => price[a]! - price[b]! || a - b);
  const isPublished = (at: number): boolean => cells[at]!.visibility === 'published';
  const isShownZero = (at: number): boolean => showZero && isPublished(at) && cells[at]!.value === 0;
  const mayWithhold = (at: number): boolean => isPublished(at) && !isShownZero(at);
  const fixed = (at: number): Interval => ({ low: cells[at]!.value, high: cells[at]!.value });
  const open = (at: number): Interval => {
    if (cells[at]!.visibility === 'known' || isShownZero(at)) return fixed(at);
    return { low: isPublished(at) && showZero ? 1 : 0, high: limit };
  };

  const sensitive = byCost.filter((at) => isSensitive(cells[at]!, rule));
  const small = sensitive.filter((at) => cells[at]!.n > 0);
  // Where zeros had to go for the sake of others, every one goes: one that is shown would say "at least 1" of the rest.
  const first = new Set(
    byCost.filter((at) => mayWithhold(at) && (isSensitive(cells[at]!, rule) || cells[at]!.value === 0)),
  );
  const withheld = new Set(first);
  const everything = cells.map((_, at) => open(at));
  const start = everything.map((interval, at) =>
    isPublished(at) && !withheld.has(at) ? fixed(at) : interval,
  );
  const prices = price.map((cost, at) => (mayWithhold(at) && !withheld.has(at) ? cost : 0));
  const options = { table, k, everything, start, prices, solve };
  const ordinary = openReading({ ...options, knowsZeros: false });
  const hidesZero = cells.some(({ value }, at) => value === 0 && everything[at]!.high > 0);
  const knowsZeros =
    hidesZero && small.length > 0 ? openReading({ ...options, knowsZeros: true }) : undefined;
  const readings = knowsZeros === undefined ? [ordinary] : [ordinary, knowsZeros];

  const bound = (at: number, interval = open(at)): void => {
    for (const reading of readings) reading.bound(at, interval);
  };
  const withhold = (at: number): void => {
    withheld.add(at);
    for (const reading of readings) reading.withheld(at);
    bound(at);
  };
  const isSafe = (): boolean =>
    (knowsZeros === undefined || small.every(knowsZeros.isSafe)) &&
    [...sensitive, ...withheld].every(ordinary.isSafe);

  return {
    table,
    k,
    limit,
    byCost,
    sensitive,
    small,
    withheld,
    ordinary,
    knowsZeros,
    zerosShown: cells.some((_, at) => isShownZero(at)),
    withhold,
    withholdAll() {
      for (const at of byCost) if (mayWithhold(at)) withhold(at);
    },
    giveBack(at) {
      if (first.has(at)) return;
      withheld.delete(at);
      bound(at, fixed(at));
      if (!isSafe()) withhold(at);
    },
    bound,
    isSafe,
    solved: () => readings.reduce((sum, reading) => sum + reading.solved(), 0),
    close() {
      for (const reading of readings) reading.close();
    },
  };
}
