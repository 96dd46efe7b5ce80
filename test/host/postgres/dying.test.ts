import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { openDatabase } from '#host/postgres/database.ts';
import { processMark } from '#host/postgres/process-mark.ts';
import type { RunningProcess } from '#test/support/process.ts';
import { assertStopped, clusterForTests, pidFile, ready, use } from './server-home.ts';

const serverHome = clusterForTests();

async function highestAcked(user: RunningProcess): Promise<number> {
  await user.ended;
  return Number(/acked (\d+)\n(?!.*acked \d+\n)/s.exec(user.stdout())?.[1]);
}

describe('the server of a home, when processes are killed,', { concurrency: false }, () => {
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
});
