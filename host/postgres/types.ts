/**
 * How PostgreSQL's values become ours, per client, so that no global parser is changed: dates and timestamps stay text
 * as PostgreSQL writes them, instants become ISO text with milliseconds in UTC, 64-bit integers bigint, numerics text
 * (exact); arrays of these alike. Other types as `pg` has them (int4 and float8 number, jsonb parsed, bytea Buffer).
 */

import pg from 'pg';

/** `types` of a `pg.Client` or `pg.Pool`. Sessions must use DateStyle ISO and TimeZone UTC, as `openDatabase` sets. */
export const pgTypes = new pg.TypeOverrides();

/** Array types by oid; the type declarations name scalar ones only. */
const textArray: number = 1009;
const scalars: readonly (readonly [oid: number, arrayOid: number, parse: (text: string) => unknown])[] = [
  [pg.types.builtins.DATE, 1182, asText],
  [pg.types.builtins.TIMESTAMP, 1115, asText],
  [pg.types.builtins.TIMESTAMPTZ, 1185, asInstant],
  [pg.types.builtins.INT8, 1016, BigInt],
  [pg.types.builtins.NUMERIC, 1231, asText],
  [pg.types.builtins.INTERVAL, 1187, asText],
];
for (const [oid, arrayOid, parse] of scalars) {
  pgTypes.setTypeParser(oid, parse);
  pgTypes.setTypeParser(arrayOid, (text: string) =>
    mapNested(pg.types.getTypeParser(textArray)(text), parse),
  );
}

function asText(text: string): string {
  return text;
}

/** `2024-01-31 09:30:00.123456+00` → `2024-01-31T09:30:00.123Z`; infinity and years before 1 or after 9999 stay as they are. */
function asInstant(text: string): string {
  const match = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d+))?\+00$/.exec(text);
  return match ? `${match[1]}T${match[2]}.${(match[3] ?? '').padEnd(3, '0').slice(0, 3)}Z` : text;
}

function mapNested(value: unknown, parse: (text: string) => unknown): unknown {
  if (Array.isArray(value)) return value.map((part) => mapNested(part, parse));
  return typeof value === 'string' ? parse(value) : value;
}
