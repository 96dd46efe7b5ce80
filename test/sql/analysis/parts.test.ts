/** The parts of a count: what they are on a database, what Circe's inclusion tables say of the same, and how the cells hang together. */

import assert from 'node:assert/strict';
import { it, test } from 'node:test';
import fc from 'fast-check';
import { countCohort, generateCohort } from '#node/cohort/generate.ts';
import type { RawCells } from '#protocol/cell.ts';
import { WireCell } from '#protocol/reply.ts';
import { parser } from '#protocol/schema.ts';
import { countCells } from '#sql/analysis/count/cells.ts';
import { maskGroups } from '#sql/analysis/count/masks.ts';
import { pooledCount } from '#sql/analysis/count/pool.ts';
import { read } from '#sql/circe/read.ts';
import { cohort, conceptSet, correlated, group } from '#test/sql/circe/definitions.ts';
import { tinyCdm } from '#test/sql/circe/tiny-cdm.ts';
import { asking, countsOf, persons } from './persons.ts';

const everything = asking('events', 'gain', 'standalone', 'year', 'rows');
const wireCells = parser(WireCell);
const valuesOf = ({ cells }: RawCells) => new Map(cells.map((cell) => [cell.id, cell.value]));

/** Every identity and inequality that the protector is told holds. */
function assertLinksHold({ cells, links }: RawCells): void {
  const value = new Map(cells.map((cell) => [cell.id, cell.value]));
  assert.equal(value.size, cells.length, 'an id stands twice');
  for (const { total, parts, relation } of links) {
    const sum = parts.reduce((all, part) => all + (value.get(part) ?? Number.NaN), 0);
    if (relation === 'at-least') assert.ok((value.get(total) ?? -1) >= sum, total);
    else assert.equal(value.get(total), sum, total);
  }
  for (const { id, kind, n, value: own } of cells) {
    assert.ok(n >= 0 && (kind === 'persons' ? n === own : n <= own && (n === 0) === (own === 0)), id);
    assert.ok(wireCells.check({ id, kind, state: 'error' }), id);
  }
}

for (const rules of [0, 1, 2, 3, 4, 5, 6])
  it(`ties the figures of ${rules} rules by identities that hold, whatever the data`, () => {
    fc.assert(
      fc.property(persons({ rules, most: 25, repeats: true }), fc.boolean(), (people, whole) => {
        const counts = countsOf(people, rules);
        assertLinksHold(countCells(counts, whole ? everything : asking('gain', 'standalone')));
        assertLinksHold(countCells(counts, asking('standalone', 'events')));
      }),
      { numRuns: 30 },
    );
  });

it('has a group for every pair of rules, and for every mask of a few', () => {
  const ids = (rules: number) =>
    maskGroups(rules, { gain: true, standalone: true }).groups.map(({ id }) => id);
  assert.deepEqual(
    ids(3).filter((id) => id.startsWith('mask:')),
    ['mask:0-2', 'mask:0-1', 'mask:0-1-2', 'mask:1-2'],
  );
  assert.equal(ids(10).filter((id) => id.startsWith('both:')).length, 45);
  assert.deepEqual(
    maskGroups(1, { gain: false, standalone: false }).groups.map(({ id }) => id),
    ['step:0', 'step:1', 'lost:0'],
  );
});

it('gives what was given before where no part is asked for', () => {
  fc.assert(
    fc.property(persons({ rules: 3, most: 20, repeats: true }), (people) => {
      const { events: _, starts: __, ...plain } = countsOf(people, 3);
      const ids = countCells(plain, asking()).cells.map(({ id }) => id);
      assert.ok(ids.includes('attrition:3') && !ids.some((id) => /year|by-|others/.test(id)));
      assert.deepEqual(countCells(plain, asking()), countCells(plain));
    }),
    { numRuns: 10 },
  );
});

const sick = { ConditionOccurrence: { CodesetId: 0 } };
const rule = (name: string, list: readonly object[], more: object = {}) => ({
  name,
  expression: group('ALL', list, more),
});
const day = { Start: { Days: 0, Coeff: 1 }, End: { Days: 0, Coeff: 1 } };
const definition = cohort([sick], {
  ConceptSets: [conceptSet(0, 1), conceptSet(1, 2), conceptSet(2, 3)],
  InclusionRules: [
    rule('Drug that day', [correlated({ DrugExposure: { CodesetId: 1 } }, { StartWindow: day })]),
    rule('Adult', [], { DemographicCriteriaList: [{ Age: { Op: 'gte', Value: 18 } }] }),
    rule('Seen that day', [correlated({ DrugExposure: { CodesetId: 2 } }, { StartWindow: day })]),
  ],
});

/** Of each event: person, day, and whether the two drugs were given that day. */
const events = [
  [1, '2010-01-01', true, true],
  [1, '2011-03-01', true, true],
  [1, '2011-05-01', true, false],
  [2, '2010-02-01', true, false],
  [2, '2010-03-01', false, true],
  [3, '2012-02-01', false, false],
  [4, '2009-07-01', true, true],
  [5, '2011-01-01', false, true],
  [6, '2015-01-01', true, true],
  [6, '2015-01-01', true, true],
] as const;

