/** A hospital's own CDM, attached: the role of `node init --grants` reads it, cannot write to it, and a role that could is refused. */

import assert from 'node:assert/strict';
import { after, it } from 'node:test';
import pg from 'pg';
import { pgTypes } from '#host/postgres/types.ts';
import { checkAttached } from '#node/attached.ts';
import { attachedVersion } from '#node/cdm/attached-version.ts';
import { dataVersion } from '#node/cdm/version.ts';
import { countCohort } from '#node/cohort/generate.ts';
import { openNodeDatabase } from '#node/database.ts';
import { grants } from '#node/grants.ts';
import { read } from '#sql/circe/read.ts';
import { testDatabase } from '../support/database.ts';
import { temporaryHome } from '../support/temporary-home.ts';

const password = 'only for this test';
const role = `moim_reader_${process.pid}`;
const endings: (() => Promise<void>)[] = [];
const later = { after: (work: () => Promise<void>) => void endings.push(work) };
const hospital = await testDatabase(later, { streams: ['cdm'] });
const own = await testDatabase(later);
await hospital.pool.query(`
  insert into cdm.person (person_id, gender_concept_id, year_of_birth, race_concept_id, ethnicity_concept_id)
    select i, 8507, 1950, 0, 0 from generate_series(1, 7) i;
  insert into cdm.observation_period values (1, 1, '2010-01-01', '2020-12-31', 0), (2, 2, '2010-01-01', '2020-12-31', 0);
`);
await hospital.pool.query(grants('cdm').replaceAll('moim_reader', role));
await hospital.pool.query(`alter role ${role} password '${password}'`);
const url = new URL(hospital.url);
url.username = role;
url.password = encodeURIComponent(password);
const readerUrl = url.toString();
const reader = new pg.Pool({ connectionString: readerUrl, types: pgTypes });
reader.on('error', () => {});
after(async () => {
  await reader.end();
  await hospital.pool.query(`drop owned by ${role}; drop role ${role}`);
  for (const end of endings) await end();
});

const definition = JSON.stringify({
  ConceptSets: [],
  PrimaryCriteria: {
    CriteriaList: [{ ObservationPeriod: {} }],
    ObservationWindow: { PriorDays: 0, PostDays: 0 },
    PrimaryCriteriaLimit: { Type: 'All' },
  },
  InclusionRules: [],
  CensoringCriteria: [],
  CollapseSettings: { CollapseType: 'ERA', EraPad: 0 },
});

it('counts a cohort with SELECT alone', async () => {
  const result = read(definition);
  assert.ok(result.ok);
  const counts = await countCohort(reader, result.expression, { cdmSchema: 'cdm', timeoutMs: 10_000 });
  assert.equal(counts.persons, 2);
  assert.equal(counts.population, 7);
});

it('gives the attached data a version', async () => {
  const client = await reader.connect();
  try {
    assert.match(await dataVersion(client, 'cdm'), /^[0-9a-f]{32}/);
  } finally {
    client.release();
  }
});

it('gives them another version when a row changes, and the same while none does, reading no row', async () => {
  const ask = async () => {
    const client = await reader.connect();
    try {
      return await attachedVersion(client, 'cdm');
    } finally {
      client.release();
    }
  };
  // Counters are written at the end of a transaction, by its own session: a forced flush makes it at once.
  const change = (statement: string) =>
    hospital.pool.query(`${statement}; select pg_stat_force_next_flush(); select 1`);
  await change('select 1');
  const before = await ask();
  assert.equal(await ask(), before);
  await change('update cdm.person set month_of_birth = 2 where person_id = 1');
  const until = performance.now() + 10_000;
  while ((await ask()) === before && performance.now() < until)
    await new Promise((resolve) => setTimeout(resolve, 50));
  assert.notEqual(await ask(), before);
});

it('fingerprints views, whose state the catalogue does not know', async () => {
  await hospital.pool.query(
    `create schema shown; create view shown.person as select * from cdm.person; grant usage on schema shown to ${role}; grant select on shown.person to ${role}`,
  );
  const client = await reader.connect();
  try {
    assert.equal(await attachedVersion(client, 'shown'), await dataVersion(client, 'shown', true));
  } finally {
    client.release();
  }
});

it('cannot write to the attached CDM with the granted role, in any way', async () => {
  const tries = [
    `insert into cdm.person (person_id, gender_concept_id, year_of_birth, race_concept_id, ethnicity_concept_id) values (99, 0, 1950, 0, 0)`,
    'update cdm.person set year_of_birth = 1900',
    'delete from cdm.person',
    'truncate cdm.person',
    'drop table cdm.person',
    'create table cdm.ours (x int)',
    'create index on cdm.person (year_of_birth)',
  ];
  for (const statement of tries) {
    const client = await reader.connect();
    try {
      // Read only by default is the belt; the rights themselves are the braces.
      await client.query('set default_transaction_read_only = off');
      await assert.rejects(client.query(statement), { code: '42501' }, statement);
    } finally {
      client.release(true);
    }
  }
  const { rows } = await hospital.pool.query('select count(*) as n, min(year_of_birth) as y from cdm.person');
  assert.deepEqual(rows, [{ n: 7n, y: 1950 }]);
});

it('opens a node on an attached CDM and leaves it as it was', async (t) => {
  const tables = () =>
    hospital.pool.query(`select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname !~ '^pg_|information_schema' order by 1, 2`);
  const before = (await tables()).rows;
  const database = await openNodeDatabase({
    home: temporaryHome(t),
    databaseUrl: own.url,
    cdmUrl: readerUrl,
    cdmSchema: 'cdm',
  });
  assert.equal(database.attached, true);
  await database.close();
  assert.deepEqual((await tables()).rows, before);
});

it('refuses a role that could write', async (t) => {
  await assert.rejects(checkAttached(hospital.pool, 'cdm'), { code: 'cdm-writable' });
  const opening = openNodeDatabase({
    home: temporaryHome(t),
    databaseUrl: own.url,
    cdmUrl: hospital.url,
    cdmSchema: 'cdm',
  });
  await assert.rejects(opening, { code: 'cdm-writable' });
});

it('names the schema that is not there', async () => {
  await assert.rejects(checkAttached(reader, 'elsewhere'), { code: 'cdm-missing' });
});
