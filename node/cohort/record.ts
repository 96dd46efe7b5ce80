/** What was generated when and on which data (`results.cohort_run`): finds answers that still hold, notes failures. */

import type { ClientBase } from 'pg';
import { identifier } from '#sql/circe/literal.ts';
import { type GeneratedCohort, type GenerateRow, generatedCohort } from '#sql/circe/statement.ts';
import { dropFormerRuns, unversioned } from '../cdm/generated.ts';

/** What makes two generations the same: the definition with its options, and the data. */
export interface RunKey {
  readonly name: string;
  /** Of the definition with all that it names, the options, and the engine (engine.ts). */
  readonly definitionSha256: string;
  readonly dataVersion: string;
  readonly vocabularyVersion: string | null;
}

/** What is there already, and the ids of the runs to come. */
export interface EarlierRuns {
  /** Answers that still hold, by the hash of the definition. */
  readonly answers: ReadonlyMap<string, GeneratedCohort>;
  /** Names that have runs on these data. */
  readonly names: ReadonlySet<string>;
  /** An id for each of the keys, in their order; none where nothing is written. */
  readonly ids: readonly bigint[];
}

/**
 * Looks for runs of these definitions on the same data; without a schema there are none. With `force` no answer holds; where a run `begins`
 * what was generated on data before these goes. Ids are taken for all of `keys`. A definition that was run under another name has its rows under the new one afterwards.
 */
export async function findRuns(
  client: Pick<ClientBase, 'query'>,
  schema: string | undefined,
  keys: readonly RunKey[],
  {
    force,
    begins,
    repeated = new Set(),
  }: {
    readonly force: boolean;
    readonly begins: boolean;
    /** Names that stand more than once in the run: nothing is given to them from before. */
    readonly repeated?: ReadonlySet<string>;
  },
): Promise<EarlierRuns> {
  const [key] = keys;
  if (schema === undefined || key === undefined) return { answers: new Map(), names: new Set(), ids: [] };
  const run = `${identifier(schema)}.cohort_run`;
  const { rows: taken } = await client.query<{ id: string }>(
    `select nextval(pg_get_serial_sequence($1, 'cohort_definition_id'))::text as id from generate_series(1, $2::int)`,
    [run, keys.length],
  );
  const ids = taken.map(({ id }) => BigInt(id));
  // What another run notes from now on may be of newer data than this one knows.
  if (begins) await dropFormerRuns(client, schema, key.dataVersion, ids[0]);
  const { rows: named } = await client.query<{ name: string }>(
    `select distinct name from ${run} where name = any($1) and data_version = $2`,
    [keys.map(({ name }) => name), key.dataVersion],
  );
  const names = new Set(named.map(({ name }) => name));
  if (force || key.dataVersion === unversioned) return { answers: new Map(), names, ids };
  const kept = await keptRuns(client, schema, keys, key);
  const answers = new Map(kept.map(({ sha, summary }) => [sha, generatedCohort(summary, summary.ruleCount)]));
  const copies = new Map<string, KeptRun>();
  for (const { name, definitionSha256: sha } of keys) {
    const same = kept.filter((run) => run.sha === sha);
    const [one] = same;
    if (one === undefined || repeated.has(name) || same.some((run) => run.name === name)) continue;
    copies.set(name, one);
  }
  // What another command has removed meanwhile is computed again.
  for (const sha of await copyRuns(client, schema, copies, key.dataVersion)) answers.delete(sha);
  return { answers, names, ids };
}

interface KeptRun {
  readonly id: string;
  readonly sha: string;
  readonly name: string;
  readonly summary: GenerateRow & { readonly ruleCount: number };
}

