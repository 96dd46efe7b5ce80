import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { countCohort, generateCohort } from '#node/cohort/generate.ts';
import { type GeneratedLine, type RunOptions, runCohorts } from '#node/cohort/run.ts';
import { MoimError } from '#protocol/errors.ts';
import { read } from '#sql/circe/read.ts';
import { temporaryHome } from '#test/support/temporary-home.ts';
import { cohort, conceptSet, correlated, group } from '../../sql/circe/definitions.ts';
import { type TinyCdm, tinyCdm } from '../../sql/circe/tiny-cdm.ts';

const sick = { ConditionOccurrence: { CodesetId: 0 } };
const sets = { ConceptSets: [conceptSet(0, 1)] };
const plain = cohort([sick], sets);
const options = { cdmSchema: 'cdm' };

function expressionOf(definition: object) {
  const result = read(JSON.stringify(definition));
  assert.ok(result.ok, JSON.stringify(result));
  return result.expression;
}

/** Two women and a man, of whom person 1 was sick twice. */
async function threePersons(cdm: TinyCdm): Promise<void> {
  await cdm.add('concept', { concept_id: 1, concept_name: 'one' });
  await cdm.person(1);
  await cdm.person(2, { year_of_birth: 1905 });
  await cdm.person(3, { gender_concept_id: 8507, year_of_birth: 2009 });
  const days = [
    [1, '2010-01-01'],
    [1, '2012-01-01'],
    [2, '2010-06-01'],
    [3, '2008-01-01'],
  ] as const;
  await cdm.add(
    'condition_occurrence',
    ...days.map(([person, day]) => ({
      person_id: person,
      condition_concept_id: 1,
      condition_start_date: day,
    })),
  );
}

/** Makes CONDITION_OCCURRENCE take five seconds for every look. */
async function slow(cdm: TinyCdm): Promise<void> {
  await cdm.pool.query('alter table cdm.condition_occurrence rename to condition_rows');
  await cdm.pool.query(
    'create view cdm.condition_occurrence as select r.* from cdm.condition_rows r, pg_sleep(5)',
  );
}

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

async function run(
  cdm: TinyCdm,
  files: Readonly<Record<string, object | string>>,
  home: string,
  more: Partial<RunOptions> = {},
) {
  mkdirSync(home, { recursive: true });
  const list = Object.entries(files).map(([name, definition]) => {
    const file = join(home, `${name}.json`);
    writeFileSync(file, typeof definition === 'string' ? definition : JSON.stringify(definition));
    return { name, file };
  });
  const lines: GeneratedLine[] = [];
  const failed = await runCohorts(cdm.pool, list, {
    ...options,
    resultsSchema: 'results',
    dataVersion: 'v1',
    now: () => new Date('2030-01-01T00:00:00Z'),
    onLine: (line) => lines.push(line),
    ...more,
  });
  return { failed, lines };
}

test('an answer on the same data is not computed again, unless forced', async (t) => {
  const cdm = await tinyCdm(t);
  const home = temporaryHome(t);
  await threePersons(cdm);
  const states = async (more: Partial<RunOptions> = {}, definition: object = plain) => {
    const { lines } = await run(cdm, { c: definition }, home, more);
    return lines.map((line) => `${line.status} ${line.rows} ${line.cached}`).join();
  };
  assert.equal(await states(), 'ok 4 false');
  assert.equal(await states(), 'ok 4 true');
  assert.equal(await states({ force: true }), 'ok 4 false');
  assert.equal(await states({ parity: true }), 'ok 4 false', 'options make another question');
  assert.equal(await states({ dataVersion: 'v2' }), 'ok 4 false', 'new data make another answer');
  assert.equal(await states({ dataVersion: undefined }), 'ok 4 false');
  assert.equal(await states({ dataVersion: undefined }), 'ok 4 false', 'data that nobody vouches for');
  const kept = await cdm.pool.query(
    'select data_version, count(*)::int as n from results.cohort c join results.cohort_run using (cohort_definition_id) group by 1 order by 1',
  );
  assert.deepEqual(
    kept.rows.map((row) => `${row.data_version} ${row.n}`),
    ['unversioned 4', 'v1 4', 'v2 4'],
  );
  assert.equal(
    (await cdm.pool.query('select 1 from results.cohort')).rowCount,
    12,
    'earlier rows of the same data are gone',
  );
});

test('a definition that fails is a line, not an end', async (t) => {
  const cdm = await tinyCdm(t);
  await threePersons(cdm);
  await cdm.pool.query('drop table cdm.death');
  const files = {
    bad: '{',
    deadly: cohort([{ Death: {} }]),
    good: plain,
    region: cohort([{ LocationRegion: {} }]),
  };
  const { failed, lines } = await run(cdm, files, temporaryHome(t), { connections: 3 });
  assert.equal(failed, 3);
  const byName = new Map(lines.map((line) => [line.name, line]));
  assert.deepEqual(
    Object.keys(files).map((name) => `${name} ${byName.get(name)?.status}`),
    ['bad refused', 'deadly refused', 'good ok', 'region refused'],
  );
  assert.match(
    byName.get('bad')?.reason ?? '',
    /definition-refused: .*bad\.json: \$: the definition cannot be read/,
  );
  assert.match(byName.get('deadly')?.reason ?? '', /cdm\.death/);
  const noted = await cdm.pool.query('select name, status from results.cohort_run order by name');
  assert.deepEqual(
    noted.rows.map((row) => `${row.name} ${row.status}`),
    ['bad refused', 'deadly refused', 'good ok', 'region refused'],
  );
});

test('a cohort that runs out of time is a line with the status timeout', async (t) => {
  const cdm = await tinyCdm(t);
  await threePersons(cdm);
  await slow(cdm);
  const { lines } = await run(cdm, { c: plain, d: cohort([{ Death: {} }]) }, temporaryHome(t), {
    timeoutMs: 100,
  });
  assert.deepEqual(
    lines.map((line) => line.status),
    ['timeout', 'ok'],
  );
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
