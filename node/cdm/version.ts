/**
 * The data version of a CDM: one text that changes when the data do, and only then.
 *
 * Each table has a fingerprint: its rows, and the sum of a 64-bit hash of each row over its columns by name. A sum does
 * not care in which order rows or columns lie, needs no sort, and runs in one pass; hashing the values, not their text,
 * makes 1.50 and 1.5 the same and settings such as DateStyle harmless. The row's hash is hashed once more: PostgreSQL's is
 * linear in its columns, and a sum of it would not see values that change places between rows. It guards caches against change, not against
 * somebody who forges data: a hospital may always change its own.
 *
 * On an owned CDM the fingerprints are noted at every filling (`moim_cdm_version`) and read from there; on an attached
 * one, or for a table that was never filled by us, they are computed on demand with SELECT alone.
 */

import { createHash, createHmac } from 'node:crypto';
import type { ClientBase, Pool } from 'pg';
import { quoteName } from '#sql/cdm/ddl.ts';
import { type CdmTable, cdmTables } from '#sql/cdm/tables.ts';
import { type Fingerprint, fingerprint } from './fingerprint.ts';
import { imagePrints } from './images.ts';

/** Tables whose rows no answer depends on. */
const beside: ReadonlySet<string> = new Set(['cohort', 'cohort_definition']);

/** Tables that concept sets are resolved with. */
const ofConcepts: ReadonlySet<string> = new Set(['concept', 'concept_ancestor', 'concept_relationship']);

/**
 * The data version of the CDM in `schema`, 32 hex digits. An absent table counts as an empty one. With `fresh` nothing
 * noted is believed (use it where somebody may have changed an owned CDM by hand).
 */
export async function dataVersion(client: ClientBase | Pool, schema: string, fresh = false): Promise<string> {
  const noted = fresh ? new Map() : await notedPrints(client, schema);
  const prints = await fingerprints(client, schema, noted, (table) => !beside.has(table.name));
  // Images are asked together with the CDM they lie beside.
  return digest(new Map([...prints, ...(await imagePrints(client, noted))]));
}

/**
 * The vocabulary's own version; where it states none, `unversioned-` and 12 hex digits of the fingerprint of its concepts.
 */
export async function vocabularyVersion(client: ClientBase | Pool, schema: string): Promise<string> {
  const stated = await statedVocabularyVersion(client, schema);
  if (stated !== undefined) return stated;
  const noted = await notedPrints(client, schema);
  const prints = await fingerprints(client, schema, noted, (table) => ofConcepts.has(table.name));
  return `unversioned-${digest(prints).slice(0, 12)}`;
}

/** The version that the vocabulary states (`vocabulary` row 'None', else `cdm_source`), where it does. */
export async function statedVocabularyVersion(
  client: ClientBase | Pool,
  schema: string,
): Promise<string | undefined> {
  const present = await columnsOf(client, schema);
  const asked = [
    [
      'vocabulary',
      `select vocabulary_version as version from ${at(schema, 'vocabulary')} where vocabulary_id = 'None'`,
    ],
    ['cdm_source', `select vocabulary_version as version from ${at(schema, 'cdm_source')} order by 1 desc`],
  ] as const;
  for (const [table, sql] of asked) {
    if (!present.get(table)?.has('vocabulary_version')) continue;
    const found = await client.query<{ version: string | null }>(sql);
    const version = found.rows.find((row) => row.version)?.version;
    if (version) return version;
  }
  return undefined;
}

/** A data version as answers carry it: keyed, so that nobody outside can try guesses of the data against it. */
export function answerVersion(version: string, archiveSecret: string): string {
  return createHmac('sha256', archiveSecret).update(version).digest('hex');
}

/** The fingerprint of one table as text, noted or computed. */
export async function tablePrint(client: ClientBase | Pool, schema: string, table: string): Promise<string> {
  const noted = await notedPrints(client, schema);
  const print = (await fingerprints(client, schema, noted, ({ name }) => name === table)).get(table);
  return print === undefined ? 'none' : `${print.rows} ${print.sum}`;
}

/** Computes and keeps the fingerprint of one table of an owned CDM; part of the transaction that fills it. */
export async function noteFingerprint(
  client: ClientBase | Pool,
  schema: string,
  table: CdmTable,
): Promise<void> {
  const print = await fingerprint(
    client,
    schema,
    table.name,
    table.columns.map((column) => column.name),
  );
  await client.query(
    `insert into ${at(schema, 'moim_cdm_version')} (table_name, rows, fingerprint) values ($1, $2, $3)
     on conflict (table_name) do update set rows = $2, fingerprint = $3, filled_at = now()`,
    [table.name, print.rows, print.sum],
  );
}

/** What was noted at the fillings of an owned CDM; nothing of an attached one. */
async function notedPrints(
  client: ClientBase | Pool,
  schema: string,
): Promise<ReadonlyMap<string, Fingerprint>> {
  const there = await client.query<{ there: boolean }>(
    `select to_regclass(format('%I.moim_cdm_version', $1::text)) is not null as there`,
    [schema],
  );
  if (!there.rows[0]?.there) return new Map();
  const { rows } = await client.query<{ name: string; rows: string; sum: string }>(
    `select table_name as name, rows::text, fingerprint::text as sum from ${at(schema, 'moim_cdm_version')}`,
  );
  return new Map(rows.map(({ name, ...print }) => [name, print]));
}

async function fingerprints(
  client: ClientBase | Pool,
  schema: string,
  noted: ReadonlyMap<string, Fingerprint>,
  wanted: (table: CdmTable) => boolean,
): Promise<Map<string, Fingerprint>> {
  const present = await columnsOf(client, schema);
  const prints = new Map<string, Fingerprint>();
  for (const table of cdmTables) {
    const columns = table.columns
      .map((column) => column.name)
      .filter((name) => present.get(table.name)?.has(name));
    if (!wanted(table) || columns.length === 0) continue;
    prints.set(table.name, noted.get(table.name) ?? (await fingerprint(client, schema, table.name, columns)));
  }
  return prints;
}

/** Tables (and views: an attached CDM may be made of them) of the schema with their columns. */
async function columnsOf(client: ClientBase | Pool, schema: string): Promise<Map<string, Set<string>>> {
  const found = await client.query<{ table: string; column: string }>(
    `select c.relname as table, a.attname as column from pg_class c join pg_namespace n on n.oid = c.relnamespace
       join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      where n.nspname = $1 and c.relkind in ('r', 'p', 'v', 'm', 'f')`,
    [schema],
  );
  const tables = new Map<string, Set<string>>();
  for (const row of found.rows) {
    const columns = tables.get(row.table) ?? new Set();
    tables.set(row.table, columns.add(row.column));
  }
  return tables;
}

function digest(prints: ReadonlyMap<string, Fingerprint>): string {
  const hash = createHash('sha256').update('moim cdm version 1\n');
  for (const [table, print] of [...prints].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (print.rows !== '0') hash.update(`${table} ${print.rows} ${print.sum}\n`);
  }
  return hash.digest('hex').slice(0, 32);
}

function at(schema: string, table: string): string {
  return `${quoteName(schema)}.${quoteName(table)}`;
}
