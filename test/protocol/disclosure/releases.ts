/** Releases at random for the properties of disclosure control, and the rules to release them under. */

import fc from 'fast-check';
import type { RawCells } from '#protocol/cell.ts';
import { chain, complement, join, persons, twoWay } from './tables.ts';

const count = fc.oneof({ weight: 3, arbitrary: fc.nat(6) }, { weight: 2, arbitrary: fc.nat(30) });
export const rule = fc.record({ minimumCell: fc.constantFrom(2, 3, 5, 7), showZero: fc.boolean() });
const grid = fc
  .tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }))
  .chain(([rows, columns]) =>
    fc.array(fc.array(count, { minLength: columns, maxLength: columns }), {
      minLength: rows,
      maxLength: rows,
    }),
  );
const steps = fc.array(count, { minLength: 0, maxLength: 4 });

/** Nested counts that end in `last`, each larger by one of `more`. */
function nested(more: readonly number[], last: number): number[] {
  const counts = [last];
  for (const step of more) counts.push(counts.at(-1)! + step);
  return counts.reverse();
}

/** A cohort: attrition steps down to a table by sex and age, within a hospital of known size or not. */
const cohort = fc.tuple(grid, steps, fc.option(count)).map(([counts, more, others]): RawCells => {
  const table = twoWay(counts);
  const total = counts.flat().reduce((sum, value) => sum + value, 0);
  const attrition = chain(nested(more, total), 's', 't');
  const first = nested(more, total)[0]!;
  return others === null
    ? join(table, attrition)
    : join(table, attrition, complement(first + others, 's0', first));
});

/** Two cohorts that split the same persons: overlapping totals, not a table of two ways. */
const cube = fc.array(count, { minLength: 8, maxLength: 8 }).map((values): RawCells => {
  const margin = (axis: number, side: number) =>
    values.flatMap((_, at) => (((at >> axis) & 1) === side ? [`v${at}`] : []));
  const edges = [0, 1, 2].flatMap((axis) =>
    [0, 1].map((side) => ({ id: `m${axis}-${side}`, parts: margin(axis, side) })),
  );
  const value = (id: string) => values[Number(id.slice(1))]!;
  const sum = (parts: string[]) => parts.reduce((total, id) => total + value(id), 0);
  return {
    cells: [
      ...values.map((at, index) => persons(`v${index}`, at)),
      ...edges.map(({ id, parts }) => persons(id, sum(parts))),
    ],
    links: edges.map(({ id, parts }) => ({ total: id, parts })),
  };
});

/** Persons by group with the rows behind them. */
const withRows = fc
  .array(fc.tuple(count, fc.nat(9)), { minLength: 1, maxLength: 4 })
  .map((groups): RawCells => {
    const rows = groups.map(([n, more]) => (n === 0 ? 0 : n + more));
    const people = groups.reduce((sum, [n]) => sum + n, 0);
    const all = rows.reduce((sum, value) => sum + value, 0);
    return {
      cells: [
        ...groups.map(([n], at) => persons(`g${at}`, n)),
        ...groups.map(([n], at) => ({
          id: `w${at}`,
          kind: 'rows' as const,
          visibility: 'published' as const,
          n,
          value: rows[at]!,
        })),
        persons('t', people),
        { id: 'w', kind: 'rows', visibility: 'published', n: people, value: all },
      ],
      links: [
        { total: 't', parts: groups.map((_, at) => `g${at}`) },
        { total: 'w', parts: groups.map((_, at) => `w${at}`) },
        { total: 'w', parts: ['t'], relation: 'at-least' },
        ...groups.map((_, at) => ({ total: `w${at}`, parts: [`g${at}`], relation: 'at-least' as const })),
      ],
    };
  });

/** Small releases of every shape the analyses make. */
export const anything = fc.oneof({ weight: 3, arbitrary: cohort }, cube, withRows);
