import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import pg from 'pg';
import { freePort } from '#host/ports.ts';
import { openDatabase, refuseOld } from '#host/postgres/database.ts';
import { makeLayout } from '#host/postgres/layout.ts';
import { migrate } from '#host/postgres/migrate.ts';
import { chooseRunAs } from '#host/postgres/run-as.ts';
import { fastAndFragile } from '#host/postgres/settings.ts';
import { startServer, stopServer } from '#host/postgres/start.ts';
import { testDatabase } from '#test/support/database.ts';
import { temporaryHome } from '#test/support/temporary-home.ts';

const given = testDatabase({ after });

test('a given server is used as it is: values have our types, whatever its settings', async (t) => {
  const { url, pool } = await given;
  const name = new URL(url).pathname.slice(1);
  await pool.query(`ALTER DATABASE ${name} SET TimeZone = 'Asia/Seoul'`);
  await pool.query(`ALTER DATABASE ${name} SET DateStyle = 'German'`);
  const database = await openDatabase({ home: temporaryHome(t), url, applicationName: 'moim-of-a-test' });
  try {
    assert.equal(database.embedded, false);
    const { rows } = await database.pool.query(
      `SELECT date '2020-01-31' AS day, timestamp '2020-01-31 09:30:00' AS local,
              timestamptz '2020-01-31 09:30:00.123987+09' AS instant, timestamptz '2020-01-31 00:00Z' AS whole,
              'infinity'::timestamptz AS never,
              9007199254740993::bigint AS big, count(*) AS n, sum(7) AS total, 1.50::numeric AS exact,
              ARRAY[1, NULL, 9007199254740993]::bigint[] AS bigs, ARRAY[[date '2020-01-31']] AS days,
              ARRAY[1, 2]::integer[] AS ints, ARRAY[0.10]::numeric[] AS exacts,
              7 AS small, 0.5::float8 AS half, NULL::date AS nothing, '{"a": [1]}'::jsonb AS document,
              current_setting('application_name') AS who`,
    );
    assert.deepEqual(rows, [
      {
        day: '2020-01-31',
        local: '2020-01-31 09:30:00',
        instant: '2020-01-31T00:30:00.123Z',
        whole: '2020-01-31T00:00:00.000Z',
        never: 'infinity',
        big: 9007199254740993n,
        n: 1n,
        total: 7n,
        exact: '1.50',
        bigs: [1n, null, 9007199254740993n],
        days: [['2020-01-31']],
        ints: [1, 2],
        exacts: ['0.10'],
        small: 7,
        half: 0.5,
        nothing: null,
        document: { a: [1] },
        who: 'moim-of-a-test',
      },
    ]);
  } finally {
    await database.close();
  }
});

test('no global parser of the driver is changed', async () => {
  const { url } = await given;
  const plain = new pg.Client({ connectionString: url });
  await plain.connect();
  try {
    const { rows } = await plain.query('SELECT 1::bigint AS n');
    assert.deepEqual(rows, [{ n: '1' }]);
  } finally {
    await plain.end();
  }
});

test('close ends the sessions that were left open, and can be called twice', async (t) => {
  const { url, pool } = await given;
  const database = await openDatabase({ home: temporaryHome(t), url, applicationName: 'left-open' });
  await database.connect();
  await database.pool.query('SELECT 1');
  const sessions = async () => {
    const { rows } = await pool.query(
      `SELECT count(*) AS n FROM pg_stat_activity WHERE application_name = 'left-open'`,
    );
    return rows[0].n;
  };
  assert.equal(await sessions(), 2n);
  await Promise.all([database.close(), database.close()]);
  for (let turn = 0; (await sessions()) > 0n; turn += 1) assert.ok(turn < 500, 'sessions remain');
});

test('a session that the server ends does not end the process', async (t) => {
  const { url, pool } = await given;
  const database = await openDatabase({ home: temporaryHome(t), url, applicationName: 'ended-by-server' });
  try {
    const client = await database.connect();
    await database.pool.query('SELECT 1');
    await pool.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ended-by-server'`,
    );
    await assert.rejects(client.query('SELECT 1'));
    await database.reopen();
    assert.deepEqual((await database.pool.query('SELECT 1 AS n')).rows, [{ n: 1 }]);
  } finally {
    await database.close();
  }
});

test('a server before PostgreSQL 15 is refused', () => {
  assert.throws(() => refuseOld(140_011), { code: 'database-too-old' });
  assert.throws(() => refuseOld(Number.NaN), { code: 'database-too-old' });
  refuseOld(150_000);
});

const debian = '/usr/lib/postgresql/15/bin';
const without15 = existsSync(join(debian, 'postgres')) ? false : "Debian's PostgreSQL 15 is not installed.";
test("Debian's PostgreSQL 15 serves as well as our own", { skip: without15 }, async (t) => {
  const layout = makeLayout(temporaryHome(t));
  const binaries = { initdb: join(debian, 'initdb'), postgres: join(debian, 'postgres') };
  const runAs = chooseRunAs(layout.folder, layout.data, binaries);
  const { file, args, options } = runAs.command(binaries.initdb, [
    `--pgdata=${layout.data}`,
    '--username=moim',
    '--auth=trust',
    '--encoding=UTF8',
    '--locale=C.UTF-8',
    '--no-sync',
  ]);
  assert.equal(spawnSync(file, args, { uid: options.uid, gid: options.gid, cwd: '/' }).status, 0);
  const server = await startServer(layout, binaries, runAs, {
    settings: fastAndFragile,
    nextPort: (_, avoid) => freePort({ random: Math.random, avoid }),
  });
  try {
    const url = `postgresql://moim@127.0.0.1:${server.port}/postgres`;
    const database = await openDatabase({ home: layout.folder, url });
    try {
      for (const stream of ['results', 'moim', 'hub', 'cdm'] as const)
        await migrate(database, stream, stream);
      const { rows } = await database.pool.query(
        `SELECT current_setting('server_version_num')::integer / 10000 AS major`,
      );
      assert.deepEqual(rows, [{ major: 15 }]);
    } finally {
      await database.close();
    }
  } finally {
    await stopServer(server);
  }
});
