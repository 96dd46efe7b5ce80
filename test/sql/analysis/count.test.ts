/** From exact counts to cells and links: every identity holds, every id may cross the wire. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { canonicalHash, type Json } from '#protocol/canonical.ts';
import { WireCell } from '#protocol/reply.ts';
import { parser } from '#protocol/schema.ts';
import { countCells } from '#sql/analysis/count/cells.ts';
import { pooledCount } from '#sql/analysis/count/pool.ts';
import { ageBands, type CohortCounts } from '#sql/analysis/count/spec.ts';

/** Counts that could be: strata add up to persons, each step of the attrition keeps at most what the one before did. */
const possible = fc
  .record({
    strata: fc.array(
      fc.record({
        genderConceptId: fc.constantFrom(8507, 8532, 0, 8551),
        band: fc.integer({ min: 0, max: ageBands.length - 1 }),
        persons: fc.nat(40),
      }),
      { maxLength: 30 },
    ),
    repeat: fc.nat(20),
    lost: fc.array(fc.nat(30), { maxLength: 6 }),
    outside: fc.nat(500),
  })
  .map(({ strata, repeat, lost, outside }): CohortCounts => {
    const persons = strata.reduce((sum, each) => sum + each.persons, 0);
    const repeatPersons = Math.min(repeat, persons);
    const steps: number[] = [];
    for (const n of lost.toReversed()) steps.unshift((steps[0] ?? persons) + n);
    const rulePersons = steps.slice(1);
    const entryPersons = steps[0] ?? persons;
    return {
      persons,
      rows: persons + repeatPersons * 2,
      repeatPersons,
      population: entryPersons + outside,
      strata,
      entryPersons,
      rulePersons,
    };
  });

it('gives links that hold for every count there can be', () => {
  fc.assert(
    fc.property(possible, (counts) => {
      const { cells, links } = countCells(counts);
      const value = new Map(cells.map((cell) => [cell.id, cell.value]));
      assert.equal(value.size, cells.length, 'an id stands twice');
      for (const { total, parts } of links) {
        assert.equal(
          value.get(total),
          parts.reduce((sum, part) => sum + (value.get(part) ?? Number.NaN), 0),
          total,
        );
      }
      for (const cell of cells)
        assert.ok(cell.value >= 0 && cell.n >= 0 && (cell.kind === 'rows' || cell.n === cell.value), cell.id);
    }),
  );
});

it('ties every published cell to another, so that none can be worked out unseen', () => {
  fc.assert(
    fc.property(possible, (counts) => {
      const { cells, links } = countCells(counts);
      const linked = new Set(links.flatMap(({ total, parts }) => [total, ...parts]));
      for (const { id, visibility } of cells) if (visibility === 'published') assert.ok(linked.has(id), id);
    }),
  );
});

it('uses ids that may cross the wire', () => {
  const counts = {
    persons: 3,
    rows: 4,
    repeatPersons: 1,
    population: 9,
    strata: [],
    entryPersons: 5,
    rulePersons: [4, 3],
  };
  for (const { id, kind } of countCells(counts).cells)
    assert.ok(parser(WireCell).check({ id, kind, state: 'error' }), id);
});

it('gives the cells in the order of release 0.1.0, by whose hash a table released then is known', () => {
  const counts = {
    persons: 3,
    rows: 4,
    repeatPersons: 1,
    population: 9,
    strata: [{ genderConceptId: 8532, band: 2, persons: 3 }],
    entryPersons: 5,
    rulePersons: [4, 3],
  };
  const { cells } = countCells(counts);
  assert.equal(
    canonicalHash(cells.map(({ id, value }) => [id, value]) as unknown as Json),
    'af9fa075beab76ff75bacdad146362fd803ce3ad1ccbbfd2aab25b19448e8f57',
  );
});

it('names attrition by the study’s own rules, and has none where there is no rule', () => {
  const cells = [
    { id: 'attrition:0', kind: 'persons', state: 'value', value: 10, sites: 2 },
    { id: 'attrition:1', kind: 'persons', state: 'range', low: 1, high: 9, sites: 2 },
  ] as const;
  assert.deepEqual(pooledCount('c', ['Adult'], cells).attrition, [
    { step: 0, name: 'Entry events', persons: { state: 'value', value: 10, sites: 2 } },
    { step: 1, name: 'Adult', persons: { state: 'range', low: 1, high: 9, sites: 2 } },
  ]);
  assert.deepEqual(pooledCount('c', [], []).attrition, []);
  assert.deepEqual(pooledCount('c', [], []).persons, { state: 'not-applicable', sites: 0 });
});
