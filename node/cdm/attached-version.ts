/**
 * The data version of an attached CDM, cheap enough for every job: the state of its tables as PostgreSQL's catalogue tells it (storage file, size,
 * rows ever inserted, updated, deleted), without reading a row. It changes when rows do, by up to ten seconds later (a session that has just
 * written counters waits with the next); it may also change when only the storage did (VACUUM FULL, a restored server), which costs a cache
 * and nothing else. It may come back to what it was: counters that were reset (by hand, by a crash) forget what was changed in place, and of
 * a dropped column they know nothing. So no answer is kept under it. Tables whose state the catalogue does not know (views, foreign tables, a
 * standby's) are read and fingerprinted as owned ones are.
 */

import { createHash } from 'node:crypto';
import type { ClientBase } from 'pg';
import { databaseError } from '#host/postgres/error.ts';
import { cdmTables } from '#sql/cdm/tables.ts';
import { imagingTables } from '#sql/circe/imaging-schema.ts';
import { dataVersion } from './version.ts';

interface TableState {
  readonly name: string;
  /** True for tables and materialized views with storage of their own, or partitioned into such. */
  readonly stored: boolean;
  readonly state: string | null;
}

/** Hex digits; equal where the tables' state is. Needs SELECT on nothing but the catalogue, save for the tables named above. */
export async function attachedVersion(client: ClientBase, schema: string): Promise<string> {
  const { rows } = await client
    .query<TableState & { standby: boolean }>(stateQuery, [
      schema,
      cdmTables.map(({ name }) => name),
      [...imagingTables],
    ])
    .catch((cause: unknown) => {
      throw databaseError(cause);
    });
  if (rows.some(({ stored, standby }) => !stored || standby)) return dataVersion(client, schema, true);
  return createHash('sha256')
    .update(rows.map(({ name, state }) => `${name} ${state ?? ''}\n`).join(''))
    .digest('hex');
}

const stateQuery = `
with recursive tree as (
  select c.oid as root, c.oid from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where n.nspname = $1 and c.relname = any($2::text[])
    or n.nspname = 'imaging' and c.relname = any($3::text[])
  union all
  select t.root, i.inhrelid from tree t join pg_catalog.pg_inherits i on i.inhparent = t.oid
)
select r.relname as name,
  bool_and(c.relkind in ('r', 'm', 'p')) as stored,
  pg_catalog.pg_is_in_recovery() as standby,
  string_agg(concat_ws(':', c.oid, c.relfilenode, pg_catalog.pg_relation_size(c.oid), s.n_tup_ins, s.n_tup_upd, s.n_tup_del), ',' order by c.oid) as state
from tree t
join pg_catalog.pg_class r on r.oid = t.root
join pg_catalog.pg_class c on c.oid = t.oid
left join pg_catalog.pg_stat_all_tables s on s.relid = c.oid
group by r.relname
order by r.relname`;
