import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countCohort, generateCohort } from '#node/cohort/generate.ts';
import { MoimError } from '#protocol/errors.ts';
import { cohort, correlated, group } from '../../sql/circe/definitions.ts';
import { tinyCdm } from '../../sql/circe/tiny-cdm.ts';
import { expressionOf, options, plain, sets, sick, slow, threePersons } from './three-persons.ts';

const code = (expected: string) => (error: unknown) => error instanceof MoimError && error.code === expected;

test('counts persons, rows, strata and attrition', async (t) => {
  const cdm = await tinyCdm(t);
  await threePersons(cdm);
  const rules = [
    {
      name: 'women',
      expression: group('ALL', [], { DemographicCriteriaList: [{ Gender: [{ CONCEPT_ID: 8532 }] }] }),
    },
    {
      name: 'before 2011',
      expression: group('ALL', [], {
        DemographicCriteriaList: [{ OccurrenceStartDate: { Op: 'lt', Value: '2011-01-01' } }],
      }),
    },
  ];
  assert.deepEqual(await countCohort(cdm.pool, expressionOf(plain), options), {
    persons: 3,
    rows: 4,
    repeatPersons: 1,
    population: 3,
    strata: [
      { genderConceptId: 8507, band: 0, persons: 1 },
      { genderConceptId: 8532, band: 3, persons: 1 },
      { genderConceptId: 8532, band: 9, persons: 1 },
    ],
    entryPersons: 3,
    rulePersons: [],
  });
  const ruled = await countCohort(cdm.pool, expressionOf({ ...plain, InclusionRules: rules }), options);
  assert.deepEqual([ruled.persons, ruled.rows, ruled.entryPersons, ruled.rulePersons], [2, 2, 3, [2, 2]]);
  assert.equal((await cdm.pool.query('select 1 from results.cohort')).rowCount, 0);
});

test('writes rows under its id and replaces those of an earlier run', async (t) => {
  const cdm = await tinyCdm(t);
  await threePersons(cdm);
  const into = { resultsSchema: 'results', cohortId: 7n };
  for (const _ of [1, 2]) {
    const made = await generateCohort(cdm.pool, expressionOf(plain), { ...options, into });
    assert.deepEqual([made.persons, made.rows, made.days], [3, 4, 0]);
  }
  const { rows } = await cdm.pool.query(
    'select subject_id, cohort_start_date from results.cohort where cohort_definition_id = 7 order by 1, 2',
  );
  assert.deepEqual(
    rows.map((row) => `${row.subject_id} ${row.cohort_start_date}`),
    ['1 2010-01-01', '1 2012-01-01', '2 2010-06-01', '3 2008-01-01'],
  );
});

test('without a destination nothing can be written', async (t) => {
  const cdm = await tinyCdm(t);
  await threePersons(cdm);
  assert.equal((await generateCohort(cdm.pool, expressionOf(plain), options)).rows, 4);
  assert.equal((await cdm.pool.query('select 1 from results.cohort')).rowCount, 0);
});

test('an absent table is an error only to a definition that needs it', async (t) => {
  const cdm = await tinyCdm(t);
  await threePersons(cdm);
  await cdm.pool.query('drop table cdm.death');
  assert.equal((await generateCohort(cdm.pool, expressionOf(plain), options)).rows, 4);
  const deadly = cohort([sick], { ...sets, CensoringCriteria: [{ Death: {} }] });
  await assert.rejects(generateCohort(cdm.pool, expressionOf(deadly), options), (error) => {
    assert.ok(error instanceof MoimError);
    assert.equal(error.code, 'table-missing');
    assert.match(error.message, /cdm\.death/);
    assert.match(error.remedy, /Load the table/);
    return true;
  });
  await assert.rejects(
    generateCohort(cdm.pool, expressionOf(plain), { cdmSchema: 'elsewhere' }),
    code('cdm-missing'),
  );
});

test('refuses what CDM 5.4 cannot answer before asking the database', async (t) => {
  const cdm = await tinyCdm(t);
  const regional = expressionOf(cohort([{ LocationRegion: {} }]));
  await assert.rejects(countCohort(cdm.pool, regional, options), code('definition-refused'));
});

test('stops at its time limit', async (t) => {
  const cdm = await tinyCdm(t);
  await threePersons(cdm);
  await slow(cdm);
  await assert.rejects(
    generateCohort(cdm.pool, expressionOf(plain), { ...options, timeoutMs: 100 }),
    code('statement-timeout'),
  );
});

test('an abort cancels the statement in the database, even with the pool in full use', async (t) => {
  const cdm = await tinyCdm(t);
  await threePersons(cdm);
  await slow(cdm);
  const abort = new AbortController();
  const held = await Promise.all(Array.from({ length: 7 }, () => cdm.pool.connect()));
  const running = countCohort(cdm.pool, expressionOf(plain), { ...options, signal: abort.signal });
  const [watcher] = held;
  const sleeping = async () => {
    const active = await watcher?.query(
      "select 1 from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'",
    );
    return active?.rowCount ?? 0;
  };
  while ((await sleeping()) === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  abort.abort();
  await assert.rejects(running, code('interrupted'));
  assert.equal(await sleeping(), 0);
  for (const client of held) client.release();
  await assert.rejects(
    countCohort(cdm.pool, expressionOf(plain), { ...options, signal: abort.signal }),
    code('interrupted'),
  );
});

test('an error of the database carries its SQLSTATE and no value', async (t) => {
  const cdm = await tinyCdm(t);
  await threePersons(cdm);
  await cdm.pool.query('alter table cdm.condition_occurrence rename to condition_rows');
  await cdm.pool.query(
    "create view cdm.condition_occurrence as select r.*, ('Hong-' || r.person_id)::int as odd from cdm.condition_rows r where ('Hong-' || r.person_id)::int > 0",
  );
  await assert.rejects(generateCohort(cdm.pool, expressionOf(plain), options), (error) => {
    assert.ok(error instanceof MoimError);
    assert.match(error.message, /SQLSTATE 22P02/);
    assert.doesNotMatch(`${error.message}${error.stack}${JSON.stringify(error)}`, /Hong/);
    assert.equal(error.cause, undefined);
    return true;
  });
});

test('inclusion tables are spelled as the reference spells them', async (t) => {
  const cdm = await tinyCdm(t);
  await threePersons(cdm);
  const rules = [
    {
      name: 'again',
      expression: group('ALL', [
        correlated(sick, { StartWindow: { Start: { Days: 1, Coeff: 1 }, End: { Coeff: 1 } } }),
      ]),
    },
  ];
  const made = await generateCohort(cdm.pool, expressionOf({ ...plain, InclusionRules: rules }), options);
  assert.deepEqual(made.inclusionResult, [
    [0, 0, 3],
    [0, 1, 1],
    [1, 0, 2],
    [1, 1, 1],
  ]);
  assert.deepEqual(made.inclusionStats, [
    [0, 0, 1, 3, 4],
    [1, 0, 1, 2, 3],
  ]);
  assert.deepEqual(made.summaryStats, [
    [0, 4, 1],
    [1, 3, 1],
  ]);
});
