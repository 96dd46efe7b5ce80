/**
 * The same statements on a CDM whose persons are spread over several databases: each clinical table is partitioned by a
 * hash of person_id, and every partition is a foreign table of another database, reached by postgres_fdw. Cohorts must
 * come out as they do on one database.
 */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Pool } from 'pg';
import { migrate } from '#host/postgres/migrate.ts';
import { loadCdm } from '#node/cdm/load.ts';
import { definitionFiles } from '#node/cohort/definitions.ts';
import { runCohorts } from '#node/cohort/run.ts';
import type { GeneratedLine } from '#node/cohort/work.ts';
import { cdmTables } from '#sql/cdm/tables.ts';
import { dataSet, withoutData } from '#test/support/data.ts';
import { type Ending, testDatabase } from '#test/support/database.ts';

const shards = 3;

/** Makes the schema `sharded` beside `cdm`: person tables over `shards` other databases, all others as views. */
async function shard(t: Ending, pool: Pool): Promise<void> {
  await pool.query('create extension postgres_fdw; create schema sharded');
  for (let at = 0; at < shards; at += 1) {
    const { url } = await testDatabase(t, { streams: ['cdm'] });
    const { hostname, port, pathname, username, password, searchParams } = new URL(url);
    const host = searchParams.get('host') ?? decodeURIComponent(hostname);
    const options = {
      host,
      port: port || '5432',
      dbname: pathname.slice(1),
      batch_size: '1000',
      fetch_size: '10000',
    };
    const who = {
      user: decodeURIComponent(username),
      ...(password ? { password: decodeURIComponent(password) } : {}),
    };
    await pool.query(
      `create server shard_${at} foreign data wrapper postgres_fdw options (${inOptions(options)})`,
    );
    await pool.query(`create user mapping for current_user server shard_${at} options (${inOptions(who)})`);
  }
  for (const table of cdmTables) {
    if (table.personKey === undefined) {
      await pool.query(`create view sharded.${table.name} as select * from cdm.${table.name}`);
      continue;
    }
    const parts = Array.from(
      { length: shards },
      (_, at) =>
        `create foreign table sharded.${table.name}_${at} partition of sharded.${table.name} for values with (modulus ${shards}, remainder ${at}) server shard_${at} options (schema_name 'cdm', table_name '${table.name}')`,
    );
    await pool.query(
      [
        `create table sharded.${table.name} (like cdm.${table.name}) partition by hash (${table.personKey})`,
        ...parts,
        `insert into sharded.${table.name} select * from cdm.${table.name}`,
        `analyze sharded.${table.name}`,
      ].join(';\n'),
    );
  }
}

function inOptions(options: Readonly<Record<string, string>>): string {
  return Object.entries(options)
    .map(([name, value]) => `${name} '${value.replaceAll("'", "''")}'`)
    .join(', ');
}

/** One person in forty: what matters is that they lie apart, not that they are many. */
async function keepSome(pool: Pool): Promise<void> {
  const tables = cdmTables.filter(({ personKey }) => personKey !== undefined);
  await pool.query(
    [
      ...tables.map(({ name, personKey }) => `delete from cdm.${name} where ${personKey} % 40 <> 0`),
      'analyze',
    ].join('; '),
  );
}

async function generate(pool: Pool, cdmSchema: string): Promise<ReadonlyMap<string, object>> {
  const files = definitionFiles([join(dataSet('ohdsi') ?? '', 'phenotypes')]);
  const lines: GeneratedLine[] = [];
  await runCohorts(pool, files, {
    cdmSchema,
    connections: 2,
    now: () => new Date(),
    onLine: (line) => lines.push(line),
  });
  return new Map(lines.map(({ ms: _, cached: _same, ...line }) => [line.name, line]));
}

test(`all 547 definitions give the same rows on persons spread over ${shards} databases`, {
  skip: withoutData('ohdsi'),
}, async (t) => {
  const { pool } = await testDatabase(t, { streams: ['results'] });
  const { rows } = await pool.query("select 1 from pg_available_extensions where name = 'postgres_fdw'");
  if (rows.length === 0) return t.skip('This PostgreSQL has no postgres_fdw: install its contrib package.');
  await migrate(pool, 'cdm', 'cdm');
  await loadCdm({ pool }, { directory: join(dataSet('ohdsi') ?? '', 'plsynth'), schema: 'cdm' });
  await keepSome(pool);
  await shard(t, pool);
  const whole = await generate(pool, 'cdm');
  const spread = await generate(pool, 'sharded');
  assert.deepEqual(spread, whole);
  assert.equal(whole.size, 547);
  assert.ok([...whole.values()].filter((line) => 'rows' in line && line.rows !== 0).length > 200);
});
