/** An answer that was kept is served only where it is still the answer: every way in which it could be stale. */

import assert from 'node:assert/strict';
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { noteFingerprint } from '#node/cdm/version.ts';
import { engineVersion } from '#node/cohort/engine.ts';
import { runCohorts } from '#node/cohort/run.ts';
import { cdmTables, findCdmTable } from '#sql/cdm/tables.ts';
import { testDatabase } from '#test/support/database.ts';
import { temporaryHome } from '#test/support/temporary-home.ts';
import { cohort, conceptSet, correlated, group } from '../../sql/circe/definitions.ts';
import { moim } from './command-line.ts';

const definition = cohort([{ ConditionOccurrence: { CodesetId: 0 } }], {
  ConceptSets: [conceptSet(0, 1)],
  InclusionRules: [
    { name: 'again', expression: group('ALL', [correlated({ ConditionOccurrence: { CodesetId: 1 } })]) },
  ],
});
const plain = { ...definition, InclusionRules: [] };

const home = temporaryHome({ after });
const { url, pool } = await testDatabase({ after }, { streams: ['cdm', 'results'] });

/** Fills a table as a load or refresh does: its fingerprint goes with its rows. */
async function fill(name: string, sql: string): Promise<void> {
  await pool.query(sql);
  const table = findCdmTable(name);
  assert.ok(table);
  await noteFingerprint(pool, 'cdm', table);
}

const filled = [
  'concept',
  'concept_ancestor',
  'vocabulary',
  'person',
  'observation_period',
  'condition_occurrence',
];
const event = (id: number, day: string) =>
  `insert into cdm.condition_occurrence (condition_occurrence_id, person_id, condition_concept_id, condition_start_date, condition_type_concept_id)
    values (${id}, 1, 1, '${day}', 0)`;

/** An owned CDM with one person, sick once, and no cohort yet. */
beforeEach(async () => {
  await pool.query(
    `truncate ${filled.map((table) => `cdm.${table}`).join(', ')}, cdm.moim_cdm_version, results.cohort, results.cohort_run;
     insert into cdm.person (person_id, gender_concept_id, year_of_birth, race_concept_id, ethnicity_concept_id) values (1, 8532, 1980, 0, 0);
     insert into cdm.observation_period values (1, 1, '2000-01-01', '2020-12-31', 0);
     insert into cdm.concept (concept_id, concept_name, domain_id, vocabulary_id, concept_class_id, concept_code, valid_start_date, valid_end_date)
      values (1, 'c', 'Condition', 'SNOMED', 'x', '1', '2000-01-01', '2099-12-31')`,
  );
  // As they are noted when a CDM is made; what changes afterwards is noted anew.
  await pool.query(
    'insert into cdm.moim_cdm_version (table_name, rows, fingerprint) select name, 0, 0 from unnest($1::text[]) name',
    [cdmTables.map(({ name }) => name)],
  );
  await fill('condition_occurrence', event(1, '2010-01-01'));
});

/** `rows cached` of each line, or its status. */
async function generate(
  files: Readonly<Record<string, object>>,
  ...flags: readonly string[]
): Promise<string> {
  const paths = Object.entries(files).map(([name, said]) => {
    const path = join(home, `${name}.json`);
    writeFileSync(path, JSON.stringify(said));
    return path;
  });
  const { lines } = await moim('generate', [...paths, ...flags], { MOIM_DATABASE_URL: url });
  return lines
    .map((line) => JSON.parse(line))
    .map(({ status, rows, cached }) => (status === 'ok' ? `${rows} ${cached}` : status))
    .join(', ');
}

test('the same definition on the same data is not run again; results and timings stay', async () => {
  assert.equal(await generate({ c: plain }), '1 false');
  const runs = () =>
    pool.query(
      'select cohort_definition_id, ms, started_at, vocabulary_version, summary from results.cohort_run',
    );
  const { rows } = await runs();
  assert.equal(await generate({ c: plain }), '1 true');
  assert.equal(await generate({ c: plain }, '--batch'), '1 true');
  assert.deepEqual((await runs()).rows, rows);
  assert.match(rows[0].vocabulary_version, /\S/);
  assert.equal(await generate({ c: plain }, '--force'), '1 false');
  assert.equal(await generate({ c: plain }), '1 true');
});

test('new data make it run again', async () => {
  assert.equal(await generate({ c: plain }), '1 false');
  await fill('condition_occurrence', event(2, '2012-01-01'));
  assert.equal(await generate({ c: plain }), '2 false');
  assert.equal(await generate({ c: plain }), '2 true');
});

