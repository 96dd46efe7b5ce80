/**
 * Where zeros are hidden, those that the cohort's own definition forces are no secret: with an age limit eight of ten bands
 * are empty, and whoever wrote the limit knows it. They must not be what covers a small number.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { loadSolver } from '#node/disclosure/solver.ts';
import type { RawCell, ReleasedCell } from '#protocol/cell.ts';
import { audit } from '#protocol/disclosure/audit.ts';
import { protect } from '#protocol/disclosure/protect.ts';
import { isSensitive } from '#protocol/disclosure/rule.ts';
import { countCells } from '#sql/analysis/count/cells.ts';
import { twoWay } from '#test/protocol/disclosure/tables.ts';
import { counts } from './counts.ts';
import { stolen } from './reader.ts';

const solve = await loadSolver();
const hidden = { minimumCell: 5, showZero: false };
const small = (cell: RawCell): boolean => cell.n > 0 && isSensitive(cell, hidden);
const none = (): boolean => false;
const isOutside = ({ id }: RawCell): boolean => /age:/.test(id) && !/age:(20-29|30-39)/.test(id);

test('a table that hides a small cell behind an empty column alone gives it to who knows the column empty', () => {
  const table = twoWay([
    [2, 6, 0],
    [21, 6, 0],
  ]);
  const sent = ['c1-1', 'r0', 'r1', 'k0', 't'];
  const release = table.cells.map(
    ({ id, kind, value }): ReleasedCell =>
      sent.includes(id)
        ? { id, kind, state: 'value', value }
        : { id, kind, state: 'suppressed', low: 0, high: 35 },
  );
  const empty = ({ id }: RawCell): boolean => /^(c.-2|k2)$/.test(id);
  assert.deepEqual(stolen(table, { releases: [release], empty: none }, small, 5, solve), []);
  assert.deepEqual(stolen(table, { releases: [release], empty }, small, 5, solve), ['c0-0']);
  assert.deepEqual(
    audit(table, release, hidden, solve).map(({ id }) => id),
    ['c0-0'],
  );
  const { cells } = protect(table, hidden, solve);
  assert.deepEqual(stolen(table, { releases: [cells], empty }, small, 5, solve), []);
});

test('the two bands that an age limit leaves keep their small numbers', () => {
  const raw = countCells({
    persons: 35,
    rows: 35,
    repeatPersons: 0,
    population: 73,
    strata: [2, 6, 21, 6].map((persons, at) => ({
      genderConceptId: at < 2 ? 8532 : 8507,
      band: 2 + (at % 2),
      persons,
    })),
    entryPersons: 35,
    rulePersons: [],
  });
  const { cells } = protect(raw, hidden, solve);
  for (const empty of [none, isOutside, ({ value }: RawCell) => value === 0])
    assert.deepEqual(stolen(raw, { releases: [cells], empty }, small, 5, solve), []);
  assert.deepEqual(audit(raw, cells, hidden, solve), []);
});

const shapes = [
  { name: 'by age', bands: [2, 3], sexes: [8532, 8507], repeats: true },
  { name: 'by age, one row a person', bands: [2, 3], sexes: [8532, 8507], repeats: false },
  { name: 'by sex', bands: [1, 2, 3, 4, 5, 6], sexes: [8532], repeats: true },
  { name: 'by nothing', bands: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], sexes: [8532, 8507], repeats: true },
];

for (const { name, ...shape } of shapes) {
  for (const showZero of [false, true]) {
    test(`a reader who knows which cells are empty gains no small number of a cohort limited ${name}, zeros ${showZero ? 'shown' : 'hidden'}`, () => {
      const rule = { minimumCell: 5, showZero };
      fc.assert(
        fc.property(counts(shape), (cohort) => {
          const raw = countCells(cohort);
          const { cells } = protect(raw, rule, solve);
          assert.deepEqual(audit(raw, cells, rule, solve), []);
          for (const empty of [none, ({ value }: RawCell) => value === 0])
            assert.deepEqual(stolen(raw, { releases: [cells], empty }, small, 5, solve), []);
        }),
        { numRuns: 20 },
      );
    });
  }
}
