import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pool } from 'pg';
import { columnType } from '#sql/cdm/ddl.ts';
import { cdmIndexes } from '#sql/cdm/indexes.ts';
import { cdmTables } from '#sql/cdm/tables.ts';
import { testDatabase } from '#test/support/database.ts';

/** Tables of Moim's own beside OMOP's. */
const ours = new Set(['moim_migration', 'moim_cdm_version']);

async function migratedColumns(pool: Pool): Promise<string[]> {
  const found = await pool.query<{ line: string; table: string }>(
    `select c.relname as table, concat_ws(' ', c.relname, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod),
            case when a.attnotnull then 'required' end) as line
       from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      where c.relnamespace = 'cdm'::regnamespace and c.relkind = 'r'`,
  );
  return found.rows.filter((row) => !ours.has(row.table)).map((row) => row.line);
}

async function migratedIndexes(pool: Pool): Promise<string[]> {
  const found = await pool.query<{ line: string; table: string }>(
    `select t.relname as table, concat_ws(' ', case when x.indisprimary then 'key' else i.relname end, t.relname,
            (select string_agg(a.attname || case when k.ord > x.indnkeyatts then '*' else '' end, ',' order by k.ord)
               from unnest(x.indkey::int2[]) with ordinality k(num, ord)
               join pg_attribute a on a.attrelid = x.indrelid and a.attnum = k.num)) as line
       from pg_index x join pg_class i on i.oid = x.indexrelid join pg_class t on t.oid = x.indrelid
      where t.relnamespace = 'cdm'::regnamespace`,
  );
  return found.rows.filter((row) => !ours.has(row.table)).map((row) => row.line);
}

const columns = cdmTables.flatMap((table) =>
  table.columns.map((column, place) =>
    [table.name, place + 1, column.name, columnType(column), ...(column.required ? ['required'] : [])].join(
      ' ',
    ),
  ),
);
const indexes = [
  ...cdmTables.flatMap((table) =>
    table.primaryKey.length ? [`key ${table.name} ${table.primaryKey.join(',')}`] : [],
  ),
  ...cdmIndexes.map((index) => {
    const included = index.include.map((name) => `${name}*`);
    return `${index.name} ${index.table} ${[...index.columns, ...included].join(',')}`;
  }),
];

test('migrates to the tables that the data describe, column by column', async (t) => {
  const { pool } = await testDatabase(t, { streams: ['cdm'] });
  assert.deepEqual((await migratedColumns(pool)).sort(), columns.toSorted());
  assert.deepEqual((await migratedIndexes(pool)).sort(), indexes.toSorted());
  const foreign = await pool.query("select count(*)::int as n from pg_constraint where contype = 'f'");
  assert.equal(foreign.rows[0].n, 0);
});

test('sees a column that differs by its type alone', async (t) => {
  const { pool } = await testDatabase(t, { streams: ['cdm'] });
  await pool.query('alter table cdm.person alter column year_of_birth type bigint');
  assert.notDeepEqual((await migratedColumns(pool)).sort(), columns.toSorted());
});
