/**
 * A fresh database for a test. All tests of a run share one server: the one that MOIM_TEST_DATABASE_URL names (an
 * administrator's address, any PostgreSQL from 15), else our own in the scratch folder, which the first test
 * process starts and the last one stops. A database is copied from a template that is made once for each set of
 * migration streams, and dropped when the test ends.
 */

import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import pg from 'pg';
import { openDatabase } from '#host/postgres/database.ts';
import { migrate, readMigrations, type Stream } from '#host/postgres/migrate.ts';
import { processMark } from '#host/postgres/process-mark.ts';
import { fastAndFragile } from '#host/postgres/settings.ts';
import { pgTypes } from '#host/postgres/types.ts';
import { scratchFolder } from './scratch.ts';

/** What of a test's context is needed: `node:test` gives one to each test, and its hooks are one for a whole file. */
export interface Ending {
  after(work: () => Promise<void>): void;
}

export interface TestDatabase {
  readonly url: string;
  readonly pool: pg.Pool;
}

/** One for each checkout and user, the same for all processes of a run. */
const home = join(
  scratchFolder(),
  `moim-test-postgres-${createHash('sha256')
    .update(`${import.meta.url} ${process.getuid?.()}`)
    .digest('hex')
    .slice(0, 8)}`,
);

/**
 * Gives an empty database, or one with the `streams` named migrated into the schemas of the same names.
 *
 *     const { pool } = await testDatabase(t, { streams: ['results'] });
 */
export async function testDatabase(
  t: Ending,
  options: { readonly streams?: readonly Stream[] } = {},
): Promise<TestDatabase> {
  const streams = [...new Set(options.streams ?? [])].sort();
  const server = await openDatabase({
    home,
    url: process.env.MOIM_TEST_DATABASE_URL || undefined,
    name: 'moim_test_admin',
    settings: { ...fastAndFragile, max_connections: '120' },
    maxConnections: 2,
  });
  const name = `moim_test_${process.pid}_${randomBytes(5).toString('hex')}`;
  const url = withDatabase(server.url, name);
  try {
    await copy(server.pool, name, streams, server.embedded);
  } catch (error) {
    await server.close();
    throw error;
  }
  const pool = new pg.Pool({ connectionString: url, types: pgTypes, options: sessionOptions, max: 8 });
  // As in host/postgres/database.ts: a lost connection is the news of the query that it takes along.
  pool.on('connect', (client) => void client.on('error', () => {}));
  pool.on('error', () => {});
  t.after(async () => {
    await Promise.race([pool.end(), new Promise((resolve) => setTimeout(resolve, 2_000).unref())]);
    await server.pool.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await server.close();
  });
  return { url, pool };
}

const sessionOptions = '-c TimeZone=UTC -c DateStyle=ISO,YMD';

/** Under a lock of the whole server, since two test processes may want the same template at once. */
async function copy(pool: pg.Pool, name: string, streams: readonly Stream[], ours: boolean): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query(`SELECT pg_advisory_lock(hashtextextended('moim.test.template', 0))`);
    const template = streams.length === 0 ? 'template1' : await ensureTemplate(client, streams);
    if (ours) await sweep(client);
    await client.query(`SELECT pg_advisory_unlock_all()`);
    await client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  } finally {
    client.release(true);
  }
}

async function ensureTemplate(client: pg.ClientBase, streams: readonly Stream[]): Promise<string> {
  const hash = createHash('sha256');
  for (const stream of streams)
    for (const file of readMigrations(stream)) hash.update(`${stream}/${file.sha256}\n`);
  const prefix = `moim_template_${streams.join('_')}_`;
  const template = `${prefix}${hash.digest('hex').slice(0, 12)}`;
  const { rows } = await client.query<{ datname: string }>(
    'SELECT datname FROM pg_database WHERE starts_with(datname, $1)',
    [prefix],
  );
  if (rows.some((row) => row.datname === template)) return template;
  // Of earlier states of the files; one still being copied stays until next time.
  for (const { datname } of rows) await client.query(`DROP DATABASE ${datname}`).catch(() => {});
  // Renamed when whole: a test process that is killed here leaves nothing that looks like a template.
  const unfinished = `moim_unfinished_${streams.join('_')}`;
  await client.query(`DROP DATABASE IF EXISTS ${unfinished} WITH (FORCE)`);
  await client.query(`CREATE DATABASE ${unfinished} TEMPLATE template1`);
  const { host, port, user, password } = client as pg.Client;
  const inside = new pg.Client({ host, port, user, password, database: unfinished, types: pgTypes });
  await inside.connect();
  try {
    for (const stream of streams) await migrate(inside, stream, stream);
  } finally {
    await inside.end();
  }
  await client.query(`ALTER DATABASE ${unfinished} RENAME TO ${template}`);
  return template;
}

/** Databases of test processes that were killed. */
async function sweep(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ datname: string }>(
    `SELECT datname FROM pg_database WHERE datname ~ '^moim_test_[0-9]+_'`,
  );
  for (const { datname } of rows) {
    if (processMark(Number(datname.split('_')[2])) === undefined) {
      await client.query(`DROP DATABASE IF EXISTS ${datname} WITH (FORCE)`);
    }
  }
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}
