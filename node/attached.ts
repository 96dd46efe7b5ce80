/** An attached CDM belongs to the hospital: our role may read it and nothing else, and that is looked up, not believed. */

import type { Pool } from 'pg';
import { databaseError } from '#host/postgres/error.ts';
import { MoimError } from '#protocol/errors.ts';

/** Throws MoimError `cdm-missing` or `cdm-writable`: grants protect the CDM, not good intentions. */
export async function checkAttached(pool: Pool, schema: string): Promise<void> {
  const { rows } = await pool
    .query<{ tables: bigint; writable: bigint; creates: boolean | null }>(
      `select count(*) as tables,
              count(*) filter (where has_any_column_privilege(c.oid, 'INSERT') or has_any_column_privilege(c.oid, 'UPDATE')
                or has_table_privilege(c.oid, 'DELETE') or has_table_privilege(c.oid, 'TRUNCATE')) as writable,
              bool_or(has_schema_privilege(n.oid, 'CREATE')) as creates
         from pg_catalog.pg_class c
         join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where n.nspname = $1 and c.relkind in ('r', 'p', 'v', 'm', 'f')`,
      [schema],
    )
    .catch((cause: unknown) => {
      throw databaseError(cause);
    });
  const [row] = rows;
  if (!row || row.tables === 0n) {
    throw new MoimError('cdm-missing', `the attached database has no tables in the schema ${schema}`, {
      remedy:
        'Set MOIM_CDM_SCHEMA to the schema that holds the CDM, and grant its use (`moim node init --grants`).',
    });
  }
  if (row.writable > 0n || row.creates === true) {
    throw new MoimError(
      'cdm-writable',
      `the role may write to ${row.writable} of ${row.tables} tables of the attached CDM`,
    );
  }
}