test('the database counts by person, by event, by rule, by year and by start as the tables do by hand', async (t) => {
  const cdm = await tinyCdm(t);
  for (const concept of [1, 2, 3])
    await cdm.add('concept', { concept_id: concept, concept_name: `${concept}` });
  for (const id of [1, 2, 3, 5]) await cdm.person(id);
  await cdm.person(4, { year_of_birth: 2005, gender_concept_id: 8507 });
  await cdm.person(6, { year_of_birth: 1950, gender_concept_id: 8507 });
  for (const [person, at, one, two] of events) {
    await cdm.add('condition_occurrence', {
      person_id: person,
      condition_concept_id: 1,
      condition_start_date: at,
    });
    for (const [concept, given] of [
      [2, one],
      [3, two],
    ] as const)
      if (given)
        await cdm.add('drug_exposure', {
          person_id: person,
          drug_concept_id: concept,
          drug_exposure_start_date: at,
          drug_exposure_end_date: at,
        });
  }
  const result = read(JSON.stringify(definition));
  assert.ok(result.ok, JSON.stringify(result));
  const options = { cdmSchema: 'cdm', asked: everything };
  const counts = await countCohort(cdm.pool, result.expression, options);
  await assert.rejects(
    countCohort(cdm.pool, result.expression, { ...options, mostBytes: 100 } as typeof options),
    { code: 'disclosure-failed' },
    'an answer that no memory would hold is none',
  );
  const raw = countCells(counts, everything);
  assertLinksHold(raw);
  const value = valuesOf(raw);
  const list = (of: string, keys: readonly (string | number)[]) =>
    keys.map((key) => value.get(`${of}${key}`));
  assert.deepEqual([value.get('persons'), value.get('rows'), value.get('merged')], [2, 3, 1]);
  // Person 2's best event is the first of two that pass two rules; person 4 is a child.
  assert.deepEqual(list('by-person/step:', [0, 1, 2, 3]), [6, 4, 3, 2]);
  assert.deepEqual(list('by-event/step:', [0, 1, 2, 3]), [10, 7, 6, 4]);
  assert.deepEqual(list('by-person/gain:', [0, 1, 2]), [1, 1, 1]);
  assert.deepEqual(list('by-event/gain:', [0, 1, 2]), [2, 1, 2]);
  assert.deepEqual(list('by-person/pass:', [0, 1, 2]), [4, 5, 4]);
  assert.deepEqual(list('year:', ['before', 2010, 2011, 2012, 'after']), [0, 1, 0, 0, 1]);
  assert.deepEqual(list('sex:m/year:', ['before', 'after']), [0, 1]);
  assert.deepEqual(list('rows/year:', [2010, 2011, 'after']), [1, 1, 1]);
  assert.deepEqual(list('rows/sex:', ['f', 'm', 'o']), [2, 1, 0]);
  assert.deepEqual(list('rows/age:', ['30-39', '60-69']), [2, 1]);
  const n = new Map(raw.cells.map((cell) => [cell.id, cell.n]));
  assert.deepEqual(
    ['by-event/step:3', 'by-event/gain:2', 'others/step:3', 'rows/year:2011', 'merged'].map((id) =>
      n.get(id),
    ),
    [2, 2, 2, 1, 1],
  );
  // The inclusion tables of a generated cohort, Circe's modes 0 and 1, say the same.
  const { inclusionStats, summaryStats } = await generateCohort(cdm.pool, result.expression, {
    cdmSchema: 'cdm',
  });
  for (const [mode, at, , gain] of inclusionStats)
    assert.equal(value.get(`by-${mode === 0 ? 'event' : 'person'}/gain:${at}`), gain, `${mode} ${at}`);
  for (const [mode, at, passed] of inclusionStats)
    if (mode === 1) assert.equal(value.get(`by-person/pass:${at}`), passed);
  for (const [mode, base, final] of summaryStats) {
    const of = mode === 0 ? 'by-event' : 'by-person';
    assert.deepEqual(list(`${of}/step:`, [0, 3]), [base, final]);
  }
});

it('names what it pools, by person and by event apart, and says nothing of parts not asked for', () => {
  const cells = [
    { id: 'by-person/step:0', kind: 'persons', state: 'value', value: 9, sites: 1 },
    { id: 'by-event/step:1', kind: 'rows', state: 'range', low: 5, high: 12, sites: 1 },
    { id: 'by-person/gain:0', kind: 'persons', state: 'value', value: 7, sites: 1 },
    { id: 'year:before', kind: 'persons', state: 'value', value: 8, sites: 1 },
    { id: 'rows/age:40-49', kind: 'rows', state: 'value', value: 30, sites: 1 },
  ] as const;
  const pooled = pooledCount('c', ['Adult'], cells, everything);
  assert.deepEqual(
    pooled.attrition,
    [],
    'the other attrition, by any event of a person, is not given beside it',
  );
  assert.equal(pooled.rules?.attrition[0]?.byPerson.value, 9);
  assert.equal(pooled.rules?.attrition[1]?.byEvent?.high, 12);
  assert.equal(pooled.rules?.rules[0]?.gainByPerson?.value, 7);
  assert.deepEqual(
    pooled.years?.byYear.map(({ year }) => year),
    ['before', '2010', '2011', '2012', 'after'],
  );
  assert.equal(pooled.starts?.byAgeBand[4]?.rows.value, 30);
  const bare = pooledCount('c', ['Adult'], cells, asking());
  assert.deepEqual([bare.rules, bare.years, bare.starts], [undefined, undefined, undefined]);
  assert.equal(bare.attrition.length, 2);
});
