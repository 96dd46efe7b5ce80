/**
 * Brings a schema to the state this code expects. A stream is a folder of `sql/migrations`, its files `NNNN-name.sql`
 * counted from 0001 without gaps, forward only. Each file runs in one transaction with `search_path` set to the target
 * schema, so it names its tables unqualified; what was run is recorded with its hash in `<schema>.moim_migration`.
 */

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { MoimError } from '#protocol/errors.ts';
import { databaseError } from './error.ts';

export type Stream = 'hub' | 'moim' | 'results' | 'cdm';

export interface Migration {
  readonly number: number;
  /** The file's name without `.sql`. */
  readonly name: string;
  readonly sql: string;
  /** SHA-256 (hex) of the text with line ends as LF. */
  readonly sha256: string;
}

/** Where the streams lie unless a caller says otherwise. */
export const migrationsFolder = fileURLToPath(new URL('../../sql/migrations', import.meta.url));

/**
 * Applies what is missing of `stream` to `schema`, which is made where it is missing, and gives the names of the files
 * applied; `upTo` a number, where an older state is wanted. `database` is a pool, or a client outside any transaction. Two processes may
 * call it at once.
 * Throws MoimError `migration-changed` (a file that was run has changed or is gone, or the numbers have a gap),
 * `database-newer` (a newer Moim was here), or what `databaseError` gives.
 */
export async function migrate(
  database: pg.Pool | pg.ClientBase | { readonly pool: pg.Pool },
  stream: Stream,
  schema: string,
  folder: string = migrationsFolder,
  upTo = Number.POSITIVE_INFINITY,
): Promise<readonly string[]> {
  const files = readMigrations(stream, folder).filter(({ number }) => number <= upTo);
  const source = 'pool' in database ? database.pool : database;
  try {
    if (!(source instanceof pg.Pool)) return await apply(source, stream, schema, files);
    const client = await source.connect();
    try {
      return await apply(client, stream, schema, files);
    } finally {
      client.release();
    }
  } catch (error) {
    throw databaseError(error);
  }
}

/**
 * How many files of `stream` the schema has not seen, without running any: what the next start will do. Throws as `migrate` does
 * where the database is newer or was made by other files.
 */
export async function pendingMigrations(database: pg.Pool, stream: Stream, schema: string): Promise<number> {
  const files = readMigrations(stream);
  const client = await database.connect().catch((cause: unknown) => {
    throw databaseError(cause);
  });
  try {
    const { rows } = await client.query<{ there: boolean }>(
      `SELECT to_regclass(format('%I.moim_migration', $1::text)) IS NOT NULL AS there`,
      [schema],
    );
    if (!rows[0]?.there) return files.length;
    return (await compare(client, stream, schema, files)).length;
  } catch (error) {
    throw databaseError(error);
  } finally {
    client.release();
  }
}

/** The files of a stream in order; a stream without a folder is empty. Throws MoimError `migration-changed` on a gap. */
export function readMigrations(stream: Stream, folder: string = migrationsFolder): readonly Migration[] {
  const path = join(folder, stream);
  if (!existsSync(path)) return [];
  const files = readdirSync(path)
    .filter((file) => /^\d{4}-[a-z0-9-]+\.sql$/.test(file))
    .sort();
  return files.map((file, index) => {
    const number = Number(file.slice(0, 4));
    if (number !== index + 1)
      throw new MoimError('migration-changed', `${stream}/${file}: number ${index + 1} was expected`);
    const sql = readFileSync(join(path, file), 'utf8').replaceAll('\r\n', '\n');
    const sha256 = createHash('sha256').update(sql).digest('hex');
    return { number, name: file.slice(0, -'.sql'.length), sql, sha256 };
  });
}

async function apply(
  client: pg.ClientBase,
  stream: Stream,
  schema: string,
  files: readonly Migration[],
): Promise<readonly string[]> {
  const key = `moim.migrate.${schema}`;
  await client.query('SELECT pg_advisory_lock(hashtextextended($1, 0))', [key]);
  try {
    await makeRecord(client, schema);
    const missing = await compare(client, stream, schema, files);
    for (const file of missing) await applyOne(client, stream, schema, file);
    return missing.map((file) => file.name);
  } finally {
    await client.query('SELECT pg_advisory_unlock(hashtextextended($1, 0))', [key]).catch(() => {});
  }
}

/** Asks first: `CREATE SCHEMA IF NOT EXISTS` needs the right to make schemas even where there is nothing to make. */
async function makeRecord(client: pg.ClientBase, schema: string): Promise<void> {
  const { rows } = await client.query<{ schema: boolean; record: boolean }>(
    `SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1) AS schema,
            EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                     WHERE n.nspname = $1 AND c.relname = 'moim_migration') AS record`,
    [schema],
  );
  const target = pg.escapeIdentifier(schema);
  if (!rows[0]?.schema) await client.query(`CREATE SCHEMA ${target}`);
  if (rows[0]?.record) return;
  await client.query(
    `CREATE TABLE ${target}.moim_migration (
       stream text NOT NULL,
       number integer NOT NULL,
       name text NOT NULL,
       sha256 text NOT NULL,
       at timestamptz NOT NULL DEFAULT now(),
       PRIMARY KEY (stream, number)
     )`,
  );
}

/** What of the files is not yet recorded, after checking that all that is recorded is in the files, unchanged. */
async function compare(
  client: pg.ClientBase,
  stream: Stream,
  schema: string,
  files: readonly Migration[],
): Promise<readonly Migration[]> {
  const { rows } = await client.query<{ number: number; name: string; sha256: string }>(
    `SELECT number, name, sha256 FROM ${pg.escapeIdentifier(schema)}.moim_migration WHERE stream = $1 ORDER BY number`,
    [stream],
  );
  for (const [index, done] of rows.entries()) {
    const place = `schema ${schema}, ${stream}/${done.name}.sql`;
    const file = files[done.number - 1];
    if (file === undefined) throw new MoimError('database-newer', place);
    if (done.number !== index + 1)
      throw new MoimError('migration-changed', `${place}: an earlier number is not recorded`);
    if (file.sha256 !== done.sha256)
      throw new MoimError('migration-changed', `${place}: the file is not the one that was run`);
  }
  return files.slice(rows.length);
}

async function applyOne(
  client: pg.ClientBase,
  stream: Stream,
  schema: string,
  file: Migration,
): Promise<void> {
  const target = pg.escapeIdentifier(schema);
  await client.query('BEGIN');
  try {
    await client.query(`SET LOCAL search_path TO ${target}`);
    await client.query(file.sql);
    await client.query(
      `INSERT INTO ${target}.moim_migration (stream, number, name, sha256) VALUES ($1, $2, $3, $4)`,
      [stream, file.number, file.name, file.sha256],
    );
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    const { message, code } = databaseError(error);
    throw new MoimError(code, `${stream}/${file.name}.sql in schema ${schema}: ${message}`);
  }
}