/** Runs of these definitions on the same data and vocabulary that gave an answer, with its rows still there, newest first. */
async function keptRuns(
  client: Pick<ClientBase, 'query'>,
  schema: string,
  keys: readonly RunKey[],
  { dataVersion, vocabularyVersion }: RunKey,
): Promise<readonly KeptRun[]> {
  const results = identifier(schema);
  const { rows } = await client.query<KeptRun>(
    `select cohort_definition_id::text as id, definition_sha256 as sha, name, summary from ${results}.cohort_run r
      where definition_sha256 = any($1) and data_version = $2 and vocabulary_version is not distinct from $3
        and status = 'ok' and summary is not null
        and (summary ->> 'rows' = '0' or exists (select from ${results}.cohort c where c.cohort_definition_id = r.cohort_definition_id))
      order by cohort_definition_id desc`,
    [keys.map(({ definitionSha256 }) => definitionSha256), dataVersion, vocabularyVersion],
  );
  return rows;
}

/**
 * Gives names the rows and the notes of runs of the same definitions under other names, in place of what they had: all in one statement, since one may
 * have what another gives away. The hashes of those that were not there any more.
 */
async function copyRuns(
  client: Pick<ClientBase, 'query'>,
  schema: string,
  copies: ReadonlyMap<string, KeptRun>,
  dataVersion: string,
): Promise<readonly string[]> {
  if (copies.size === 0) return [];
  const results = identifier(schema);
  const { rows } = await client.query<{ name: string }>(
    `with wanted as (select * from unnest($1::bigint[], $2::text[]) w(id, name)),
      old as (delete from ${results}.cohort_run r using wanted w where r.name = w.name and r.data_version = $3 returning r.cohort_definition_id),
      gone as (delete from ${results}.cohort c using old o where c.cohort_definition_id = o.cohort_definition_id),
      made as (
        insert into ${results}.cohort_run (name, definition_sha256, data_version, vocabulary_version, started_at, ms, status, summary)
        select w.name, r.definition_sha256, r.data_version, r.vocabulary_version, r.started_at, r.ms, r.status, r.summary
        from ${results}.cohort_run r join wanted w on w.id = r.cohort_definition_id returning cohort_definition_id, name),
      filled as (
        insert into ${results}.cohort (cohort_definition_id, subject_id, cohort_start_date, cohort_end_date)
        select m.cohort_definition_id, c.subject_id, c.cohort_start_date, c.cohort_end_date
        from ${results}.cohort c join wanted w on w.id = c.cohort_definition_id join made m on m.name = w.name)
     select name from made`,
    [[...copies.values()].map(({ id }) => id), [...copies.keys()], dataVersion],
  );
  const made = new Set(rows.map(({ name }) => name));
  return [...copies].flatMap(([name, { sha }]) => (made.has(name) ? [] : [sha]));
}

/**
 * Leaves one answer of each name on these data, and of failures the last one after it: two commands at once, or a definition that fails
 * every night, note more than one.
 */
export async function dropSuperseded(
  client: Pick<ClientBase, 'query'>,
  schema: string | undefined,
  keys: readonly RunKey[],
): Promise<void> {
  const [key] = keys;
  if (schema === undefined || key === undefined) return;
  const results = identifier(schema);
  await client.query(
    `with old as (
       delete from ${results}.cohort_run r where r.name = any($1) and r.data_version = $2 and exists (
         select from ${results}.cohort_run n where n.name = r.name and n.data_version = r.data_version
            and n.cohort_definition_id > r.cohort_definition_id and (n.status = 'ok' or r.status <> 'ok'))
       returning r.cohort_definition_id)
     delete from ${results}.cohort c using old o where c.cohort_definition_id = o.cohort_definition_id`,
    [keys.map(({ name }) => name), key.dataVersion],
  );
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
    `insert into ${identifier(schema)}.cohort_run (name, definition_sha256, data_version, vocabulary_version, started_at, status, ms)
      values ($1, $2, $3, $4, $5, $6, $7)`,
    [
      key.name,
      key.definitionSha256,
      key.dataVersion,
      key.vocabularyVersion,
      run.startedAt,
      run.status,
      run.ms,
    ],
  );
}
