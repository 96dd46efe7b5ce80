/** Builders of raw cells for the tests of disclosure control. */

import type { CellVisibility, Link, RawCell, RawCells, ReleasedCell } from '#protocol/cell.ts';

export function persons(id: string, value: number, visibility: CellVisibility = 'published'): RawCell {
  return { id, kind: 'persons', visibility, n: value, value };
}

export function join(...parts: readonly RawCells[]): RawCells {
  return { cells: parts.flatMap((part) => part.cells), links: parts.flatMap((part) => part.links) };
}

/** A table of two ways with both margins and the grand total `t`: inner cells `c<row>-<column>`, margins `r<row>`, `k<column>`. */
export function twoWay(counts: readonly (readonly number[])[], name = ''): RawCells {
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const columns = counts[0]!.map((_, column) => counts.map((row) => row[column]!));
  const cells = counts.flatMap((row, r) => row.map((value, c) => persons(`${name}c${r}-${c}`, value)));
  const links: Link[] = [];
  counts.forEach((row, r) => {
    cells.push(persons(`${name}r${r}`, sum(row)));
    links.push({ total: `${name}r${r}`, parts: row.map((_, c) => `${name}c${r}-${c}`) });
  });
  columns.forEach((column, c) => {
    cells.push(persons(`${name}k${c}`, sum(column)));
    links.push({ total: `${name}k${c}`, parts: column.map((_, r) => `${name}c${r}-${c}`) });
  });
  cells.push(persons(`${name}t`, sum(counts.map(sum))));
  links.push({ total: `${name}t`, parts: counts.map((_, r) => `${name}r${r}`) });
  links.push({ total: `${name}t`, parts: columns.map((_, c) => `${name}k${c}`) });
  return { cells, links };
}

/** Nested counts s0 ≥ s1 ≥ …, each step's difference derived. `end`, if given, is the cell the last count is the same as. */
export function chain(counts: readonly number[], name = 's', end?: string): RawCells {
  const cells = counts.map((value, step) => persons(`${name}${step}`, value));
  const links: Link[] = [];
  for (let step = 1; step < counts.length; step++) {
    cells.push(persons(`${name}-left${step}`, counts[step - 1]! - counts[step]!, 'derived'));
    links.push({ total: `${name}${step - 1}`, parts: [`${name}${step}`, `${name}-left${step}`] });
  }
  if (end !== undefined) links.push({ total: `${name}${counts.length - 1}`, parts: [end] });
  return { cells, links };
}

/** A known number of persons, a cell among them, and those who are not in it. */
export function complement(known: number, cell: string, value: number, name = cell): RawCells {
  return {
    cells: [persons(`${name}-all`, known, 'known'), persons(`${name}-others`, known - value, 'derived')],
    links: [{ total: `${name}-all`, parts: [cell, `${name}-others`] }],
  };
}

/** What a rule that withholds small cells alone would send. */
export function primaryOnly(input: RawCells, k: number): ReleasedCell[] {
  return input.cells.flatMap((cell): ReleasedCell[] => {
    const { id, kind, value } = cell;
    if (cell.visibility !== 'published') return [];
    if (value > 0 && cell.n < k) return [{ id, kind, state: 'suppressed', low: 0, high: k }];
    return [value === 0 ? { id, kind, state: 'zero', value } : { id, kind, state: 'value', value }];
  });
}
