/** What was generated when and on which data (`results.cohort_run`): finds answers that still hold, notes failures. */

import type { ClientBase } from 'pg';
import { identifier } from '#sql/circe/literal.ts';
import { type GeneratedCohort, type GenerateRow, generatedCohort } from '#sql/circe/statement.ts';

/** What makes two generations the same: the definition with its options, and the data. */
export interface RunKey {
  readonly name: string;
  readonly definitionSha256: string;
  readonly dataVersion: string;
}

/** Data that nobody vouches for: never taken as unchanged. */
export const unversioned = 'unversioned';

/** Summaries of earlier generations on the same data, by the hash of the definition. */
export async function findRuns(
  client: Pick<ClientBase, 'query'>,
  schema: string,
  keys: readonly RunKey[],
): Promise<ReadonlyMap<string, GeneratedCohort>> {
  const dataVersion = keys[0]?.dataVersion ?? unversioned;
  if (dataVersion === unversioned) return new Map();
  const { rows } = await client.query<{ sha: string; summary: GenerateRow & { readonly ruleCount: number } }>(
    `select distinct on (definition_sha256) definition_sha256 as sha, summary from ${identifier(schema)}.cohort_run
      where definition_sha256 = any($1) and data_version = $2 and status = 'ok' and summary is not null
      order by definition_sha256, cohort_definition_id desc`,
    [keys.map((key) => key.definitionSha256), dataVersion],
  );
  return new Map(rows.map(({ sha, summary }) => [sha, generatedCohort(summary, summary.ruleCount)]));
}

/** Notes a generation that gave nothing. */
export async function noteFailure(
  client: Pick<ClientBase, 'query'>,
  schema: string,
  key: RunKey,
  run: {
    readonly startedAt: string;
    readonly ms: number;
    readonly status: 'refused' | 'error' | 'timeout';
  },
): Promise<void> {
  await client.query(
    `insert into ${identifier(schema)}.cohort_run (name, definition_sha256, data_version, started_at, status, ms)
      values ($1, $2, $3, $4, $5, $6)`,
    [key.name, key.definitionSha256, key.dataVersion, run.startedAt, run.status, run.ms],
  );
}
