/** Image criteria on an attached CDM: refused without tables of images that the role may read, counted with them. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import pg from 'pg';
import { migrationsFolder } from '#host/postgres/migrate.ts';
import { pgTypes } from '#host/postgres/types.ts';
import { attachedVersion } from '#node/cdm/attached-version.ts';
import { countCohort } from '#node/cohort/generate.ts';
import { findingsHere } from '#node/cohort/here.ts';
import { grants } from '#node/grants.ts';
import { MoimError } from '#protocol/errors.ts';
import { read } from '#sql/circe/read.ts';
import { cohort, correlated, group } from '#test/sql/circe/definitions.ts';
import { testDatabase } from '#test/support/database.ts';

const role = `moim_images_${process.pid}`;
const endings: (() => Promise<void>)[] = [];
const hospital = await testDatabase({ after: (work) => void endings.push(work) }, { streams: ['cdm'] });
await hospital.pool.query(grants('cdm').replaceAll('moim_reader', role));
await hospital.pool.query(`alter role ${role} password 'only for this test'`);
await hospital.pool.query(`
  insert into cdm.person (person_id, gender_concept_id, year_of_birth, race_concept_id, ethnicity_concept_id)
    select i, 8507, 1950, 0, 0 from generate_series(1, 7) i;
  insert into cdm.observation_period select i, i, '2010-01-01', '2020-12-31', 0 from generate_series(1, 7) i`);
const url = new URL(hospital.url);
url.username = role;
url.password = 'only for this test';
const reader = new pg.Pool({ connectionString: url.href, types: pgTypes });
reader.on('error', () => {});
after(async () => {
  await reader.end();
  await hospital.pool.query(`drop owned by ${role}; drop role ${role}`);
  for (const end of endings) await end();
});

const scanned = group('ALL', [correlated({ ImageOccurrence: { KVP: { Op: 'gt', Value: 100 } } })]);
const result = read(
  JSON.stringify(
    cohort([{ ObservationPeriod: {} }], { InclusionRules: [{ name: 'scanned', expression: scanned }] }),
  ),
);
assert.ok(result.ok);
const { expression } = result;
const count = async () => (await countCohort(reader, expression, { cdmSchema: 'cdm' })).persons;
const refused = (error: unknown) => {
  assert.ok(error instanceof MoimError);
  assert.equal(error.code, 'table-missing');
  assert.match(error.message, /imaging\.image_occurrence/);
  assert.match(error.remedy ?? '', /schema imaging/);
  return true;
};
const version = async () => {
  const client = await reader.connect();
  try {
    return await attachedVersion(client, 'cdm');
  } finally {
    client.release();
  }
};

test('is refused without the schema, said by the check too, and with it where the role may not read it', async () => {
  await assert.rejects(count(), refused);
  const {
    findings: [finding],
  } = await findingsHere(reader, expression, { cdmSchema: 'cdm' });
  assert.deepEqual([finding?.code, finding?.severity], ['table-missing', 'error']);
  // A table of that name beside the clinical ones is not the one that is meant.
  await hospital.pool.query('create table cdm.image_occurrence (image_occurrence_id bigint)');
  await assert.rejects(count(), refused);
  await hospital.pool.query(readFileSync(join(migrationsFolder, 'results', '0002-imaging.sql'), 'utf8'));
  await assert.rejects(count(), refused);
});

test('is counted once the administrator has let the role read, and the version of the data knows of images', async () => {
  await hospital.pool.query(
    `grant usage on schema imaging to ${role}; grant select on all tables in schema imaging to ${role}`,
  );
  assert.equal(await count(), 0);
  const before = await version();
  await hospital.pool.query(`
    insert into imaging.image_occurrence (image_occurrence_id, person_id, image_occurrence_date, image_study_uid, image_series_uid, modality_concept_id, kvp)
      select i, i, '2012-01-01', 's' || i, 't' || i, 1, 30 * i from generate_series(1, 7) i; select pg_stat_force_next_flush(); select 1`);
  assert.equal(await count(), 4);
  assert.notEqual(await version(), before);
});
