/**
 * What the database knows of the columns that concept sets are looked for in: how many rows, which concepts are common, whether an index
 * leads there. Read once for many definitions; ANALYZE keeps it, no row is read.
 */

import type { ClientBase } from 'pg';
import { criterionTypes, describeType } from '#sql/circe/criteria/types.ts';
import { schemaOf } from '#sql/circe/imaging-schema.ts';

export interface Statistics {
  /** Estimated rows with one of the concepts; undefined where nothing is known of the column. */
  rows(table: string, column: string, ids: readonly number[]): number | undefined;
  /** Whether a concept is found there by an index. */
  isIndexed(table: string, column: string): boolean;
  /** Rows of the whole table, about; undefined where nothing is known of the column. */
  size(table: string, column: string): number | undefined;
  /** Persons of the CDM, about. */
  readonly persons: number | undefined;
  /** Whether some table lies on another server: each look into an index is a journey there. */
  readonly remote: boolean;
}

interface Row {
  readonly table: string;
  readonly column: string;
  readonly rows: number;
  readonly indexed: boolean;
  readonly remote: boolean;
  readonly nulls: number | null;
  readonly distinct: number | null;
  readonly common: string | null;
  readonly freqs: readonly number[] | null;
}

export async function readStatistics(
  client: Pick<ClientBase, 'query'>,
  cdmSchema: string,
): Promise<Statistics> {
  const places = [...codesetPlaces(), ['person', 'person_id'] as const];
  const { rows } = await client.query<Row>(query, [
    places.map(([table]) => table),
    places.map(([, column]) => column),
    places.map(([table]) => schemaOf(table, { cdmSchema })),
  ]);
  const columns = new Map(rows.map((row) => [`${row.table}.${row.column}`, columnOf(row)]));
  const sizes = new Map(
    rows.filter((row) => row.rows >= 0).map((row) => [`${row.table}.${row.column}`, row.rows]),
  );
  return {
    rows: (table, column, ids) => columns.get(`${table}.${column}`)?.rows?.(ids),
    isIndexed: (table, column) => columns.get(`${table}.${column}`)?.indexed ?? false,
    size: (table, column) => sizes.get(`${table}.${column}`),
    persons: rows.find((row) => row.table === 'person' && row.rows >= 0)?.rows,
    remote: rows.some((row) => row.remote),
  };
}

/** Where every criterion type looks for its concept sets. */
function codesetPlaces(): readonly (readonly [table: string, column: string])[] {
  const types = Object.keys(criterionTypes) as (keyof typeof criterionTypes)[];
  return types.flatMap((type) => {
    const { table, attributes } = describeType(type);
    return Object.values(attributes).flatMap((attribute) =>
      attribute.kind === 'codeset' ? [[table, attribute.column] as const] : [],
    );
  });
}

/** The statistics of all tables at once: for each by itself the view costs ten times as much. */
const query = `with s as materialized (
    select schemaname, tablename, attname, inherited, null_frac, n_distinct, most_common_vals::text as common, most_common_freqs as freqs
      from pg_stats where schemaname = any($3) and tablename = any($1))
  select w.t as table, w.c as column, c.reltuples::float8 as rows, s.null_frac::float8 as nulls, s.n_distinct::float8 as distinct,
         s.common, s.freqs::float8[] as freqs,
         exists (select 1 from pg_index i where i.indrelid = c.oid and i.indkey[0] = a.attnum and i.indisvalid and i.indpred is null) as indexed,
         c.relkind = 'f' or exists (select 1 from pg_inherits h join pg_class p on p.oid = h.inhrelid and p.relkind = 'f' where h.inhparent = c.oid) as remote
    from (select distinct * from unnest($1::text[], $2::text[], $3::text[]) u(t, c, n)) w
    join pg_namespace n on n.nspname = w.n
    join pg_class c on c.relnamespace = n.oid and c.relname = w.t and c.relkind in ('r', 'm', 'p', 'f')
    join pg_attribute a on a.attrelid = c.oid and a.attname = w.c
    left join s on s.schemaname = w.n and s.tablename = w.t and s.attname = w.c and s.inherited = (c.relkind = 'p')`;

/** As the planner estimates: the common ones by their share, every other concept by what is left over. */
function columnOf(row: Row): {
  readonly indexed: boolean;
  readonly rows: ((ids: readonly number[]) => number) | undefined;
} {
  const { indexed, distinct, freqs } = row;
  if (row.rows === 0) return { indexed, rows: () => 0 };
  if (row.rows < 0 || distinct === null) return { indexed, rows: undefined };
  const values = (row.common ?? '{}').slice(1, -1).split(',').map(Number);
  const common = new Map((freqs ?? []).map((share, at) => [values[at] ?? Number.NaN, share]));
  const rest = 1 - (row.nulls ?? 0) - [...common.values()].reduce((sum, share) => sum + share, 0);
  const others = (distinct < 0 ? -distinct * row.rows : distinct) - common.size;
  const other = Math.max(0, rest) / Math.max(1, others);
  return {
    indexed,
    rows: (ids) => {
      const share = ids.reduce((sum, id) => sum + (common.get(id) ?? other), 0);
      return Math.min(1, share) * row.rows;
    },
  };
}
