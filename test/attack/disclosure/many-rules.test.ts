/**
 * A release is safe by itself, not beside another of the same table: under each minimum cell other cells are withheld and
 * other bounds sent, and what all of them leave open is little. The rule cannot help this, it sees one release. This attack
 * is why a hospital keeps a ledger and answers the same table under one rule only.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadSolver } from '#node/disclosure/solver.ts';
import type { RawCell, ReleasedCell } from '#protocol/cell.ts';
import { audit } from '#protocol/disclosure/audit.ts';
import { protect } from '#protocol/disclosure/protect.ts';
import { countCells } from '#sql/analysis/count/cells.ts';
import { openReader, stolen } from './reader.ts';

const solve = await loadSolver();
const minimumCells = [5, 6, 7, 8, 10, 12, 15];
const strata = [57, 4, 57, 61, 37, 0, 9, 7].map((persons, at) => ({
  genderConceptId: at < 4 ? 8532 : 8507,
  band: 2 + (at % 4),
  persons,
}));
const persons = strata.reduce((sum, row) => sum + row.persons, 0);
const table = countCells({
  persons,
  rows: persons + 50,
  repeatPersons: 20,
  population: persons + 5000,
  strata,
  entryPersons: persons,
  rulePersons: [],
});
const isSmall = (cell: RawCell): boolean => cell.visibility === 'published' && cell.n > 0 && cell.n < 5;
const under = (minimumCell: number): readonly ReleasedCell[] =>
  protect(table, { minimumCell, showZero: true }, solve).cells;

test('one rule at a time gives no small number away', () => {
  for (const minimumCell of minimumCells) {
    const release = under(minimumCell);
    assert.deepEqual(audit(table, release, { minimumCell, showZero: true }, solve), []);
    assert.deepEqual(stolen(table, { releases: [release] }, isSmall, minimumCell, solve), []);
  }
});

test('the same table under seven rules gives small numbers away exactly, which is why there is a ledger', () => {
  const reader = openReader(table, { releases: minimumCells.map(under) }, solve);
  try {
    const widths = table.cells.filter(isSmall).map(({ id }) => [id, reader.width(id)]);
    assert.deepEqual(widths, [
      ['sex:f/age:30-39', 0],
      ['age:30-39', 0],
    ]);
  } finally {
    reader.close();
  }
});

test('the same table under the same rule twice tells nothing new', () => {
  assert.deepEqual(stolen(table, { releases: [under(5), under(5)] }, isSmall, 5, solve), []);
});
