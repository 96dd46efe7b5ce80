import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { freePort } from '#host/ports.ts';
import { findBinaries } from '#host/postgres/binaries.ts';
import { ensureCluster } from '#host/postgres/cluster.ts';
import { openDatabase } from '#host/postgres/database.ts';
import { makeLayout } from '#host/postgres/layout.ts';
import { chooseRunAs } from '#host/postgres/run-as.ts';
import { fastAndFragile } from '#host/postgres/settings.ts';
import { startServer, stopServer } from '#host/postgres/start.ts';
import { startProcess } from '#test/support/process.ts';
import { temporaryHome } from '#test/support/temporary-home.ts';

test('a port that is taken between the look and the start is given up for another', async (t) => {
  const layout = makeLayout(temporaryHome(t));
  const binaries = findBinaries();
  const runAs = chooseRunAs(layout.folder, layout.data, binaries);
  await ensureCluster(layout, binaries, runAs, { durable: false });
  const other = createServer();
  const taken = await freePort({ random: Math.random });
  await new Promise<void>((resolve) => other.listen(taken, '127.0.0.1', resolve));
  t.after(async () => void other.close());

  const asked: (readonly number[])[] = [];
  const server = await startServer(layout, binaries, runAs, {
    settings: fastAndFragile,
    nextPort: async (_, avoid) => {
      asked.push([...avoid]);
      return asked.length === 1 ? taken : freePort({ random: Math.random, avoid });
    },
  });
  await stopServer(server);
  assert.deepEqual(asked, [[], [taken]]);
  assert.notEqual(server.port, taken);
});

test('an interrupted beginning leaves nothing that is taken for a cluster', async (t) => {
  const home = temporaryHome(t);
  const stop = new AbortController();
  const opening = openDatabase({ home, signal: stop.signal });
  setTimeout(() => stop.abort(), 60);
  await assert.rejects(opening, { code: 'interrupted' });
  assert.deepEqual(readdirSync(join(home, 'postgres')).sort(), ['password', 'users']);

  const database = await openDatabase({ home, settings: fastAndFragile });
  await database.close();
  assert.equal(existsSync(join(home, 'postgres', 'data', 'PG_VERSION')), true);
});

test('a cluster whose password file is lost is refused, and its data are left alone', async (t) => {
  const home = temporaryHome(t);
  await (await openDatabase({ home, settings: fastAndFragile })).close();
  rmSync(join(home, 'postgres', 'password'));
  await assert.rejects(
    openDatabase({ home, settings: fastAndFragile }),
    (error: Error & { remedy: string }) => {
      assert.match(error.message, /password file/);
      assert.match(error.remedy, /backup/);
      return true;
    },
  );
  assert.equal(
    existsSync(join(home, 'postgres', 'data', 'postmaster.pid')),
    false,
    'a server nobody can use was started',
  );
  assert.equal(existsSync(join(home, 'postgres', 'data', 'PG_VERSION')), true);
});

const root = process.getuid?.() === 0;

test('root is told what to do where no way to run PostgreSQL works', {
  skip: root ? false : 'It needs root.',
}, (t) => {
  const layout = makeLayout(temporaryHome(t));
  const nowhere = { initdb: join(layout.folder, 'none'), postgres: join(layout.folder, 'none') };
  assert.throws(
    () => chooseRunAs(layout.folder, layout.data, nowhere),
    (error: Error & { code: string; remedy: string }) => {
      assert.equal(error.code, 'postgres-as-root');
      assert.match(error.remedy, /ordinary user/);
      return true;
    },
  );
});

test('a platform without a build is told to give a server', () => {
  assert.throws(() => findBinaries('plan9', 'vax'), { code: 'postgres-missing' });
});

const mounts = root && spawnSync('unshare', ['-m', 'true']).status === 0;
test('a full disk is said to be full', {
  skip: mounts ? false : 'Mounting a small disk needs root.',
}, async (t) => {
  const small = temporaryHome(t);
  const script = fileURLToPath(new URL('use-database.ts', import.meta.url));
  // A mount namespace of its own: the small disk goes with the process.
  const user = startProcess(t, 'unshare', [
    '-m',
    'sh',
    '-c',
    'mount -t tmpfs -o size=10m tmpfs "$1" && exec "$2" "$3" refused "$1"',
    'sh',
    small,
    process.execPath,
    script,
  ]);
  assert.equal(await user.line(/^refused /), 'refused disk-full 4');
  assert.deepEqual(await user.ended, { code: 0, signal: null });
});
