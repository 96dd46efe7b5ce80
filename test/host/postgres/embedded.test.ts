import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { openDatabase } from '#host/postgres/database.ts';
import { processMark } from '#host/postgres/process-mark.ts';
import { type RunningProcess, startProcess } from '#test/support/process.ts';
import { scratchFolder } from '#test/support/scratch.ts';
import { temporaryHome } from '#test/support/temporary-home.ts';

function use(t: TestContext, verb: string, home: string): RunningProcess {
  return startProcess(t, process.execPath, [use.path, verb, home]);
}
use.path = fileURLToPath(new URL('use-database.ts', import.meta.url));

async function ready(user: RunningProcess): Promise<{ readonly port: number; readonly server: number }> {
  return JSON.parse((await user.line(/^ready /, 20_000)).slice('ready '.length));
}

const pidFile = (home: string) => join(home, 'postgres', 'data', 'postmaster.pid');

/** A home whose server is stopped at the latest when the test ends, with a cluster copied from one made before. */
function serverHome(t: TestContext, owner?: { readonly uid: number }): string {
  const folder = temporaryHome(t);
  const home = join(folder, '병원 하나');
  assert.equal(spawnSync('cp', ['-a', pristine, home]).status, 0);
  if (owner) {
    const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    for (const path of ['.', ...paths]) chownSync(join(folder, path), owner.uid, owner.uid);
  }
  t.after(async () => {
    const pid = existsSync(pidFile(home)) ? Number(readFileSync(pidFile(home), 'utf8').split('\n')[0]) : 0;
    if (pid > 0 && pid !== process.pid && processMark(pid) !== undefined) process.kill(pid, 'SIGKILL');
  });
  return home;
}

function assertStopped(home: string, server: number): void {
  assert.equal(processMark(server), undefined, 'the server still runs');
  assert.equal(existsSync(pidFile(home)), false, 'postmaster.pid was left behind');
  assert.deepEqual(readdirSync(join(home, 'postgres', 'users')), []);
  assert.equal(existsSync(join(home, 'postgres', 'lock')), false);
}

async function highestAcked(user: RunningProcess): Promise<number> {
  await user.ended;
  return Number(/acked (\d+)\n(?!.*acked \d+\n)/s.exec(user.stdout())?.[1]);
}

let pristine: string;
before(async () => {
  pristine = mkdtempSync(join(scratchFolder(), 'moim-test-'));
  await (await openDatabase({ home: pristine })).close();
});
after(() => rmSync(pristine, { recursive: true, force: true }));

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

  test('outlives a killed owner, is taken over by the next process, and has lost nothing acknowledged', async (t) => {
    const home = serverHome(t);
    const owner = use(t, 'insert', home);
    const { server, port } = await ready(owner);
    await owner.line(/^acked 150$/);
    owner.kill('SIGKILL');
    const acked = await highestAcked(owner);
    assert.notEqual(processMark(server), undefined);

    const database = await openDatabase({ home });
    try {
      const { rows } = await database.pool.query('SELECT max(n) AS last, count(*) AS found FROM acked');
      // One commit may have been under way when the process was killed.
      assert.ok(
        rows[0].last >= BigInt(acked) && rows[0].last <= BigInt(acked + 1),
        `acknowledged ${acked}, found ${rows[0].last}`,
      );
      assert.equal(rows[0].found, rows[0].last);
      assert.equal(new URL(database.url).port, String(port));
    } finally {
      await database.close();
    }
    assertStopped(home, server);
  });

  test('recovers after it was killed together with its owner', async (t) => {
    const home = serverHome(t);
    const owner = use(t, 'insert', home);
    const { server } = await ready(owner);
    await owner.line(/^acked 150$/);
    process.kill(server, 'SIGKILL');
    owner.kill('SIGKILL');
    const acked = await highestAcked(owner);

    const database = await openDatabase({ home });
    try {
      const { rows } = await database.pool.query('SELECT count(*) AS found FROM acked');
      assert.ok(
        rows[0].found >= BigInt(acked) && rows[0].found <= BigInt(acked + 1),
        `acknowledged ${acked}, found ${rows[0].found}`,
      );
    } finally {
      await database.close();
    }
  });

  test('is started again by reopen() after it was killed, behind the same pool', async (t) => {
    const home = serverHome(t);
    const database = await openDatabase({ home });
    try {
      await database.pool.query('CREATE TABLE kept AS SELECT 1 AS n');
      const server = Number(readFileSync(pidFile(home), 'utf8').split('\n')[0]);
      process.kill(server, 'SIGKILL');
      await assert.rejects(async () => {
        for (;;) await database.pool.query('SELECT 1');
      });
      // Its port is taken in the meantime, so it comes back at another.
      const before = new URL(database.url).port;
      const other = createServer();
      await new Promise<void>((resolve) => other.listen(Number(before), '127.0.0.1', resolve));
      t.after(async () => void other.close());
      await database.reopen();
      assert.notEqual(new URL(database.url).port, before);
      assert.deepEqual((await database.pool.query('SELECT n FROM kept')).rows, [{ n: 1 }]);
    } finally {
      await database.close();
    }
    assert.equal(existsSync(pidFile(home)), false);
  });

  test('is started anew when nobody uses it and its settings are old', async (t) => {
    const home = serverHome(t);
    const owner = use(t, 'hold', home);
    const { server } = await ready(owner);
    owner.kill('SIGKILL');
    await owner.ended;
    const database = await openDatabase({ home, settings: { work_mem: '33MB' } });
    try {
      assert.equal(processMark(server), undefined);
      assert.deepEqual((await database.pool.query('SHOW work_mem')).rows, [{ work_mem: '33MB' }]);
    } finally {
      await database.close();
    }
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

  test('is not confused by a postmaster.pid whose pid now belongs to another program', async (t) => {
    const home = serverHome(t);
    await (await openDatabase({ home })).close();
    writeFileSync(
      pidFile(home),
      `${process.pid}\n${join(home, 'postgres', 'data')}\n0\n20000\n\n127.0.0.1\n\nready\n`,
      { mode: 0o600 },
    );
    const database = await openDatabase({ home });
    await database.close();
    assert.equal(existsSync(pidFile(home)), false);
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
    spawnSync('setpriv', [...asNobody, process.execPath, use.path, 'none']).status === 0
      ? false
      : 'Starting a process of another user needs root, in a checkout which that user may read.';

  test('runs for an ordinary user', { skip: noSwitch }, async (t) => {
    const home = serverHome(t, { uid: 65_534 });
    const user = startProcess(t, 'setpriv', [...asNobody, process.execPath, use.path, 'hold', home]);
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
