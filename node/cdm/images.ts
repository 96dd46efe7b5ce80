/**
 * Images beside an owned CDM: their tables lie in the schema `imaging` of the same database, and speak of persons of one filling of the CDM.
 * What was filled together with a CDM is noted there beside its own tables (`moim_cdm_version`, names with `imaging.` before), and goes
 * with the persons it speaks of.
 */

import type { ClientBase, Pool } from 'pg';
import { quoteName } from '#sql/cdm/ddl.ts';
import { imagingTables } from '#sql/circe/imaging-schema.ts';
import { type Fingerprint, fingerprint } from './fingerprint.ts';

const schema = 'imaging';
const noted = (table: string) => `${schema}.${table}`;

/** Empties the tables of images that were filled with the CDM of `cdmSchema`, and forgets them; nothing where none was. Part of a filling. */
export async function emptyImages(client: ClientBase, cdmSchema: string): Promise<void> {
  const { rowCount } = await client.query(
    `delete from ${quoteName(cdmSchema)}.moim_cdm_version where table_name = any($1)`,
    [[...imagingTables].map(noted)],
  );
  if (rowCount) await truncateImages(client);
}

/** Empties all tables of images. Part of a filling. */
export async function truncateImages(client: ClientBase): Promise<void> {
  const tables = ['image_occurrence', 'image_feature', 'radiology_occurrence', 'radiology_image'];
  await client.query(`truncate ${tables.map(noted).join(', ')}`);
}

/** Analyses the tables that criteria ask, and notes what they hold in the CDM of `cdmSchema`. Part of a filling. */
export async function noteImages(client: ClientBase, cdmSchema: string): Promise<void> {
  for (const [table, columns] of await imageColumns(client)) {
    await client.query(`analyze ${noted(table)}`);
    const print = await fingerprint(client, schema, table, columns);
    await client.query(
      `insert into ${quoteName(cdmSchema)}.moim_cdm_version (table_name, rows, fingerprint) values ($1, $2, $3)
       on conflict (table_name) do update set rows = $2, fingerprint = $3, filled_at = now()`,
      [noted(table), print.rows, print.sum],
    );
  }
}

/** The fingerprints of the tables that criteria ask, noted (`known`) or computed, by the names they are noted under. */
export async function imagePrints(
  client: ClientBase | Pool,
  known: ReadonlyMap<string, Fingerprint>,
): Promise<ReadonlyMap<string, Fingerprint>> {
  const prints = new Map<string, Fingerprint>();
  for (const [table, columns] of await imageColumns(client))
    prints.set(noted(table), known.get(noted(table)) ?? (await fingerprint(client, schema, table, columns)));
  return prints;
}

/** The tables that criteria ask and that may be read, with their columns. */
async function imageColumns(client: ClientBase | Pool): Promise<ReadonlyMap<string, readonly string[]>> {
  const { rows } = await client.query<{ table: string; columns: string[] }>(
    `select c.relname as table, array_agg(a.attname::text) as columns from pg_class c join pg_namespace n on n.oid = c.relnamespace
       join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      where n.nspname = $1 and c.relname = any($2) and c.relkind in ('r', 'p', 'v', 'm', 'f')
        and has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select') group by 1`,
    [schema, [...imagingTables]],
  );
  return new Map(rows.map(({ table, columns }) => [table, columns]));
}
