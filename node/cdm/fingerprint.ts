/** The fingerprint of one table: see version.ts for what it is made of, and why. */

import type { ClientBase, Pool } from 'pg';
import { quoteName } from '#sql/cdm/ddl.ts';

export interface Fingerprint {
  readonly rows: string;
  readonly sum: string;
}

/** Of the rows of one table over `columns`, whatever order either lies in. */
export async function fingerprint(
  client: ClientBase | Pool,
  schema: string,
  table: string,
  columns: readonly string[],
): Promise<Fingerprint> {
  const row = columns.toSorted().map(quoteName).join(', ');
  const found = await client.query<{ rows: string; sum: string }>(
    `select count(*)::text as rows, coalesce(sum(hashint8extended(hash_record_extended(row(${row}), 0), 0)), 0)::text as sum from ${quoteName(schema)}.${quoteName(table)}`,
  );
  return found.rows[0]!;
}
