/** The loaded CDM that is measured: a home's or a given one, or a folder of files in a server of its own, made larger where asked. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Pool } from 'pg';
import { type Database, openDatabase } from '#host/postgres/database.ts';
import { migrate } from '#host/postgres/migrate.ts';
import { loadCdm } from '#node/cdm/load.ts';
import { type CdmTable, cdmTables } from '#sql/cdm/tables.ts';
import { identifier } from '#sql/circe/literal.ts';

export interface BenchData {
  readonly pool: Pool;
  close(): Promise<void>;
}

interface DataOptions {
  readonly home: string | undefined;
  /** Folder of CDM files, loaded into a server of its own that goes away again. */
  readonly cdm: string | undefined;
  readonly schema: string;
  /** How many times the persons stand in the data, with shifted ids. */
  readonly copies: number;
  readonly connections: number;
}

/** What the figures of the documentation were taken with. */
const settings = { shared_buffers: '512MB' };

/** Opens the data. Of a given server (MOIM_CDM_URL, MOIM_DATABASE_URL) the settings are its own. */
export async function openData(options: DataOptions): Promise<BenchData> {
  const own = options.cdm === undefined ? undefined : mkdtempSync(join(tmpdir(), 'moim-bench-cohorts-'));
  const home = own ?? resolve(options.home ?? process.env.MOIM_HOME ?? '.moim');
  const url = own === undefined ? (process.env.MOIM_CDM_URL ?? process.env.MOIM_DATABASE_URL) : undefined;
  const database = await openDatabase({ home, url, settings, maxConnections: options.connections + 3 });
  const close = async () => {
    await database.close();
    if (own !== undefined) rmSync(own, { recursive: true, force: true });
  };
  try {
    await migrate(database.pool, 'results', 'results');
    if (options.cdm !== undefined) await fill(database, options.cdm, options);
    else if (options.copies > 1)
      throw new Error('--copies needs --cdm: the data of a home are left as they are');
    return { pool: database.pool, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function fill(database: Database, directory: string, options: DataOptions): Promise<void> {
  process.stderr.write(`loading ${directory}\n`);
  await migrate(database.pool, 'cdm', options.schema);
  await loadCdm(database, { directory, schema: options.schema, ignoreUnknown: true });
  if (options.copies > 1) {
    process.stderr.write(`copying the persons, ${options.copies} times in all\n`);
    for (const table of cdmTables.filter((one) => one.personKey !== undefined && one.name !== 'cohort'))
      await copyPersons(database.pool, options.schema, table, options.copies);
  }
  await database.pool.query('vacuum (analyze)');
}

/** Ids of each copy are those of the first, shifted by what no id of the table reaches. */
async function copyPersons(pool: Pool, schema: string, table: CdmTable, copies: number): Promise<void> {
  const name = `${identifier(schema)}.${table.name}`;
  const shifted = new Set([...table.primaryKey, 'person_id', 'visit_occurrence_id', 'visit_detail_id']);
  const columns = table.columns.map((column) => column.name);
  const values = columns.map((column) =>
    shifted.has(column) ? `t.${column} + k * ${shift}` : `t.${column}`,
  );
  await pool.query(
    `insert into ${name} (${columns.join(', ')})
     select ${values.join(', ')} from ${name} t, generate_series(1, $1::int - 1) k order by k, t.${table.primaryKey[0] ?? 'person_id'}`,
    [copies],
  );
}

const shift = 100_000_000;
