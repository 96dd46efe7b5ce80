/**
 * Fills tables of an owned CDM in one transaction: empty them, drop their indexes and keys, COPY, build indexes and keys
 * again (sorting once is far cheaper than inserting each row), ANALYZE, note the fingerprint of what they hold.
 *
 * TRUNCATE and COPY FREEZE in one transaction leave every page all-visible, so that index-only scans work at once.
 */

import { once } from 'node:events';
import type { ClientBase } from 'pg';
import pgCopy from 'pg-copy-streams';
import { quoteName } from '#sql/cdm/ddl.ts';
import type { CdmTable } from '#sql/cdm/tables.ts';
import { dropFormerCohorts } from './generated.ts';
import { emptyImages } from './images.ts';
import { noteFingerprint } from './version.ts';

/** A primary key that the rows of a table break. */
export class RepeatedKey extends Error {
  readonly table: string;
  /** Which row of the table, from 1 in the order of filling, is the first to repeat a key. */
  readonly row: bigint;
  constructor(table: string, row: bigint) {
    super(`row ${row} of ${table} repeats a key`);
    this.table = table;
    this.row = row;
  }
}

export interface Filling {
  /** Sends `source` (bytes in the COPY format that `options` names) to the columns of a table. Gives the rows taken. */
  copy(
    table: CdmTable,
    columns: readonly string[],
    options: string,
    source: Iterable<Buffer> | AsyncIterable<Buffer>,
  ): Promise<number>;
}

/**
 * Runs `work` in a transaction in which `tables` of `schema` are empty and without indexes; builds those again and
 * commits. Cohorts of the data before are removed with the `last` of several fillings. On any error all is as before. Throws RepeatedKey, whatever `work` throws, or the database's error.
 */
export async function fillTables<T>(
  client: ClientBase,
  schema: string,
  tables: readonly CdmTable[],
  work: (filling: Filling) => Promise<T>,
  last = true,
): Promise<T> {
  const qualified = tables.map((table) => qualify(schema, table.name));
  await client.query('begin');
  try {
    await client.query(`set local maintenance_work_mem = '256MB'; set local statement_timeout = 0`);
    await client.query(`truncate ${qualified.join(', ')}`);
    // With the persons goes what speaks of them.
    if (tables.some(({ name }) => name === 'person')) await emptyImages(client, schema);
    const builds = await dropIndexes(client, schema, tables);
    const answer = await work({
      copy: (table, ...rest) => copyInto(client, qualify(schema, table.name), ...rest),
    });
    for (const build of builds) await runBuild(client, schema, build);
    await client.query(`analyze ${qualified.join(', ')}`);
    for (const table of tables) await noteFingerprint(client, schema, table);
    if (last) await dropFormerCohorts(client, schema);
    await client.query('commit');
    return answer;
  } catch (error) {
    await client.query('rollback').catch(() => undefined); // the connection may be gone; then nothing was committed
    throw error;
  }
}

/** `"schema"."table"`. */
export function qualify(schema: string, table: string): string {
  return `${quoteName(schema)}.${quoteName(table)}`;
}

/** COPY into `table` (as `qualify` gives it), made or emptied in the same transaction. Gives the rows taken. */
export async function copyInto(
  client: ClientBase,
  table: string,
  columns: readonly string[],
  options: string,
  source: Iterable<Buffer> | AsyncIterable<Buffer>,
): Promise<number> {
  const names = columns.map(quoteName).join(', ');
  const stream = client.query(pgCopy.from(`copy ${table} (${names}) from stdin with (${options}, freeze)`));
  // A stream that fails while nobody waits on it must still have a listener; `finished` is awaited in every case.
  let failed = false;
  const finished = new Promise<void>((resolve, reject) => {
    stream.once('finish', resolve);
    stream.once('error', (error) => {
      failed = true;
      reject(error);
    });
  });
  finished.catch(() => undefined);
  try {
    for await (const chunk of source) {
      if (failed) break; // the stream has let go of its connection: not even end() may be called
      if (chunk.length > 0 && !stream.write(chunk)) await Promise.race([once(stream, 'drain'), finished]);
    }
    if (!failed) stream.end();
  } catch (error) {
    if (!failed) stream.destroy(new Error('the sender gave up'));
    await finished.catch(() => undefined);
    throw error;
  }
  await finished;
  return stream.rowCount;
}

interface Build {
  readonly sql: string;
  /** Set for a primary key. */
  readonly key?: { readonly table: string; readonly columns: readonly string[] };
}

/** Drops the keys and indexes of the tables; gives the statements that build them again, the key of each table first. */
async function dropIndexes(
  client: ClientBase,
  schema: string,
  tables: readonly CdmTable[],
): Promise<Build[]> {
  const found = await client.query<{
    table: string;
    index: string;
    definition: string;
    constraint: string | null;
    columns: string[] | null;
  }>(
    `select t.relname as table, i.relname as index, k.conname as constraint,
            coalesce(pg_get_constraintdef(k.oid), pg_get_indexdef(i.oid)) as definition,
            (select array_agg(a.attname::text order by n.ord) from unnest(k.conkey) with ordinality n(num, ord)
               join pg_attribute a on a.attrelid = t.oid and a.attnum = n.num) as columns
       from pg_index x join pg_class i on i.oid = x.indexrelid join pg_class t on t.oid = x.indrelid
       left join pg_constraint k on k.conindid = i.oid and k.contype in ('p', 'u')
      where t.relnamespace = $1::regnamespace and t.relname = any($2)
      order by k.contype nulls last, i.relname`,
    [quoteName(schema), tables.map((table) => table.name)],
  );
  const drops: string[] = [];
  const builds = found.rows.map((row): Build => {
    const table = qualify(schema, row.table);
    if (row.constraint === null) {
      drops.push(`drop index ${qualify(schema, row.index)}`);
      return { sql: row.definition };
    }
    drops.push(`alter table ${table} drop constraint ${quoteName(row.constraint)}`);
    const sql = `alter table ${table} add constraint ${quoteName(row.constraint)} ${row.definition}`;
    return { sql, key: { table: row.table, columns: row.columns ?? [] } };
  });
  if (drops.length > 0) await client.query(drops.join('; '));
  return builds;
}

async function runBuild(client: ClientBase, schema: string, build: Build): Promise<void> {
  if (build.key === undefined) {
    await client.query(build.sql);
    return;
  }
  await client.query('savepoint key');
  try {
    await client.query(build.sql);
    await client.query('release savepoint key');
  } catch (error) {
    if (!isSqlState(error, '23505')) throw error;
    await client.query('rollback to savepoint key');
    throw new RepeatedKey(
      build.key.table,
      await firstRepeat(client, schema, build.key.table, build.key.columns),
    );
  }
}

/** Rows of a freshly filled table lie in the order they came, so the row's place is its number by `ctid`. */
async function firstRepeat(
  client: ClientBase,
  schema: string,
  table: string,
  columns: readonly string[],
): Promise<bigint> {
  const key = columns.map(quoteName).join(', ');
  const found = await client.query<{ row: string | bigint }>(
    `select min(place)::text as row from (select row_number() over (order by ctid) as place,
       row_number() over (partition by ${key} order by ctid) as nth from ${qualify(schema, table)}) each where nth > 1`,
  );
  return BigInt(found.rows[0]!.row);
}

export function isSqlState(error: unknown, state: string): boolean {
  return error instanceof Error && 'code' in error && error.code === state;
}
