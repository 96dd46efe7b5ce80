/** Generated cohorts go with the data that they were generated on: whoever left the extract is in none of them. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import pg from 'pg';
import { withSteadyData } from '#node/cdm/hold.ts';
import { loadCdm } from '#node/cdm/load.ts';
import { refreshCdm } from '#node/cdm/refresh.ts';
import { synthesiseInto } from '#node/cdm/synth.ts';
import { findRuns } from '#node/cohort/record.ts';
import { testDatabase } from '#test/support/database.ts';
import { temporaryHome } from '#test/support/temporary-home.ts';
import { cohort } from '../../sql/circe/definitions.ts';
import { moim } from '../cohort/command-line.ts';
import { extractOf, named, until } from './extract.ts';

const home = temporaryHome({ after });
const database = await testDatabase({ after }, { streams: ['cdm', 'results', 'moim'] });
const { url, pool } = database;
const everybody = join(home, 'everybody.json');
writeFileSync(everybody, JSON.stringify(cohort([{ ObservationPeriod: {} }])));

const extract = (count: number, year = 1950) => extractOf({ after }, { sources: named(count), year });
const broken = () =>
  extractOf({ after }, { sources: named(3), extra: { 'death.csv': 'person_id,death_date\n1,never\n' } });
const load = (directory: string) => loadCdm(database, { directory, schema: 'cdm', replace: true });
const refresh = (directory: string) =>
  refreshCdm(database, { directory, schema: 'cdm', at: '2026-01-01T00:00:00.000Z' });

async function generate(...files: readonly string[]): Promise<string> {
  const { lines } = await moim('generate', files.length > 0 ? files : [everybody], {
    MOIM_DATABASE_URL: url,
  });
  return lines
    .map((line) => JSON.parse(line))
    .map(({ status, persons, cached }) => (status === 'ok' ? `${persons} ${cached}` : status))
    .join(', ');
}

/** How many persons stand in cohorts, and in how many runs. */
async function kept(): Promise<string> {
  const { rows } = await pool.query(
    `select (select count(distinct subject_id) from results.cohort) || ' persons, ' ||
       (select count(*) from results.cohort_run) || ' runs' as kept`,
  );
  return rows[0].kept;
}

beforeEach(async () => {
  await load(extract(20));
  await pool.query('truncate results.cohort, results.cohort_run');
  assert.equal(await generate(), '20 false');
  assert.equal(await kept(), '20 persons, 1 runs');
});

test('a refresh removes them, and the next run counts the new data', async () => {
  await refresh(extract(15));
  assert.equal(await kept(), '0 persons, 0 runs');
  assert.equal(await generate(), '15 false');
  assert.equal(await generate(), '15 true');
  assert.equal(await kept(), '15 persons, 1 runs');
});

test('a load removes them too', async () => {
  await load(extract(12));
  assert.equal(await kept(), '0 persons, 0 runs');
});

test('the same data keep them', async () => {
  await refresh(extract(20));
  await load(extract(20));
  assert.equal(await kept(), '20 persons, 1 runs');
  assert.equal(await generate(), '20 true');
});

test('the same data keep them though tables change one by one, as after a backup was put back', async () => {
  await pool.query(
    'create table runs as table results.cohort_run; create table rows as table results.cohort',
  );
  await load(extract(3));
  assert.equal(await kept(), '0 persons, 0 runs');
  await pool.query(
    `insert into results.cohort_run overriding system value table runs; insert into results.cohort table rows; drop table runs, rows`,
  );
  await load(extract(20));
  assert.equal(await generate(), '20 true');
});

test('a load that breaks off removes them where tables before it were loaded', async () => {
  await assert.rejects(load(broken()), { code: 'cdm-bad-row' });
  assert.equal((await pool.query('select from cdm.person')).rowCount, 3);
  assert.equal(await kept(), '0 persons, 0 runs');
});

test('where the new data are refused they stay', async () => {
  await assert.rejects(refresh(broken()), { code: 'cdm-bad-row' });
  await pool.query(`create function results.fault() returns trigger language plpgsql as $$ begin raise 'fault'; end $$;
    create trigger fault before delete on results.cohort_run execute function results.fault()`);
  // Planted: rows that cannot be removed keep the new data from coming into force.
  await assert.rejects(refresh(extract(15)));
  await pool.query('drop function results.fault cascade');
  assert.equal(await kept(), '20 persons, 1 runs');
  assert.equal(await generate(), '20 true');
});

