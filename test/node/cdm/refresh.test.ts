import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Pool } from 'pg';
import { withSteadyData } from '#node/cdm/hold.ts';
import { loadCdm } from '#node/cdm/load.ts';
import { type RefreshOptions, refreshCdm } from '#node/cdm/refresh.ts';
import { synthesiseInto } from '#node/cdm/synth.ts';
import { dataVersion } from '#node/cdm/version.ts';
import { testDatabase } from '#test/support/database.ts';
import { extractOf, named, refused, until } from './extract.ts';

const streams = { streams: ['cdm', 'moim'] } as const;

const refresh = (pool: Pool, directory: string, more: Partial<RefreshOptions> = {}) =>
  refreshCdm({ pool }, { directory, schema: 'cdm', at: '2026-01-01T00:00:00.000Z', ...more });

const yearsOf = async (pool: Pool) =>
  (await pool.query<{ y: number }>('select distinct year_of_birth as y from cdm.person order by 1')).rows.map(
    ({ y }) => y,
  );

const besides = async (pool: Pool) =>
  (await pool.query("select 1 from pg_namespace where nspname like '%beside%'")).rowCount;

/** A filled CDM: vocabulary of a synthetic hospital, the persons of an extract. */
async function filled(t: TestContext, sources = named(20)) {
  const database = await testDatabase(t, streams);
  const { pool } = database;
  await loadCdm(database, { directory: extractOf(t, { sources }), schema: 'cdm' });
  await pool.query(
    `insert into cdm.concept values (8507, 'MALE', 'Gender', 'Gender', 'Gender', 'S', 'M', '1970-01-01', '2099-12-31', null)`,
  );
  return { pool, before: await dataVersion(pool, 'cdm') };
}

