import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PoolClient } from 'pg';
import { loadCdm } from '#node/cdm/load.ts';
import { dataVersion } from '#node/cdm/version.ts';
import { testDatabase } from '#test/support/database.ts';
import { type RunningProcess, startMoim } from '#test/support/process.ts';
import { temporaryHome } from '#test/support/temporary-home.ts';
import { extractOf, named, until } from './extract.ts';

test('a refresh killed at any moment leaves the old data in force, and the next one cleans up', async (t) => {
  const database = await testDatabase(t, { streams: ['cdm', 'moim', 'results'] });
  const { pool, url } = database;
  const home = temporaryHome(t);
  const env = { PATH: process.env.PATH, MOIM_DATABASE_URL: url };
  const init = startMoim(t, home, ['node', 'init'], { env });
  assert.equal((await init.ended).code, 0, init.stderr());
  await loadCdm(database, { directory: extractOf(t, { sources: named(50) }), schema: 'cdm' });
  const before = await dataVersion(pool, 'cdm', true);
  const directory = extractOf(t, { sources: named(30_000), year: 1970 });
  const runs = (query: string) => async () =>
    (
      await pool.query(
        'select from pg_stat_activity where datname = current_database() and query ~ $1 and pid <> pg_backend_pid()',
        [query],
      )
    ).rowCount !== 0;
  const tells = (child: RunningProcess, what: string) => () => child.stderr().includes(what);

  // Each brings the refresh to a moment, with a session that holds it there.
  const moments: Readonly<Record<string, (child: RunningProcess, holder: PoolClient) => Promise<void>>> = {
    'the load beside': () => until('the load', runs('^copy "cdm_beside"."person"')),
    'the check': async (_, holder) => {
      await until('the load', runs('^copy "cdm_beside"."person"'));
      await holder.query('begin; lock table cdm.concept in access exclusive mode');
      await until('the check to wait', runs('from "cdm_beside"."concept"'));
    },
    'the wait for a job': async (child, holder) => {
      await holder.query(`select pg_advisory_lock_shared(hashtextextended('moim.cdm.data.cdm', 0))`);
      await until('the wait for a job', tells(child, 'waiting for jobs that run on the data in force'));
    },
    'the swap': async (child, holder) => {
      await holder.query('begin; lock table cdm.person in access share mode');
      await until('the wait for a reader', tells(child, 'waiting for other sessions'));
    },
  };
  for (const [name, reach] of Object.entries(moments)) {
    const holder = await pool.connect();
    try {
      const child = startMoim(t, home, ['cdm', 'refresh', directory, '--json'], { env, lifeMs: 90_000 });
      await reach(child, holder).catch((cause: unknown) => {
        throw new Error(`${name}: ${String(cause)}; ${child.stderr()}`);
      });
      child.kill('SIGKILL');
      assert.equal((await child.ended).signal, 'SIGKILL', `${name}: it was over before`);
    } finally {
      holder.release(true);
    }
    assert.equal(await dataVersion(pool, 'cdm', true), before, name);
  }
  assert.equal((await pool.query("select from pg_namespace where nspname = 'cdm_beside'")).rowCount, 1);
  const check = startMoim(t, home, ['cdm', 'check'], { env });
  await check.ended;
  assert.match(check.stdout(), /refresh-left-over +cdm_beside/);
  const whole = startMoim(t, home, ['cdm', 'refresh', directory, '--json'], { env, lifeMs: 90_000 });
  assert.equal((await whole.ended).code, 0, whole.stderr());
  const last = JSON.parse(whole.stdout().trim().split('\n').at(-1)!);
  assert.deepEqual([last.persons.persons, last.persons.keyed], [30_000, 30_000]);
  assert.equal((await pool.query("select from pg_namespace where nspname = 'cdm_beside'")).rowCount, 0);
});
