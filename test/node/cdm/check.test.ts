import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pool } from 'pg';
import { checkCdm, type Finding } from '#node/cdm/check.ts';
import { synthesiseInto } from '#node/cdm/synth.ts';
import { dataVersion, vocabularyVersion } from '#node/cdm/version.ts';
import { MoimError } from '#protocol/errors.ts';
import { siteVocabulary } from '#protocol/vocabulary.ts';
import { testDatabase } from '#test/support/database.ts';

async function check(pool: Pool, schema = 'cdm'): Promise<readonly Finding[]> {
  const client = await pool.connect();
  try {
    return await checkCdm(client, schema);
  } finally {
    client.release();
  }
}

const inShort = (findings: readonly Finding[]) =>
  findings
    .filter(({ severity }) => severity !== 'info')
    .map(({ severity, code, table, count }) => `${severity} ${code} ${table} ${count}`);

test('finds nothing amiss in a synthetic hospital, and each fault that is planted in it', async (t) => {
  const { pool } = await testDatabase(t, { streams: ['cdm'] });
  await synthesiseInto({ pool }, { persons: 60, seed: 'check', schema: 'cdm' });
  assert.deepEqual(inShort(await check(pool)), []);
  const plant = async (sql: string, ...expected: string[]) => {
    const before = new Set(inShort(await check(pool)));
    await pool.query(sql);
    assert.deepEqual(
      inShort(await check(pool))
        .filter((line) => !before.has(line))
        .sort(),
      expected.toSorted(),
      sql,
    );
  };
  await plant("update cdm.cdm_source set cdm_version = 'v5.3.1'", 'warning cdm-version cdm_source 1');
  await plant(
    'insert into cdm.person (person_id, gender_concept_id, year_of_birth, race_concept_id, ethnicity_concept_id) values (999, 8507, 1950, 8515, 0)',
    'warning person-source-missing person 1',
    'warning person-without-period person 1',
  );
  await plant(
    "insert into cdm.observation_period values (1, 998, '2020-01-01', '2020-12-31', 32817)",
    'warning person-unknown observation_period 1',
  );
  await plant(
    "insert into cdm.observation_period values (2, 998, '2020-06-01', '2020-01-01', 32817)",
    'warning dates-reversed observation_period 1',
    'warning periods-overlap observation_period 1',
    'warning person-unknown observation_period 2',
  );
  await plant(
    'update cdm.condition_occurrence set condition_type_concept_id = 77 where condition_occurrence_id = (select min(condition_occurrence_id) from cdm.condition_occurrence)',
    'warning concept-unresolved condition_occurrence 1',
  );
  await plant(
    "insert into cdm.death (person_id, death_date) values (999, '2020-01-01'), (999, '2020-01-02')",
    'warning death-repeated death 1',
  );
  await plant('truncate cdm.domain', 'warning table-empty domain 1');
  await plant(
    'alter table cdm.visit_detail drop column care_site_id',
    'warning column-missing visit_detail 1',
  );
  await plant('alter table cdm.visit_detail drop column person_id', 'error column-missing visit_detail 1');
  await plant(
    'alter table cdm.measurement alter measurement_date type timestamp',
    'warning column-type measurement 1',
  );
  await plant('alter table cdm.note alter note_date type text', 'error column-type note 1');
  await plant('alter table cdm.person drop constraint person_key', 'warning primary-key-missing person 1');
  await plant(
    'insert into cdm.person select * from cdm.person where person_id = 1',
    'error primary-key-repeated person 1',
    'warning person-source-repeated person 2',
  );
  await plant('drop table cdm.specimen', 'warning table-missing specimen 1');
  await plant('drop table cdm.concept_ancestor', 'error table-missing concept_ancestor 1');
});

test('tells events outside observation and missing indexes as information', async (t) => {
  const { pool } = await testDatabase(t, { streams: ['cdm'] });
  await synthesiseInto({ pool }, { persons: 20, seed: 'info', schema: 'cdm' });
  await pool.query(
    "update cdm.visit_occurrence set visit_start_date = '1990-01-01'; drop index cdm.measurement_by_person",
  );
  const findings = (await check(pool)).filter(({ severity }) => severity === 'info');
  const visits = await pool.query<{ n: number }>('select count(*)::int as n from cdm.visit_occurrence');
  assert.equal(findings.find(({ code }) => code === 'outside-observation')?.count, visits.rows[0]?.n);
  assert.equal(findings.find(({ code }) => code === 'index-missing')?.table, 'measurement');
});

test('needs SELECT alone, as an attached CDM grants it', async (t) => {
  const { pool } = await testDatabase(t, { streams: ['cdm'] });
  await synthesiseInto({ pool }, { persons: 10, seed: 'select', schema: 'cdm' });
  const reader = `moim_reader_${process.pid}`;
  const client = await pool.connect();
  try {
    await client.query(
      `create role ${reader}; grant usage on schema cdm to ${reader}; grant select on all tables in schema cdm to ${reader}`,
    );
    await client.query(`set role ${reader}`);
    assert.deepEqual(inShort(await checkCdm(client, 'cdm')), []);
    assert.equal(await dataVersion(client, 'cdm', true), await dataVersion(client, 'cdm'));
    const version = await vocabularyVersion(client, 'cdm');
    assert.match(version, /^v0\./, 'no release of OHDSI');
    assert.equal(siteVocabulary(version, 0).version, version, 'a site may say it');
    await assert.rejects(client.query('delete from cdm.person'), /permission denied/);
  } finally {
    await client.query(`reset role; drop owned by ${reader}; drop role ${reader}`);
    client.release();
  }
});

test('refuses a schema without a CDM', async (t) => {
  const { pool } = await testDatabase(t);
  await assert.rejects(
    check(pool, 'nothing'),
    (error) => error instanceof MoimError && error.code === 'cdm-missing',
  );
});
