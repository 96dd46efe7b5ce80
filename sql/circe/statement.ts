/** Statements built on a compiled cohort: write it, only look at it, count it. */

import type { CohortQuery } from '#sql/circe/compile.ts';
import { identifier, textLiteral } from '#sql/circe/literal.ts';
import { fewestTiedRules } from '#sql/circe/qualified.ts';

/** The one row that `generateStatement` and `selectStatement` give. Counts come as text or bigint, by the client's types. */
export interface GenerateRow {
  readonly persons: string | bigint | number;
  readonly rows: string | bigint | number;
  readonly days: string | bigint | number;
  readonly md5: string;
  /** `[mode, mask, count]` as text, so that masks beyond 2^53 stay exact; null without rules. */
  readonly masks: readonly (readonly [string, string, string])[] | null;
}

/** What the reference stores of a generated cohort, spelled and ordered as there. */
export interface GeneratedCohort {
  readonly persons: number;
  readonly rows: number;
  readonly days: number;
  readonly md5: string;
  /** [mode, mask, count]; a mask that a number cannot hold exactly (rules from 53 on) is a bigint. */
  readonly inclusionResult: readonly (readonly [number, number | bigint, number])[];
  /** [mode, rule, person_count, gain_count, person_total] */
  readonly inclusionStats: readonly (readonly [number, number, number, number, number])[];
  /** [mode, base, final] */
  readonly summaryStats: readonly (readonly [number, number, number])[];
}

export interface GenerateOptions {
  readonly resultsSchema: string;
  readonly cohortId: bigint;
}

/**
 * One statement that inserts the cohort into `<results>.cohort` and gives a GenerateRow. Rows of an earlier run must
 * have gone before, in the same transaction: see `deleteStatement`.
 */
export function generateStatement(query: CohortQuery, options: GenerateOptions): string {
  return `with ${query.ctes},\n${insertion(query, options)}${summary(query)}`;
}

function insertion(query: CohortQuery, options: GenerateOptions): string {
  return (
    `ins as (\ninsert into ${identifier(options.resultsSchema)}.cohort (cohort_definition_id, subject_id, cohort_start_date, cohort_end_date)\n` +
    `select ${BigInt(options.cohortId)}::bigint, person_id, start_date, end_date from ${query.final}\n)`
  );
}

/** The same row without writing anything: an attached CDM without a results schema. */
export function selectStatement(query: CohortQuery): string {
  return `with ${query.ctes}${summary(query)}`;
}

/** Removes a cohort's rows of an earlier run. */
export function deleteStatement(options: GenerateOptions): string {
  return `delete from ${identifier(options.resultsSchema)}.cohort where cohort_definition_id = ${BigInt(options.cohortId)}`;
}

/** What is noted of a generation in `<results>.cohort_run`. */
export interface Recording extends GenerateOptions {
  readonly name: string;
  readonly definitionSha256: string;
  readonly dataVersion: string;
  readonly vocabularyVersion: string | null;
  /** An instant. */
  readonly startedAt: string;
  /** Whether there are rows and runs of the same name on the same data, which give way. */
  readonly replaces: boolean;
}

/**
 * One statement that generates a cohort, notes the run and removes the rows and runs that it replaces. Gives a
 * GenerateRow, and notes it with `ruleCount` as the run's summary.
 */
export function recordedStatement(query: CohortQuery, recording: Recording): string {
  const results = identifier(recording.resultsSchema);
  const gone =
    `old as (${oldRuns(recording.resultsSchema, [recording])} returning cohort_definition_id),\n` +
    `gone as (delete from ${results}.cohort c using old o where c.cohort_definition_id = o.cohort_definition_id),`;
  return [
    `with ${query.ctes},`,
    `${insertion(query, recording)},`,
    ...(query.ruleCount > 0 ? [`masks as (\n${maskCounts(query)}\n),`] : []),
    `answer as materialized (\n${answer(query)}\n),`,
    ...(recording.replaces ? [gone] : []),
    'noted as (',
    `  insert into ${results}.cohort_run`,
    `    ${noted}`,
    '  overriding system value',
    `  select ${BigInt(recording.cohortId)}, ${saidOf(recording)},`,
    "    (extract(epoch from clock_timestamp() - statement_timestamp()) * 1000)::int, 'ok',",
    `    to_jsonb(a) || jsonb_build_object('ruleCount', ${query.ruleCount}) from answer a`,
    ')',
    'select * from answer',
  ].join('\n');
}

/** Removes rows and runs of the same names on the same data, before several generations in one transaction. */
export function removeStatement(resultsSchema: string, runs: readonly RunName[]): string {
  return (
    `with old as (${oldRuns(resultsSchema, runs)} returning cohort_definition_id)\n` +
    `delete from ${identifier(resultsSchema)}.cohort c using old o where c.cohort_definition_id = o.cohort_definition_id`
  );
}

type RunName = Pick<Recording, 'name' | 'dataVersion' | 'cohortId'>;

/** Earlier ones alone: a later definition of the same name may be there already. */

function oldRuns(resultsSchema: string, runs: readonly RunName[]): string {
  const keys = runs.map(({ name, dataVersion }) => `(${textLiteral(name)}, ${textLiteral(dataVersion)})`);
  const first = runs.reduce(
    (least, { cohortId }) => (cohortId < least ? cohortId : least),
    runs[0]?.cohortId ?? 0n,
  );
  return `delete from ${identifier(resultsSchema)}.cohort_run where (name, data_version) in (${keys.join(', ')}) and cohort_definition_id < ${BigInt(first)}`;
}

