/**
 * Rows of generated cohorts stand only as long as the data that they were generated on: a person who left the extract is not kept in a
 * cohort of before. Every filling and every swap removes them in its own transaction, and so does the next run of cohorts (what a run wrote
 * that had lost its hold on the data, or images that were filled by themselves).
 */

import type { ClientBase } from 'pg';
import { quoteName } from '#sql/cdm/ddl.ts';
import { dataVersion } from './version.ts';

type Client = Pick<ClientBase, 'query'>;

const resultsSchema = 'results';

/** Data that nobody vouches for. */
export const unversioned = 'unversioned';

/** As runs note it: several CDMs of a database may have their cohorts in one schema. */
export function notedVersion(schema: string, version: string): string {
  return `${schema}:${version}`;
}

/** Removes the cohorts that were generated on the CDM of `schema` as it was before; part of the transaction that fills it. `now`: its version, where it is known. */
export async function dropFormerCohorts(client: ClientBase, schema: string, now?: string): Promise<void> {
  if (!(await hasCohorts(client, schema))) return;
  const version = now ?? (await dataVersion(client, schema));
  await dropFormerRuns(client, resultsSchema, notedVersion(schema, version));
}

/** Removes runs before `id`, and their rows, on other versions than `noted` of the same CDM; and those that do not say of which CDM they are. */
export async function dropFormerRuns(
  client: Client,
  results: string,
  noted: string,
  id?: bigint,
): Promise<void> {
  if (noted === unversioned) return;
  await client.query(
    `with gone as (
       delete from ${quoteName(results)}.cohort_run where ${cdmOf} in ($1, '') and data_version not in ($2, $3)
          and ($4::bigint is null or cohort_definition_id < $4)
       returning cohort_definition_id)
     delete from ${quoteName(results)}.cohort c using gone g where c.cohort_definition_id = g.cohort_definition_id`,
    [notedVersion(noted.slice(0, Math.max(0, noted.lastIndexOf(':'))), ''), noted, unversioned, id ?? null],
  );
}

const cdmOf = `regexp_replace(data_version, '[^:]*$', '')`;

/** Whether there is anything to remove: the data version costs a look at every table that was never filled by us. */
async function hasCohorts(client: Client, schema: string): Promise<boolean> {
  const { rowCount: there } = await client.query(
    `select from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relname = 'cohort_run'`,
    [resultsSchema],
  );
  if (!there) return false;
  const { rowCount } = await client.query(
    `select from ${quoteName(resultsSchema)}.cohort_run where ${cdmOf} in ($1, '') and data_version <> $2 limit 1`,
    [notedVersion(schema, ''), unversioned],
  );
  return (rowCount ?? 0) > 0;
}
