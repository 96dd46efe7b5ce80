/** One set of linked cells while the rule works on it: which cells are withheld so far, and what a reader could then learn. */

import { type Complements, openComplements } from './complement.ts';
import type { LinearSolver } from './linear.ts';
import { type Interval, openRegion, type Region } from './region.ts';
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
  readonly withheld: ReadonlySet<number>;
  readonly region: Region;
  readonly complements: Complements;
  /** How wide each cell must stay: k, or less where nothing could keep it that wide. */
  readonly needed: number[];
  /** Whether zeros are shown here that could be withheld too. */
  readonly zerosShown: boolean;
  withhold(cell: number): void;
  withholdAll(): void;
  /** Takes a withheld cell back, unless it is small or empty itself, or a cell would be narrow then. */
  giveBack(cell: number): void;
  /** Forgets the bounds that a withheld cell was given. */
  unbound(cell: number): void;
  /** What a reader could learn if everything were withheld. */
  widest(cell: number): Interval;
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
  const price = costs(table);
  const limit = ceiling(table, rule.minimumCell);
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
  const region = openRegion(table, start, solve);
  const complements = openComplements(table, everything, prices, solve);
  const needed = cells.map(() => rule.minimumCell);
  let prior: Region | undefined;

  const bound = (at: number, { low, high }: Interval): void => region.bound(at, low, high);
  const withhold = (at: number): void => {
    withheld.add(at);
    complements.withheld(at);
    bound(at, open(at));
  };
  const isSafe = (): boolean => [...sensitive, ...withheld].every((at) => region.isWide(at, needed[at]!));

  return {
    table,
    k: rule.minimumCell,
    limit,
    byCost,
    sensitive,
    withheld,
    region,
    complements,
    needed,
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
    unbound: (at) => bound(at, open(at)),
    widest(at) {
      prior ??= openRegion(table, everything, solve);
      return prior.interval(at);
    },
    isSafe,
    solved: () => region.solved() + complements.solved() + (prior?.solved() ?? 0),
    close() {
      region.close();
      complements.close();
      prior?.close();
    },
  };
}