/** Notes several generations that are done, with what each gave. */
export function noteStatement(
  runs: readonly (Recording & {
    readonly ms: number;
    readonly summary: GenerateRow;
    readonly ruleCount: number;
  })[],
): string {
  const rows = runs.map((run) => {
    const { persons, rows: count, days, md5, masks } = run.summary;
    const figures = { persons: Number(persons), rows: Number(count), days: Number(days) };
    const summary = JSON.stringify({ ...figures, md5, masks, ruleCount: run.ruleCount });
    return `(${BigInt(run.cohortId)}, ${saidOf(run)}, ${Math.round(run.ms)}, 'ok', ${textLiteral(summary)})`;
  });
  return (
    `insert into ${identifier(runs[0]?.resultsSchema ?? '')}.cohort_run\n` +
    `  ${noted}\n` +
    `  overriding system value values ${rows.join(',\n  ')}`
  );
}

const noted =
  '(cohort_definition_id, name, definition_sha256, data_version, vocabulary_version, started_at, ms, status, summary)';

function saidOf(run: Recording): string {
  const vocabulary = run.vocabularyVersion === null ? 'null::text' : textLiteral(run.vocabularyVersion);
  const said = [run.name, run.definitionSha256, run.dataVersion].map(textLiteral);
  return [...said, vocabulary, `${textLiteral(run.startedAt)}::timestamptz`].join(', ');
}

/** The cohort alone, for people: `moim cohort compile`. */
export function cohortStatement(query: CohortQuery): string {
  return `with ${query.ctes}\nselect person_id as subject_id, start_date as cohort_start_date, end_date as cohort_end_date\nfrom ${query.final}\norder by 1, 2, 3`;
}

function summary(query: CohortQuery): string {
  return `${query.ruleCount > 0 ? `,\nmasks as (\n${maskCounts(query)}\n)` : ''}\n${answer(query)}`;
}

function answer(query: CohortQuery): string {
  const order = `person_id, start_date${query.startsDiffer ? '' : ', end_date'}`;
  const masks =
    '(select json_agg(json_build_array(mode::text, mask::text, n::text) order by mode, mask) from masks)';
  return [
    'select count(distinct person_id) as persons, count(*) as rows,',
    '  coalesce(sum(end_date - start_date), 0)::bigint as days,',
    `  md5(coalesce(string_agg(concat_ws('|', person_id, start_date, end_date), ';' order by ${order}), '')) as md5,`,
    `  ${query.ruleCount > 0 ? masks : 'null::json'} as masks`,
    `from ${query.final}`,
  ].join('\n');
}

/**
 * Mode 0 counts every qualified event, mode 1 the best one of each person: most rules, then the lowest rule, then the
 * earliest. Events of a person with the same mask are taken together first, so that few rows are sorted; date and event id stand in
 * one number for that, where masks can be as good as one another.
 */
function maskCounts(query: CohortQuery): string {
  const tied = query.ruleCount >= fewestTiedRules;
  const place = ", min((start_date - date '2000-01-01') * 4294967296 + event_id) as place";
  return [
    'with held as materialized (',
    `  select person_id, mask, count(*) as n${tied ? place : ''} from ${query.events} group by person_id, mask`,
    ')',
    'select 0 as mode, mask, sum(n)::bigint as n from held group by mask',
    'union all',
    'select 1, b.mask, count(*) from (',
    '  select distinct on (person_id) mask from held',
    `  order by person_id, bit_count(mask::bit(64)) desc, mask & -mask${tied ? ', place' : ''}`,
    ') b group by b.mask',
  ].join('\n');
}

/** A GenerateRow as the reference spells it. */
export function generatedCohort(row: GenerateRow, ruleCount: number): GeneratedCohort {
  const masks = (row.masks ?? []).map(
    ([mode, mask, count]) => [Number(mode), BigInt(mask), Number(count)] as const,
  );
  const modes = ruleCount === 0 ? [] : [0, 1];
  return {
    persons: Number(row.persons),
    rows: Number(row.rows),
    days: Number(row.days),
    md5: row.md5,
    inclusionResult: masks.map(([mode, mask, count]) => [mode, exact(mask), count] as const),
    inclusionStats: modes.flatMap((mode) =>
      statsOf(
        masks.filter((entry) => entry[0] === mode),
        mode,
        ruleCount,
      ),
    ),
    summaryStats: modes.map((mode) => {
      const own = masks.filter((entry) => entry[0] === mode);
      return [
        mode,
        sum(own),
        sum(own.filter((entry) => entry[1] === (1n << BigInt(ruleCount)) - 1n)),
      ] as const;
    }),
  };
}

const exact = (mask: bigint): number | bigint =>
  mask <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(mask) : mask;

type Mask = readonly [mode: number, mask: bigint, count: number];

/** Gain: events that every rule but this one lets in. */
function statsOf(masks: readonly Mask[], mode: number, ruleCount: number) {
  const all = (1n << BigInt(ruleCount)) - 1n;
  return Array.from({ length: ruleCount }, (_, rule) => {
    const bit = 1n << BigInt(rule);
    const passed = sum(masks.filter((entry) => (entry[1] & bit) !== 0n));
    const gained = sum(masks.filter((entry) => entry[1] === all - bit));
    return [mode, rule, passed, gained, sum(masks)] as const;
  });
}

function sum(masks: readonly Mask[]): number {
  return masks.reduce((total, entry) => total + entry[2], 0);
}
