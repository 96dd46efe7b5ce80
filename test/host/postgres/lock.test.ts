import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readlinkSync, symlinkSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tryLock, unlock, withLock } from '#host/postgres/lock.ts';
import { isRunning, processMark } from '#host/postgres/process-mark.ts';
import { addUser, livingUsers } from '#host/postgres/users.ts';
import { temporaryHome } from '#test/support/temporary-home.ts';

const mark = processMark(process.pid) ?? '';
const deadPid = spawnSync(process.execPath, ['--version']).pid;

test('a mark names a process, not merely its pid', () => {
  assert.equal(isRunning(mark), true);
  assert.equal(isRunning(`${process.pid}-00000000.1`), false, 'another process had this pid');
  assert.equal(processMark(deadPid), undefined);
  assert.equal(isRunning('garbage'), false);
});

test('one holder at a time, also within one process', async (t) => {
  const path = join(temporaryHome(t), 'lock');
  let inside = 0;
  let most = 0;
  await Promise.all(
    Array.from({ length: 8 }, (_, index) =>
      withLock(path, `${mark}:${index}`, async () => {
        inside += 1;
        most = Math.max(most, inside);
        await new Promise((resolve) => setTimeout(resolve, 3));
        inside -= 1;
      }),
    ),
  );
  assert.equal(most, 1);
  assert.equal(existsSync(path), false);
});

test('is released when the work fails', async (t) => {
  const path = join(temporaryHome(t), 'lock');
  await assert.rejects(
    withLock(path, `${mark}:a`, () => Promise.reject(new Error('planted'))),
    /planted/,
  );
  assert.equal(tryLock(path, `${mark}:b`), true);
});

test('what a killed process left is taken over; what a living one holds is not', async (t) => {
  const path = join(temporaryHome(t), 'lock');
  symlinkSync(`${deadPid}-00000000.1:x`, path);
  await withLock(path, `${mark}:a`, async () => {
    assert.equal(readlinkSync(path), `${mark}:a`);
    await assert.rejects(
      withLock(path, `${mark}:b`, async () => {}, { patienceMs: 40 }),
      { code: 'database-busy' },
    );
    unlock(path, `${mark}:b`);
    assert.equal(existsSync(path) || readlinkSync(path) === `${mark}:a`, true, 'only the holder unlocks');
  });
});

test('a process killed while it removed a dead lock does not block the next one for good', (t) => {
  const path = join(temporaryHome(t), 'lock');
  symlinkSync(`${deadPid}-00000000.1:x`, path);
  mkdirSync(`${path}.break`);
  assert.equal(tryLock(path, `${mark}:a`), false);
  assert.equal(tryLock(path, `${mark}:a`), false, 'a fresh guard is respected');
  utimesSync(`${path}.break`, new Date(0), new Date(0));
  const taken = [1, 2, 3].map(() => tryLock(path, `${mark}:a`));
  assert.deepEqual(taken, [false, false, true]);
});

test('users whose process is gone are swept', (t) => {
  const folder = temporaryHome(t);
  addUser(folder, `${mark}:a`);
  addUser(folder, `${process.pid}-00000000.1:reused`);
  addUser(folder, `${deadPid}-00000000.1:dead`);
  assert.deepEqual(livingUsers(folder), [`${mark}:a`]);
  assert.deepEqual(readdirSync(folder), [`${mark}:a`]);
});