test('a vocabulary that was loaded makes it run again, be it under the same version or another', async () => {
  const two = {
    ...plain,
    ConceptSets: [
      {
        ...conceptSet(0, 1),
        expression: { items: [{ concept: { CONCEPT_ID: 9 }, includeDescendants: true }] },
      },
    ],
  };
  assert.equal(await generate({ c: two }), '0 false');
  await fill('concept_ancestor', 'insert into cdm.concept_ancestor values (9, 1, 1, 1)');
  await fill(
    'concept',
    `insert into cdm.concept (concept_id, concept_name, domain_id, vocabulary_id, concept_class_id, concept_code, valid_start_date, valid_end_date)
      values (9, 'parent', 'Condition', 'SNOMED', 'x', '9', '2000-01-01', '2099-12-31')`,
  );
  assert.equal(await generate({ c: two }), '1 false');
  assert.equal(await generate({ c: two }), '1 true');
  // The version alone, by hand: no fingerprint tells of it.
  await pool.query(
    `insert into cdm.vocabulary (vocabulary_id, vocabulary_name, vocabulary_reference, vocabulary_version, vocabulary_concept_id)
     values ('None', 'OMOP', 'x', 'v5.0 30-AUG-23', 0)`,
  );
  assert.equal(await generate({ c: two }), '1 false');
});

test('another definition, other options or another engine are another question', async () => {
  assert.equal(await generate({ c: plain }), '1 false');
  assert.equal(await generate({ c: definition }), '0 false', 'a changed definition of the same name');
  assert.equal(await generate({ c: definition }), '0 true');
  assert.equal(await generate({ c: definition }, '--circe-parity'), '0 false', 'Circe’s defects');
  assert.equal(await generate({ c: definition }, '--without-rule', '0'), '1 false', 'a rule switched off');
  assert.equal(await generate({ c: definition }, '--without-rule', '0'), '1 true');
  assert.equal(await generate({ c: definition }), '0 false', 'and on again');
  const file = join(home, 'c.json');
  writeFileSync(file, JSON.stringify(plain));
  const cached: boolean[] = [];
  for (const engine of ['one', 'one', 'two'])
    await runCohorts(pool, [{ name: 'c', file }], {
      cdmSchema: 'cdm',
      resultsSchema: 'results',
      dataVersion: 'v',
      engine,
      now: () => new Date(),
      onLine: (line) => cached.push(line.cached),
    });
  assert.deepEqual(cached, [false, true, false]);
});

test('the engine’s version is that of its source', () => {
  const root = fileURLToPath(new URL('../../..', import.meta.url));
  for (const file of ['sql/circe/criteria/types.ts', 'node/cohort/concept-sets.ts']) {
    const copy = join(home, 'engine');
    for (const folder of ['sql/circe', 'node/cohort'])
      cpSync(join(root, folder), join(copy, folder), { recursive: true });
    assert.equal(engineVersion(copy), engineVersion());
    writeFileSync(join(copy, file), '// another engine');
    assert.notEqual(engineVersion(copy), engineVersion());
  }
});

test('under another name the rows stand under that name too, and each goes its own way', async () => {
  const kept = async () => {
    const { rows } = await pool.query(
      'select name, count(subject_id)::int as n from results.cohort_run left join results.cohort using (cohort_definition_id) group by 1 order by 1',
    );
    return rows.map(({ name, n }) => `${name} ${n}`).join(', ');
  };
  assert.equal(await generate({ a: plain, b: definition }), '1 false, 0 false');
  assert.equal(await generate({ b: plain, c: plain }), '1 true, 1 true');
  assert.equal(await kept(), 'a 1, b 1, c 1');
  assert.equal(await generate({ a: definition }), '0 false');
  assert.equal(await kept(), 'a 0, b 1, c 1');
  assert.equal(await generate({ b: plain, c: plain }), '1 true, 1 true');
});

test('rows that are gone are made again', async () => {
  assert.equal(await generate({ c: plain }), '1 false');
  await pool.query('truncate results.cohort');
  assert.equal(await generate({ c: plain }), '1 false');
});

test('what failed is kept as failed, and run again', async () => {
  await pool.query('alter table cdm.death rename to gone');
  const deadly = { ...plain, CensoringCriteria: [{ Death: {} }] };
  assert.equal(await generate({ c: deadly }), 'refused');
  assert.equal(await generate({ c: deadly }), 'refused');
  const noted = await pool.query('select status from results.cohort_run');
  assert.deepEqual(noted.rows, [{ status: 'refused' }], 'once, however often');
  await pool.query('alter table cdm.gone rename to death');
  assert.equal(await generate({ c: deadly }), '1 false');
  assert.equal(await generate({ c: deadly }), '1 true');
});

test('data that nobody vouches for are asked each time', async () => {
  await pool.query('alter table cdm.moim_cdm_version rename to elsewhere');
  assert.equal(await generate({ c: plain }), '1 false');
  assert.equal(await generate({ c: plain }), '1 false');
  await pool.query('alter table cdm.elsewhere rename to moim_cdm_version');
});
