/**
 * Where a definition keeps one row a person, rows are persons and whoever wrote the definition knows it: a number of rows
 * that is sent beside a number of persons that is withheld undoes the withholding.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { loadSolver } from '#node/disclosure/solver.ts';
import type { Link, RawCell, RawCells } from '#protocol/cell.ts';
import { audit } from '#protocol/disclosure/audit.ts';
import { protect } from '#protocol/disclosure/protect.ts';
import { type DisclosureRule, isSensitive } from '#protocol/disclosure/rule.ts';
import { countCells } from '#sql/analysis/count/cells.ts';
import type { CohortCounts } from '#sql/analysis/count/spec.ts';
import { counts } from './counts.ts';
import { stolen } from './reader.ts';

const solve = await loadSolver();
const rowsArePersons: Link = { total: 'rows', parts: ['persons'] };
const females = (...persons: number[]): CohortCounts['strata'] =>
  persons.map((value, band) => ({ genderConceptId: 8532, band, persons: value }));

interface Case {
  readonly name: string;
  readonly counts: CohortCounts;
  /** What falls to a reader who knows that rows are persons if the rule does not, zeros shown. */
  readonly falls: readonly string[];
}

const cases: Case[] = [
  {
    name: 'all but three persons of a hospital of 1000',
    counts: {
      persons: 997,
      rows: 997,
      repeatPersons: 0,
      population: 1000,
      strata: females(400, 300, 297),
      entryPersons: 997,
      rulePersons: [],
    },
    falls: ['lost:0'],
  },
  {
    name: 'all but two of those with an entry event',
    counts: {
      persons: 300,
      rows: 300,
      repeatPersons: 0,
      population: 1000,
      strata: females(100, 120, 80),
      entryPersons: 302,
      rulePersons: [300],
    },
    falls: [],
  },
  {
    name: 'three persons',
    counts: {
      persons: 3,
      rows: 3,
      repeatPersons: 0,
      population: 1000,
      strata: females(3),
      entryPersons: 40,
      rulePersons: [3],
    },
    falls: [],
  },
];

/** The same cells to a rule that is told nothing of how rows and persons hang together. */
function unlinked(input: RawCells): RawCells {
  return {
    cells: input.cells.filter(({ id }) => id !== 'rows:repeat'),
    links: input.links.filter(({ total }) => total !== 'rows'),
  };
}

/** The same cells, were it a secret that nobody has a second row. */
function secret(input: RawCells): RawCells {
  const cells = input.cells.map(
    (cell): RawCell => (cell.id === 'rows:repeat' ? { ...cell, visibility: 'derived' } : cell),
  );
  return { ...input, cells };
}

function fallen(input: RawCells, rule: DisclosureRule, links: readonly Link[]): string[] {
  const { cells } = protect(input, rule, solve);
  assert.deepEqual(audit(input, cells, rule, solve), []);
  return stolen(
    input,
    { releases: [cells], links },
    (cell) => isSensitive(cell, rule),
    rule.minimumCell,
    solve,
  );
}

for (const { name, counts: cohort, falls } of cases) {
  for (const showZero of [true, false]) {
    test(`rows do not tell what persons withhold: ${name}, zeros ${showZero ? 'shown' : 'hidden'}`, () => {
      assert.deepEqual(fallen(countCells(cohort), { minimumCell: 5, showZero }, [rowsArePersons]), []);
    });
  }
  test(`nor if it were taken for a secret that nobody has a second row: ${name}`, () => {
    const rule = { minimumCell: 5, showZero: true };
    assert.deepEqual(fallen(secret(countCells(cohort)), rule, [rowsArePersons]), []);
  });
  if (falls.length > 0)
    test(`they would, if the rule did not know how the two hang together: ${name}`, () => {
      const rule = { minimumCell: 5, showZero: true };
      const input = unlinked(countCells(cohort));
      assert.deepEqual(fallen(input, rule, []), [], 'who does not know it either gains nothing');
      assert.deepEqual(fallen(input, rule, [rowsArePersons]), falls);
      const { cells } = protect(input, rule, solve);
      for (const given of [countCells(cohort), secret(countCells(cohort))])
        assert.ok(audit(given, cells, rule, solve).some(({ id }) => id === 'lost:0'));
    });
}

const shape = { bands: [2, 3, 4, 5], sexes: [8532, 8507] };
const rule = fc.record({ minimumCell: fc.constantFrom(3, 5, 11), showZero: fc.boolean() });

test('a reader who knows that rows are persons narrows no small number of any cohort', () => {
  fc.assert(
    fc.property(counts({ ...shape, repeats: false }), rule, (cohort, set) => {
      assert.deepEqual(fallen(countCells(cohort), set, [rowsArePersons]), []);
    }),
    { numRuns: 50 },
  );
});

test('where persons have further rows, rows, persons and the repeats are safe together', () => {
  fc.assert(
    fc.property(counts({ ...shape, repeats: true }), rule, (cohort, set) => {
      assert.deepEqual(fallen(countCells(cohort), set, []), []);
    }),
    { numRuns: 30 },
  );
});
