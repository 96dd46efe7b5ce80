/**
 * Which indexes cohorts want on this CDM, what each costs in bytes and what it saves: from the statistics alone, no row is read. Wanted are
 * the indexes of an owned CDM and one for every other column that concept sets are looked for in. Answers never depend on an index.
 */

import type { ClientBase } from 'pg';
import { createIndex, quoteName } from '#sql/cdm/ddl.ts';
import { type CdmIndex, cdmIndexes } from '#sql/cdm/indexes.ts';
import { findCdmTable } from '#sql/cdm/tables.ts';
import { criterionTypes, describeType } from '#sql/circe/criteria/types.ts';

export interface IndexAdvice {
  readonly name: string;
  readonly table: string;
  /** `there`: an index answers it already; `pays`: it should be made; `small`: it would save too little. */
  readonly state: 'there' | 'pays' | 'small';
  readonly statement: string;
  /** Of an index that is there its size, else about what it would take. */
  readonly bytes: number;
  /** About how many rows one look reads without it and with it. */
  readonly rowsWithout: number;
  readonly rowsWith: number;
  /** How many times fewer. */
  readonly gain: number;
}

/** A scan of fewer rows than this is over before anybody notices. */
const fewRows = 5_000;
const leastGain = 2;

/** What every wanted index would do on the tables of `schema` that are there, the most useful first. */
export async function adviseIndexes(
  client: Pick<ClientBase, 'query'>,
  schema: string,
): Promise<readonly IndexAdvice[]> {
  const tables = await tablesOf(client, schema);
  const advice = wantedIndexes().flatMap((index) => {
    const table = tables.get(index.table);
    if (table === undefined || !index.columns.every((column) => table.columns.has(column))) return [];
    return [judge(index, table, schema)];
  });
  return advice.sort((one, other) => other.gain * other.rowsWithout - one.gain * one.rowsWithout);
}

interface Found {
  readonly rows: number;
  /** Distinct values by column, where ANALYZE has counted them. */
  readonly columns: ReadonlyMap<string, number | undefined>;
  readonly indexes: readonly { readonly columns: readonly string[]; readonly bytes: number }[];
}

/** The indexes of an owned CDM, then (column, person, start) for the concept columns that none of them begins with. */
function wantedIndexes(): readonly CdmIndex[] {
  const led = new Set(cdmIndexes.map(({ table, columns }) => `${table}.${columns[0]}`));
  const types = Object.keys(criterionTypes) as (keyof typeof criterionTypes)[];
  const more = types.flatMap((type) => {
    const { table, start, attributes } = describeType(type);
    if (findCdmTable(table) === undefined) return [];
    return Object.values(attributes).flatMap((attribute) => {
      if (attribute.kind !== 'codeset' || led.has(`${table}.${attribute.column}`)) return [];
      led.add(`${table}.${attribute.column}`);
      const name = `${table}_by_${attribute.column.replace(/_id$/, '')}`.slice(0, 63);
      return [{ name, table, columns: [attribute.column, 'person_id', start], include: [] }];
    });
  });
  return [...cdmIndexes, ...more];
}

function judge(index: CdmIndex, table: Found, schema: string): IndexAdvice {
  const begins = (columns: readonly string[]) => index.columns.every((column, at) => columns[at] === column);
  const there = table.indexes.find(({ columns }) => begins(columns));
  const use = useOf(index);
  // What is read without it is what the best other index leaves.
  const others = table.indexes
    .filter((one) => one !== there)
    .map(({ columns }) => remaining(table, shared(use, columns)));
  const rowsWithout = Math.max(1, Math.min(table.rows, ...others));
  const rowsWith = Math.max(1, remaining(table, use));
  const gain = Math.max(1, rowsWithout / rowsWith);
  const small = table.rows < fewRows || gain < leastGain;
  return {
    name: index.name,
    table: index.table,
    state: there !== undefined ? 'there' : small ? 'small' : 'pays',
    statement: createIndex(index).replace(
      ` on "${index.table}"`,
      ` on ${quoteName(schema)}."${index.table}"`,
    ),
    bytes: there?.bytes ?? bytesOf(index, table),
    rowsWithout: Math.round(rowsWithout),
    rowsWith: Math.round(rowsWith),
    gain: Math.round(gain * 10) / 10,
  };
}

/** What is looked for with it: the concept alone for entry events, person and concept for a probe. */
function useOf({ columns }: CdmIndex): readonly string[] {
  return columns.slice(0, columns[1] === 'person_id' ? 1 : 2);
}

/** The columns looked for that another index begins with, in any order. */
function shared(use: readonly string[], columns: readonly string[]): readonly string[] {
  const end = columns.findIndex((column) => !use.includes(column));
  return columns.slice(0, end < 0 ? columns.length : end);
}

/** Rows that are left where these columns are known; of a column that was never counted nothing is known. */
function remaining(table: Found, columns: readonly string[]): number {
  return columns.reduce((rows, column) => rows / Math.max(1, table.columns.get(column) ?? 1), table.rows);
}

/** Keys and carried columns of eight bytes, the head of an entry, and pages that are nine tenths full. */
function bytesOf(index: CdmIndex, table: Found): number {
  return Math.round((table.rows * (12 + 8 * (index.columns.length + index.include.length))) / 0.9);
}

async function tablesOf(
  client: Pick<ClientBase, 'query'>,
  schema: string,
): Promise<ReadonlyMap<string, Found>> {
  const { rows } = await client.query<{
    table: string;
    rows: number;
    columns: readonly { readonly name: string; readonly distinct: number | null }[];
    indexes: readonly { readonly columns: readonly string[]; readonly bytes: number }[] | null;
  }>(query, [schema]);
  return new Map(
    rows.map((row) => {
      const count = Math.max(0, row.rows);
      const values = (distinct: number | null) =>
        distinct === null ? undefined : distinct < 0 ? -distinct * count : distinct;
      const columns = new Map(row.columns.map(({ name, distinct }) => [name, values(distinct)]));
      return [row.table, { rows: count, columns, indexes: row.indexes ?? [] }];
    }),
  );
}

const query = `with s as materialized (
    select tablename, attname, max(n_distinct)::float8 as n_distinct from pg_stats where schemaname = $1 group by 1, 2)
  select c.relname as table, c.reltuples::float8 as rows,
         (select json_agg(json_build_object('name', a.attname, 'distinct', s.n_distinct))
            from pg_attribute a left join s on s.tablename = c.relname and s.attname = a.attname
           where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
         (select json_agg(json_build_object('bytes', pg_relation_size(i.indexrelid), 'columns',
                   (select json_agg(a.attname order by k.at) from unnest(i.indkey::int2[]) with ordinality k(attnum, at)
                      join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum where k.at <= i.indnkeyatts)))
            from pg_index i where i.indrelid = c.oid and i.indisvalid and i.indpred is null and i.indexprs is null) as indexes
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where n.nspname = $1 and c.relkind in ('r', 'p', 'm')`;
