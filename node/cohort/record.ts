/** What was generated when and on which data (`results.cohort_run`): finds an answer that still holds, notes a new one. */

import type { ClientBase } from 'pg';
import { identifier } from '#sql/circe/literal.ts';
import type { GeneratedCohort } from '#sql/circe/statement.ts';

/** What makes two generations the same: the definition with its options, and the data. */
export interface RunKey {
  readonly name: string;
  readonly definitionSha256: string;
  readonly dataVersion: string;
}

/** Data that nobody vouches for: never taken as unchanged. */
export const unversioned = 'unversioned';

/** The summary of an earlier generation of the same definition on the same data. */
export async function findRun(
  client: ClientBase,
  schema: string,
  key: RunKey,
): Promise<GeneratedCohort | undefined> {
  if (key.dataVersion === unversioned) return undefined;
  const { rows } = await client.query<{ summary: GeneratedCohort }>(
    `select summary from ${identifier(schema)}.cohort_run
      where definition_sha256 = $1 and data_version = $2 and status = 'ok' and summary is not null
      order by cohort_definition_id desc limit 1`,
    [key.definitionSha256, key.dataVersion],
  );
  return rows[0]?.summary;
}

/** Notes the beginning; gives the id that the rows get. */
export async function beginRun(
  client: ClientBase,
  schema: string,
  key: RunKey,
  startedAt: string,
): Promise<bigint> {
  const { rows } = await client.query<{ id: bigint }>(
    `insert into ${identifier(schema)}.cohort_run (name, definition_sha256, data_version, started_at, status)
      values ($1, $2, $3, $4, 'running') returning cohort_definition_id as id`,
    [key.name, key.definitionSha256, key.dataVersion, startedAt],
  );
  const [row] = rows;
  if (row === undefined) throw new Error('insert … returning gave no row');
  return BigInt(row.id);
}

/** Notes the result, and removes what earlier generations of the same cohort on these data left. */
export async function endRun(
  client: ClientBase,
  schema: string,
  key: RunKey,
  id: bigint,
  run: { readonly ms: number; readonly summary: GeneratedCohort },
): Promise<void> {
  const results = identifier(schema);
  await client.query(
    `with old as (
       delete from ${results}.cohort_run
        where name = $1 and data_version = $2 and cohort_definition_id <> $3
       returning cohort_definition_id
     ), rows as (
       delete from ${results}.cohort c using old where c.cohort_definition_id = old.cohort_definition_id
     )
     update ${results}.cohort_run set status = 'ok', ms = $4, summary = $5 where cohort_definition_id = $3`,
    [key.name, key.dataVersion, id, run.ms, JSON.stringify(run.summary)],
  );
}

/** Notes a generation that gave nothing. */
export async function noteFailure(
  client: Pick<ClientBase, 'query'>,
  schema: string,
  key: RunKey,
  run: { readonly startedAt: string; readonly ms: number; readonly status: 'refused' | 'error' | 'timeout' },
): Promise<void> {
  await client.query(
    `insert into ${identifier(schema)}.cohort_run (name, definition_sha256, data_version, started_at, status, ms)
      values ($1, $2, $3, $4, $5, $6)`,
    [key.name, key.definitionSha256, key.dataVersion, run.startedAt, run.status, run.ms],
  );
}