test('what a run writes while the refresh waits for it is removed as well', async (t) => {
  const [begun, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  t.after(() => release.resolve());
  const run = withSteadyData(pool, 'cdm', undefined, async () => {
    begun.resolve();
    await release.promise;
    await pool.query(
      `with run as (insert into results.cohort_run (name, definition_sha256, data_version, started_at, status)
         select 'late', '', data_version, started_at, 'ok' from results.cohort_run returning cohort_definition_id)
       insert into results.cohort select cohort_definition_id, 20, '2001-01-01', '2001-01-02' from run`,
    );
  });
  await begun.promise;
  const waits: string[] = [];
  // A server whose default is stricter: the rows are younger than the refresh's first look.
  const strict = new pg.Pool({
    connectionString: url,
    options: '-c default_transaction_isolation=serializable',
  });
  t.after(() => strict.end());
  const refreshed = refreshCdm(
    { pool: strict },
    {
      directory: extract(15),
      schema: 'cdm',
      at: '2026-01-01T00:00:00.000Z',
      onWait: (what) => void waits.push(what),
    },
  );
  await until('the refresh to wait for the run', () => waits.some((what) => what.startsWith('jobs')));
  release.resolve();
  await run;
  assert.ok((await refreshed).swapped);
  assert.equal(await kept(), '0 persons, 0 runs');
});

test('what a run wrote that had lost its hold on the data goes at the next run', async () => {
  const { rows } = await pool.query('select data_version as v from results.cohort_run');
  await refresh(extract(15));
  await pool.query(
    `with run as (insert into results.cohort_run (name, definition_sha256, data_version, started_at, status)
       values ('late', '', $1, now(), 'ok') returning cohort_definition_id)
     insert into results.cohort select cohort_definition_id, 20, '2001-01-01', '2001-01-02' from run`,
    [rows[0].v],
  );
  assert.equal(await generate(), '15 false');
  assert.equal(await kept(), '15 persons, 1 runs');
});

test('a run that is long at work leaves alone what another notes meanwhile, of newer data', async () => {
  const key = { name: 'x', definitionSha256: 'x', dataVersion: 'cdm:older', vocabularyVersion: null };
  const names = async () => (await pool.query('select name from results.cohort_run order by 1')).rows;
  await findRuns(pool, 'results', [key], { force: true, begins: true });
  assert.deepEqual(await names(), [], 'what was there when it began is gone');
  await pool.query(
    `insert into results.cohort_run (name, definition_sha256, data_version, started_at, status) values ('newer', '', 'cdm:newer', now(), 'ok')`,
  );
  await findRuns(pool, 'results', [key], { force: true, begins: false });
  assert.deepEqual(await names(), [{ name: 'newer' }]);
});

test('a refresh that ends before the swap leaves the cohorts of the data in force, also those that do not say of which CDM they are', async () => {
  await pool.query(
    `insert into results.cohort_run (name, definition_sha256, data_version, started_at, status) values ('old form', '', '${'1'.repeat(32)}', now(), 'ok')`,
  );
  const stop = new AbortController();
  const refreshed = refreshCdm(database, {
    directory: extract(15),
    schema: 'cdm',
    at: '2026-01-01T00:00:00.000Z',
    signal: stop.signal,
    onWait: (what) => {
      if (what === 'the check of the new data') stop.abort();
    },
  });
  await assert.rejects(refreshed);
  assert.equal(await kept(), '20 persons, 2 runs');
});

test('cohorts of another CDM in the same database stay, and those of a CDM that others fill', async () => {
  await pool.query(
    `insert into results.cohort_run (name, definition_sha256, data_version, started_at, status) values
       ('a', '', 'cdm2:${'0'.repeat(32)}', now(), 'ok'), ('b', '', 'unversioned', now(), 'ok'), ('c', '', '${'1'.repeat(32)}', now(), 'ok')`,
  );
  await refresh(extract(15));
  const { rows } = await pool.query('select name from results.cohort_run order by 1');
  // Of the third nobody can say of which CDM it is.
  assert.deepEqual(
    rows.map(({ name }) => name),
    ['a', 'b'],
  );
});

// The last: what it fills an extract would have to hold.
test('a synthetic hospital removes them too', async () => {
  await synthesiseInto(database, { persons: 5, seed: '1', schema: 'cdm', replace: true });
  assert.equal(await kept(), '0 persons, 0 runs');
});
