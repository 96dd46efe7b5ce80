/** What lies in a CDM's schema, read from PostgreSQL's catalogue: an attached one may lack anything, or be made of views. */

import type { ClientBase } from 'pg';

export interface FoundTable {
  readonly name: string;
  /** A table of rows, which can have keys and indexes; else a view or a foreign table. */
  readonly plain: boolean;
  /** Type of each column as `format_type` prints it, without length. */
  readonly columns: ReadonlyMap<string, string>;
  /** Columns of each index in order, without those only included. */
  readonly indexes: readonly { readonly columns: readonly string[]; readonly unique: boolean }[];
}

/** The tables and views of `schema` by name; empty where there is no such schema. */
export async function readCatalog(
  client: ClientBase,
  schema: string,
): Promise<ReadonlyMap<string, FoundTable>> {
  const columns = await client.query<{ table: string; plain: boolean; column: string; type: string }>(
    `select c.relname as table, c.relkind in ('r', 'p') as plain, a.attname as column, format_type(a.atttypid, null) as type
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
       join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      where n.nspname = $1 and c.relkind in ('r', 'p', 'v', 'm', 'f')`,
    [schema],
  );
  const indexes = await client.query<{ table: string; unique: boolean; columns: string[] }>(
    `select c.relname as table, x.indisunique and x.indpred is null as unique,
            array(select a.attname::text from unnest(x.indkey::int2[]) with ordinality k(num, ord)
                    join pg_attribute a on a.attrelid = x.indrelid and a.attnum = k.num
                   where k.ord <= x.indnkeyatts order by k.ord) as columns
       from pg_index x join pg_class c on c.oid = x.indrelid join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = $1 and x.indisvalid`,
    [schema],
  );
  const found = new Map<string, FoundTable & { columns: Map<string, string> }>();
  for (const row of columns.rows) {
    const table = found.get(row.table) ?? {
      name: row.table,
      plain: row.plain,
      columns: new Map<string, string>(),
      indexes: indexes.rows.filter((index) => index.table === row.table),
    };
    table.columns.set(row.column, row.type);
    found.set(row.table, table);
  }
  return found;
}
