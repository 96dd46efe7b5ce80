/**
 * A process that uses the server of a home, for the tests of starting, sharing and dying:
 * `hold HOME` opens, says `ready {port,server}` and closes on SIGINT or SIGTERM; `forget HOME` opens and exits without
 * closing; `insert HOME` opens and inserts 1, 2, 3 …, saying `acked N` after each commit, until it is killed;
 * `refused HOME` says the code with which opening is refused; `none` does nothing (it shows that the program can be read).
 */

import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { openDatabase } from '#host/postgres/database.ts';
import { findPostmaster } from '#host/postgres/postmaster.ts';
import { MoimError } from '#protocol/errors.ts';

const [verb = '', home = ''] = process.argv.slice(2);
if (verb === 'none') process.exit(0);
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());

const database = await openDatabase({ home }).catch((error: unknown) => {
  if (verb !== 'refused' || !(error instanceof MoimError)) throw error;
  process.stdout.write(`refused ${error.code} ${error.exit}\n`);
  process.exit(0);
});
const server = findPostmaster(join(realpathSync(home), 'postgres', 'data'));
if (verb === 'insert') await database.pool.query('CREATE TABLE IF NOT EXISTS acked (n bigint PRIMARY KEY)');
process.stdout.write(`ready ${JSON.stringify({ port: server?.port, server: server?.pid })}\n`);
if (verb === 'forget') process.exit(0);
if (verb === 'insert') {
  for (let n = 1; ; n += 1) {
    await database.pool.query('INSERT INTO acked VALUES ($1)', [n]);
    process.stdout.write(`acked ${n}\n`);
  }
}
const alive = setInterval(() => {}, 60_000);
await new Promise<void>((resolve) => {
  if (stop.signal.aborted) resolve();
  stop.signal.addEventListener('abort', () => resolve(), { once: true });
});
clearInterval(alive);
// What a process still has to write when it is told to stop, it can: the signal did not reach the server.
await database.pool.query('SELECT pg_sleep(0.1)');
await database.close();
