import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chownSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import { openDatabase } from '#host/postgres/database.ts';
import { processMark } from '#host/postgres/process-mark.ts';
import { startProcess } from '#test/support/process.ts';
import { temporaryHome } from '#test/support/temporary-home.ts';
import { assertStopped, clusterForTests, program, ready, use } from './server-home.ts';

const serverHome = clusterForTests();

describe('the server of a home', { concurrency: false }, () => {
  test('is made and started once by two processes that begin together, and stopped by the last one out', async (t) => {
    const home = join(temporaryHome(t), 'new');
    const [one, two] = [use(t, 'hold', home), use(t, 'hold', home)];
    const [first, second] = await Promise.all([ready(one), ready(two)]);
    assert.deepEqual(first, second);

    one.kill('SIGTERM');
    assert.equal((await one.ended).code, 0);
    assert.notEqual(processMark(first.server), undefined, 'stopped under the other process');

    const third = use(t, 'hold', home);
    assert.deepEqual(await ready(third), first);
    two.kill('SIGTERM');
    await two.ended;
    third.kill('SIGTERM');
    await third.ended;
    assertStopped(home, first.server);
  });

  test('keeps password and data from other users of the machine', async (t) => {
    const home = serverHome(t);
    const database = await openDatabase({ home });
    try {
      assert.equal(statSync(join(home, 'postgres', 'password')).mode & 0o777, 0o600);
      for (const folder of ['postgres', 'postgres/data', 'postgres/users']) {
        assert.equal(statSync(join(home, folder)).mode & 0o777, 0o700, folder);
      }
      const password = readFileSync(join(home, 'postgres', 'password'), 'utf8');
      assert.ok(password.length >= 32);
      for (const shown of [inspect(database, { depth: 8 }), JSON.stringify(database.pool.options)]) {
        assert.equal(shown.includes(password), false, 'a printed database shows its password');
      }
      const { rows } = await database.pool.query(
        `SELECT current_setting('listen_addresses') AS at, current_setting('unix_socket_directories') AS socket,
                current_setting('data_checksums') AS checksums, current_setting('fsync') AS fsync`,
      );
      assert.deepEqual(rows, [{ at: '127.0.0.1', socket: '', checksums: 'on', fsync: 'on' }]);
      await assert.rejects(
        openDatabase({ home, url: database.url.replace(encodeURIComponent(password), 'guessed') }),
        (error: Error & { code: string }) =>
          error.code === 'database-unavailable' && !error.message.includes('guessed'),
      );
    } finally {
      await database.close();
    }
  });

  for (const [name, signal, group] of [
    ['SIGTERM', 'SIGTERM', undefined],
    ['Ctrl-C, which reaches the whole process group', 'SIGINT', 'group'],
  ] as const) {
    test(`is stopped cleanly on ${name}`, async (t) => {
      const home = serverHome(t);
      const user = use(t, 'hold', home);
      const { server } = await ready(user);
      user.kill(signal, group);
      assert.deepEqual(await user.ended, { code: 0, signal: null });
      assertStopped(home, server);
      const log = readFileSync(join(home, 'postgres', 'server.log'), 'utf8');
      assert.match(log, /database system is shut down\n$/);
      assert.doesNotMatch(log, /immediate shutdown|interrupted/);
      assert.equal(user.stderr(), '');
    });
  }

  test('is stopped when its only user exits without closing', async (t) => {
    const home = serverHome(t);
    const user = use(t, 'forget', home);
    const { server } = await ready(user);
    assert.equal((await user.ended).code, 0);
    assertStopped(home, server);
  });

  test('takes another port when its last one is taken', async (t) => {
    const home = serverHome(t);
    const first = await openDatabase({ home });
    const port = Number(new URL(first.url).port);
    await first.close();
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
    t.after(async () => void other.close());
    const second = await openDatabase({ home });
    try {
      assert.notEqual(Number(new URL(second.url).port), port);
    } finally {
      await second.close();
    }
  });

  test('writes no value of a statement to its log', async (t) => {
    const home = serverHome(t);
    const database = await openDatabase({ home });
    const marker = 'Gildong-19520304';
    try {
      await database.pool.query('CREATE TABLE person (name text PRIMARY KEY)');
      for (let turn = 0; turn < 2; turn += 1) {
        await database.pool.query('INSERT INTO person VALUES ($1)', [marker]).catch(() => {});
      }
      await database.pool.query(`SELECT '${marker}'::integer`).catch(() => {});
      await database.pool.query(`DO $$ BEGIN RAISE WARNING '${marker}'; END $$`);
    } finally {
      await database.close();
    }
    assert.equal(readFileSync(join(home, 'postgres', 'server.log'), 'utf8').includes(marker), false);
  });

  test('says which folder cannot be written', async (t) => {
    const folder = temporaryHome(t);
    writeFileSync(join(folder, 'file'), '');
    await assert.rejects(openDatabase({ home: join(folder, 'file', 'home') }), { code: 'home-unwritable' });
  });

  const asNobody = ['--reuid=65534', '--regid=65534', '--clear-groups', '--'];
  const noSwitch =
    process.getuid?.() === 0 &&
    spawnSync('setpriv', [...asNobody, process.execPath, program, 'none']).status === 0
      ? false
      : 'Starting a process of another user needs root, in a checkout which that user may read.';

  test('runs for an ordinary user', { skip: noSwitch }, async (t) => {
    const home = temporaryHome(t);
    chownSync(home, 65_534, 65_534);
    const user = startProcess(t, 'setpriv', [...asNobody, process.execPath, program, 'hold', home]);
    const { server } = await ready(user);
    assert.equal(statSync(`/proc/${server}`).uid, 65_534);
    user.kill('SIGTERM');
    assert.deepEqual(await user.ended, { code: 0, signal: null });
    assertStopped(home, server);
  });

  test('runs as the owner of the home when root opens it', { skip: noSwitch }, async (t) => {
    const home = temporaryHome(t);
    chownSync(home, 65_534, 65_534);
    const user = use(t, 'hold', home);
    const { server } = await ready(user);
    assert.equal(statSync(`/proc/${server}`).uid, 65_534);
    user.kill('SIGTERM');
    assert.deepEqual(await user.ended, { code: 0, signal: null });
    assertStopped(home, server);
    // The owner can use the home afterwards, without root.
    for (const file of ['password', 'port', 'server.log', 'users', 'data']) {
      assert.equal(statSync(join(home, 'postgres', file)).uid, 65_534, file);
    }
  });
});