/** A job that holds the data when this resolves, and looks at them once more at its end. */
async function startJob<T>(pool: Pool, look: () => Promise<T>) {
  const [begun, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const answer = withSteadyData(pool, 'cdm', undefined, async () => {
    begun.resolve();
    await release.promise;
    return look();
  });
  await begun.promise;
  return {
    end(): Promise<T> {
      release.resolve();
      return answer;
    },
  };
}

test('puts a new extract in place of the old one, with keys, indexes and grants, and keeps the vocabulary', async (t) => {
  const { pool, before } = await filled(t);
  const role = `moim_auditor_${process.pid}`;
  await pool.query(`create role ${role}; grant select on cdm.person to ${role}`);
  t.after(async () => void (await pool.query(`drop owned by ${role}; drop role ${role}`).catch(() => {})));
  await pool.query('create index by_year on cdm.person (year_of_birth) where year_of_birth > 1900');
  const shape = async () =>
    (
      await pool.query<{ line: string }>(
        `select pg_get_indexdef(indexrelid) as line from pg_index where indrelid in ('cdm.person'::regclass, 'cdm.observation_period'::regclass)
         union all select conname || ' ' || pg_get_constraintdef(oid) from pg_constraint where conrelid = 'cdm.person'::regclass
         union all select relname || relacl::text from pg_class where oid = 'cdm.person'::regclass
         union all select attname || atttypid::regtype from pg_attribute where attrelid = 'cdm.person'::regclass and attnum > 0 order by 1`,
      )
    ).rows.map(({ line }) => line);
  const shapeBefore = await shape();
  const report = await refresh(pool, extractOf(t, { sources: named(25), year: 1960 }));
  assert.deepEqual(
    report.tables.map(({ table, rows }) => [table, rows]),
    [
      ['person', 25],
      ['observation_period', 25],
    ],
  );
  assert.equal(report.swapped?.before, before);
  assert.equal(report.swapped?.after, await dataVersion(pool, 'cdm', true));
  assert.notEqual(report.swapped?.after, before);
  assert.deepEqual(await yearsOf(pool), [1960]);
  assert.equal((await pool.query('select 1 from cdm.concept')).rowCount, 1);
  assert.deepEqual(await shape(), shapeBefore);
  assert.equal(await besides(pool), 0);
});

test('gives unchanged data the same data version', async (t) => {
  const { pool, before } = await filled(t);
  const { swapped } = await refresh(pool, extractOf(t, { sources: named(20) }));
  assert.deepEqual([swapped?.before, swapped?.after], [before, before]);
});

test('leaves everything as it was on bad rows, on data in error, and on a whole table that is not given', async (t) => {
  const { pool, before } = await filled(t);
  const asBefore = async () => {
    assert.equal(await dataVersion(pool, 'cdm', true), before);
    assert.deepEqual(await yearsOf(pool), [1950]);
    assert.equal(await besides(pool), 0);
  };
  const bad = extractOf(t, { sources: named(3), extra: { 'death.csv': 'person_id,death_date\n1,Marker\n' } });
  const row = await refused(refresh(pool, bad));
  assert.deepEqual(
    [row.code, row.message],
    ['cdm-bad-row', 'death.csv:2 death_date: not a date (YYYY-MM-DD)'],
  );
  await asBefore();
  const twice = await refused(
    refresh(pool, extractOf(t, { sources: named(3), extra: { 'death.csv': 'person_id\n1\n' } })),
  );
  assert.equal(twice.code, 'cdm-bad-file');
  await asBefore();
  // An error of the check: a column that is not of its type breaks every question.
  await pool.query('alter table cdm.person alter year_of_birth type text');
  const broken = await refresh(pool, extractOf(t, { sources: named(3) }));
  assert.equal(broken.swapped, undefined);
  assert.ok(broken.findings.some(({ severity, code }) => severity === 'error' && code === 'column-type'));
  await pool.query('alter table cdm.person alter year_of_birth type integer using year_of_birth::int');
  await asBefore();
  await pool.query("insert into cdm.death (person_id, death_date) values (1, '2019-01-01')");
  const lacking = await refused(refresh(pool, extractOf(t, { sources: named(3) })));
  assert.deepEqual(
    [lacking.code, lacking.message],
    ['cdm-bad-file', 'death: holds rows, and the folder has no death.csv'],
  );
  await pool.query('delete from cdm.death');
  await asBefore();
});

test('leaves everything as it was when the disk is full and when it is interrupted', async (t) => {
  const { pool, before } = await filled(t);
  // No disk is filled here: the database says what it says when one is, in the middle of the rows.
  await pool.query(
    `create function cdm.full_disk(integer) returns boolean language plpgsql as
       $$ begin if $1 = 1999 then raise 'could not extend file' using errcode = '53100'; end if; return true; end $$;
     alter table cdm.person add constraint room check (cdm.full_disk(year_of_birth))`,
  );
  const full = await refresh(pool, extractOf(t, { sources: named(3), year: 1999 })).then(
    () => undefined,
    (error: unknown) => (error as { code?: string }).code,
  );
  assert.equal(full, '53100');
  assert.equal(await besides(pool), 0);
  const abort = new AbortController();
  const stopped = await refused(
    refresh(pool, extractOf(t, { sources: named(3), year: 1960 }), {
      signal: abort.signal,
      onTable: () => abort.abort(),
    }),
  );
  assert.equal(stopped.code, 'interrupted');
  assert.equal(await besides(pool), 0);
  assert.equal(await dataVersion(pool, 'cdm', true), before);
});

test('waits for a job, which sees the old data to its end, and lets new jobs wait only for the swap', async (t) => {
  const { pool, before } = await filled(t);
  const job = await startJob(pool, async () => [await dataVersion(pool, 'cdm', true), await yearsOf(pool)]);
  const waits: string[] = [];
  const work = refresh(pool, extractOf(t, { sources: named(25), year: 1960 }), {
    onWait: (what) => void waits.push(what),
  });
  await until('the refresh to wait for the job', () => waits.includes('jobs that run on the data in force'));
  const next = withSteadyData(pool, 'cdm', undefined, () => yearsOf(pool));
  assert.deepEqual(await job.end(), [before, [1950]]);
  const { swapped } = await work;
  assert.equal(swapped?.before, before);
  assert.deepEqual(await next, [1960]);
});

test('gives way to readers that hold one table and want the next', async (t) => {
  const { pool } = await filled(t);
  const reader = await pool.connect();
  await reader.query('begin; select from cdm.observation_period limit 1');
  const waits: string[] = [];
  const work = refresh(pool, extractOf(t, { sources: named(25), year: 1960 }), {
    onWait: (what) => void waits.push(what),
  });
  await until('the refresh to meet the reader', () => waits.includes('other sessions that read the tables'));
  // `person` is locked before `observation_period`: without giving way each would wait for the other.
  assert.equal((await reader.query('select distinct year_of_birth as y from cdm.person')).rows[0].y, 1950);
  await reader.query('commit');
  reader.release();
  assert.ok((await work).swapped);
});

test('is refused while another command fills, clearly', async (t) => {
  const { pool } = await filled(t);
  const directory = extractOf(t, { sources: named(5), year: 1970 });
  const waits: string[] = [];
  const job = await startJob(pool, async () => {});
  const first = refresh(pool, directory, { onWait: (what) => void waits.push(what) });
  await until('the first to wait', () => waits.some((what) => what.startsWith('jobs')));
  const [second, third, fourth] = await Promise.all([
    refused(refresh(pool, directory)),
    refused(loadCdm({ pool }, { directory, schema: 'cdm', replace: true })),
    refused(synthesiseInto({ pool }, { persons: 5, seed: '1', schema: 'cdm', replace: true })),
  ]);
  assert.deepEqual([second.code, third.code, fourth.code], ['cdm-busy', 'cdm-busy', 'cdm-busy']);
  await job.end();
  assert.ok((await first).swapped);
});

test('a load with --replace waits for jobs too', async (t) => {
  const { pool } = await filled(t);
  const job = await startJob(pool, () => yearsOf(pool));
  const waits: string[] = [];
  const load = loadCdm(
    { pool },
    {
      directory: extractOf(t, { sources: named(5), year: 1970 }),
      schema: 'cdm',
      replace: true,
      onWait: (what) => void waits.push(what),
    },
  );
  await until('the load to wait', () => waits.length > 0);
  assert.deepEqual(await job.end(), [1950]);
  await load;
  assert.deepEqual(await yearsOf(pool), [1970]);
});

test('names views of the hospital that stand on a table, and a schema beside that is not ours', async (t) => {
  const { pool, before } = await filled(t);
  await pool.query('create schema reports; create view reports.old as select * from cdm.person');
  const directory = extractOf(t, { sources: named(5), year: 1970 });
  const bound = await refused(refresh(pool, directory));
  assert.deepEqual([bound.code, bound.exit], ['cdm-bound', 3]);
  assert.match(bound.message, /^reports\.old: /);
  await pool.query('drop view reports.old; create schema cdm_beside; create table cdm_beside.theirs ()');
  const theirs = await refused(refresh(pool, directory));
  assert.equal(theirs.code, 'cdm-attached');
  assert.equal((await pool.query('select from cdm_beside.theirs')).rowCount, 0);
  assert.equal(await dataVersion(pool, 'cdm', true), before);
});
