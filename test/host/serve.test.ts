import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { type Log, silentLog } from '#host/log.ts';
import { aborted, pause, watchDatabase } from '#host/serve.ts';

test('a pause ends when the signal is aborted, also before it began, and leaves no listener behind', async () => {
  const stop = new AbortController();
  await pause(0, stop.signal);
  assert.equal(getEventListeners(stop.signal, 'abort').length, 0);
  const long = pause(2 ** 30, stop.signal);
  stop.abort();
  await long;
  await pause(2 ** 30, stop.signal);
  await aborted(stop.signal);
});

test('who waits for the end is woken by it', async () => {
  const stop = new AbortController();
  const end = aborted(stop.signal);
  stop.abort();
  await end;
});

test('a lost database is opened again, and said to be back', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const stop = new AbortController();
  const said: string[] = [];
  const log: Log = { ...silentLog, warn: (event) => said.push(event), info: (event) => said.push(event) };
  let healthy = false;
  let tries = 0;
  const watching = watchDatabase(
    async () => {
      if (!healthy) throw new Error('gone');
    },
    async () => {
      tries += 1;
      if (tries < 3) throw new Error('still gone');
      healthy = true;
    },
    log,
    stop.signal,
  );
  while (!healthy) {
    t.mock.timers.tick(1_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  stop.abort();
  await watching;
  assert.deepEqual(said, ['database-lost', 'database-lost', 'database-lost', 'database-back']);
});

test('a database that came back by itself is said to be back, once', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const stop = new AbortController();
  const said: string[] = [];
  const log: Log = { ...silentLog, warn: (event) => said.push(event), info: (event) => said.push(event) };
  let looks = 0;
  const watching = watchDatabase(
    async () => {
      looks += 1;
      if (looks === 2) throw new Error('gone');
    },
    async () => {
      throw new Error('not yet');
    },
    log,
    stop.signal,
  );
  while (looks < 5) {
    t.mock.timers.tick(1_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  stop.abort();
  await watching;
  assert.deepEqual(said, ['database-lost', 'database-back']);
});
