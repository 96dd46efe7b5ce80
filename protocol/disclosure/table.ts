import type { Link, RawCell, RawCells } from '../cell.ts';
import { MoimError } from '../errors.ts';
import type { LinearProgram } from './linear.ts';
import type { DisclosureRule } from './rule.ts';

/** One link by position: total − Σ parts lies in [low, high]. */
export interface Row {
  readonly total: number;
  readonly parts: readonly number[];
  readonly low: number;
  readonly high: number;
}

/** Cells that hang together by links, with the known cells they touch. Sorted by id: the order of the input tells nothing. */
export interface Table {
  readonly cells: readonly RawCell[];
  readonly rows: readonly Row[];
}

/**
 * Refuses input that the rule cannot be applied to: a broken caller must not turn into a release.
 * @throws MoimError `disclosure-failed`
 */
export function checkInput(input: RawCells, rule: DisclosureRule): void {
  if (!Number.isSafeInteger(rule.minimumCell) || rule.minimumCell < 1)
    fail('the minimum cell is not a whole number of at least 1');
  const byId = new Map<string, RawCell>();
  for (const cell of input.cells) {
    if (byId.has(cell.id)) fail(`cell ${cell.id} is given twice`);
    byId.set(cell.id, cell);
    if (!isCount(cell.n) || !isCount(cell.value)) fail(`cell ${cell.id} is not a count`);
    if (cell.kind === 'persons' && cell.n !== cell.value)
      fail(`cell ${cell.id} counts persons, yet n and value differ`);
    if (cell.kind === 'rows' && (cell.n > cell.value || (cell.n === 0) !== (cell.value === 0)))
      fail(`cell ${cell.id} has more persons than rows`);
    if (cell.weight !== undefined && !(cell.weight > 0 && cell.weight <= 1000))
      fail(`cell ${cell.id} has a weight out of range`);
  }
  for (const link of input.links) {
    const value = (id: string): number => byId.get(id)?.value ?? fail(`a link names the unknown cell ${id}`);
    if (new Set([link.total, ...link.parts]).size !== link.parts.length + 1)
      fail(`the link of ${link.total} repeats a cell`);
    const rest = value(link.total) - link.parts.reduce((sum, id) => sum + value(id), 0);
    const [low, high] = slack(link);
    if (rest < low || rest > high) fail(`the link of ${link.total} does not hold`);
  }
}

/** The parts of the input that can be treated apart: known cells and released ones carry no doubt from part to part. */
export function tables(input: RawCells): Table[] {
  const cells = [...input.cells].sort((a, b) => order(a.id, b.id));
  const at = new Map(cells.map((cell, index) => [cell.id, index]));
  const position = (id: string): number => at.get(id) ?? fail(`a link names the unknown cell ${id}`);
  const parent = cells.map((_, index) => index);
  const root = (index: number): number => {
    let here = index;
    while (parent[here] !== here) here = parent[here] = parent[parent[here]!]!;
    return here;
  };
  const rows = input.links
    .map((link): Row => {
      const [low, high] = slack(link);
      return {
        total: position(link.total),
        parts: link.parts.map(position).sort((a, b) => a - b),
        low,
        high,
      };
    })
    .sort((a, b) => order(rowKey(a), rowKey(b)));
  const open = (row: Row) =>
    [row.total, ...row.parts].filter((index) => cells[index]!.visibility !== 'known');
  for (const row of rows) {
    const [first, ...rest] = open(row);
    for (const index of rest) parent[root(index)] = root(first!);
  }
  const groups = new Map<number, { members: Set<number>; rows: Row[] }>();
  cells.forEach((cell, index) => {
    if (cell.visibility === 'known') return;
    const group = groups.get(root(index)) ?? { members: new Set(), rows: [] };
    groups.set(root(index), group);
    group.members.add(index);
  });
  for (const row of rows) {
    const first = open(row)[0];
    if (first === undefined) continue;
    const group = groups.get(root(first))!;
    group.rows.push(row);
    for (const index of [row.total, ...row.parts]) group.members.add(index);
  }
  return [...groups.values()].map((group) => {
    const members = [...group.members].sort((a, b) => a - b);
    const local = new Map(members.map((index, here) => [index, here]));
    return {
      cells: members.map((index) => cells[index]!),
      rows: group.rows.map((row) => ({
        ...row,
        total: local.get(row.total)!,
        parts: row.parts.map((index) => local.get(index)!),
      })),
    };
  });
}

/** The links as rows of a linear program, without the bounds of the cells. */
export function linearRows(table: Table): LinearProgram['rows'] {
  return table.rows.map((row) => ({
    low: row.low,
    high: row.high,
    columns: [row.total, ...row.parts],
    factors: [1, ...row.parts.map(() => -1)],
  }));
}

/** Whole numbers beyond which no open cell is looked at: far above every total, so a cell that reaches half of it has no limit. */
export function ceiling(table: Table, k: number): number {
  const largest = table.cells.reduce((most, cell) => Math.max(most, cell.value), 0);
  return 4 * (table.cells.length + 1) * (largest + 2 * k);
}

/**
 * How much each cell would be missed: weight × (1 + length of the number in bits) × (published cells it sums up)².
 * Inner cells are cheapest, margins dearer, grand totals dearest; an alias (one total, one part) costs as its twin.
 * A step in the middle of a chain of nested counts costs a half: it is missed least and keeps bounds from both sides.
 */
export function costs(table: Table): number[] {
  const rank = table.cells.map(() => 1);
  const published = (index: number): boolean => table.cells[index]!.visibility === 'published';
  for (let round = 0; round < 6; round++) {
    for (const row of table.rows) {
      if (row.low !== 0 || row.high !== 0) continue;
      const parts = row.parts.filter(published);
      const sum = parts.reduce((total, index) => total + rank[index]!, 0);
      if (parts.length > 1) rank[row.total] = Math.min(32, Math.max(rank[row.total]!, sum));
      if (row.parts.length === 1)
        rank[row.parts[0]!] = rank[row.total] = Math.max(rank[row.total]!, rank[row.parts[0]!]!);
    }
  }
  const nested = table.rows.filter(
    (row) => published(row.total) && row.parts.length > 1 && row.parts.filter(published).length === 1,
  );
  const above = new Set(nested.map((row) => row.total));
  const below = new Set(nested.flatMap((row) => row.parts));
  return table.cells.map((cell, index) => {
    const middle = above.has(index) && below.has(index) ? 0.5 : 1;
    return (cell.weight ?? 1) * middle * (1 + cell.value.toString(2).length) * rank[index]! ** 2;
  });
}

/** Throws the one failure of disclosure control. The text names cells by id and never holds a count. */
export function fail(detail: string): never {
  throw new MoimError('disclosure-failed', detail);
}

function slack(link: Link): [low: number, high: number] {
  switch (link.relation ?? 'equal') {
    case 'equal':
      return [0, 0];
    case 'at-least':
      return [0, Number.POSITIVE_INFINITY];
    case 'at-most':
      return [Number.NEGATIVE_INFINITY, 0];
  }
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function rowKey(row: Row): string {
  return `${row.total}:${row.parts.join(',')}:${row.low}:${row.high}`;
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
