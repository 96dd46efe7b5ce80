/** Statements built on a compiled cohort: write it, only look at it, count it. */

import type { CohortQuery } from '#sql/circe/compile.ts';
import { identifier, textLiteral } from '#sql/circe/literal.ts';

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
  /** [mode, mask, count] */
  readonly inclusionResult: readonly (readonly [number, number, number])[];
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
  const insert =
    `ins as (\ninsert into ${identifier(options.resultsSchema)}.cohort (cohort_definition_id, subject_id, cohort_start_date, cohort_end_date)\n` +
    `select ${BigInt(options.cohortId)}::bigint, person_id, start_date, end_date from ${query.final}\n)`;
  return `with ${query.ctes},\n${insert}${summary(query)}`;
}

/** The same row without writing anything: an attached CDM without a results schema. */
export function selectStatement(query: CohortQuery): string {
  return `with ${query.ctes}${summary(query)}`;
}

/**
 * One row `counts` (json, the shape of `CohortCounts` of the analysis `count`): persons and rows, persons by sex and
 * 10-year age band at their first start (age = index year − year of birth; a negative or unknown age counts in the first
 * band, a person without a PERSON row as sex 0), persons with an entry event, and per rule i those whose one event passes
 * rules 0 … i. Nobody is lost: persons of events that PERSON does not hold count in the population as well.
 */
export function countStatement(query: CohortQuery, options: { readonly cdmSchema: string }): string {
  const person = `${identifier(options.cdmSchema)}.person`;
  const upTo = Array.from({ length: query.ruleCount }, (_, rule) => (1n << BigInt(rule + 1)) - 1n);
  const passed = upTo.map((mask) => `count(distinct person_id) filter (where mask & ${mask} = ${mask})`);
  return [
    `with ${query.ctes},`,
    'member as (',
    `  select person_id, min(start_date) as start_date, count(*) as n from ${query.final} group by person_id`,
    '), entry as (',
    `  select count(distinct person_id) as persons, json_build_array(${passed.join(', ')}) as rules from ${query.events}`,
    '), stratum as (',
    '  select coalesce(p.gender_concept_id, 0) as gender,',
    '    least(greatest(coalesce(extract(year from m.start_date)::int - p.year_of_birth, 0) / 10, 0), 9) as band,',
    `    count(*) as n from member m left join ${person} p on p.person_id = m.person_id group by 1, 2`,
    ')',
    "select json_build_object('persons', (select count(*) from member),",
    "  'rows', (select coalesce(sum(n), 0) from member),",
    "  'repeatPersons', (select count(*) from member where n > 1),",
    `  'population', greatest((select count(*) from ${person}), entry.persons),`,
    "  'strata', (select coalesce(json_agg(json_build_object('genderConceptId', gender, 'band', band, 'persons', n)), '[]') from stratum),",
    "  'entryPersons', entry.persons, 'rulePersons', entry.rules) as counts from entry",
  ].join('\n');
}

/** Removes a cohort's rows of an earlier run. */
export function deleteStatement(options: GenerateOptions): string {
  return `delete from ${identifier(options.resultsSchema)}.cohort where cohort_definition_id = ${BigInt(options.cohortId)}`;
}

/**
 * One statement that generates a cohort under a new id, notes the run in `<results>.cohort_run`, and removes rows and
 * runs of the same name on the same data. Parameters: name, SHA-256 of the definition, data version, start (an instant).
 * Gives a GenerateRow, and notes it with `ruleCount` as the run's summary.
 */
export function recordedStatement(query: CohortQuery, options: { readonly resultsSchema: string }): string {
  const results = identifier(options.resultsSchema);
  const sequence = `pg_get_serial_sequence(${textLiteral(`${results}.cohort_run`)}, 'cohort_definition_id')`;
  return [
    `with ${query.ctes},`,
    `run as materialized (select nextval(${sequence}) as id),`,
    'ins as (',
    `  insert into ${results}.cohort (cohort_definition_id, subject_id, cohort_start_date, cohort_end_date)`,
    `  select r.id, f.person_id, f.start_date, f.end_date from ${query.final} f cross join run r`,
    '),',
    ...(query.ruleCount > 0 ? [`masks as (\n${maskCounts(query)}\n),`] : []),
    `answer as materialized (\n${answer(query)}\n),`,
    `old as (delete from ${results}.cohort_run where name = $1 and data_version = $3 returning cohort_definition_id),`,
    `gone as (delete from ${results}.cohort c using old o where c.cohort_definition_id = o.cohort_definition_id),`,
    'noted as (',
    `  insert into ${results}.cohort_run`,
    '    (cohort_definition_id, name, definition_sha256, data_version, started_at, ms, status, summary)',
    '  overriding system value',
    '  select r.id, $1, $2, $3, $4::timestamptz,',
    "    (extract(epoch from clock_timestamp() - statement_timestamp()) * 1000)::int, 'ok',",
    `    to_jsonb(a) || jsonb_build_object('ruleCount', ${query.ruleCount}) from answer a cross join run r`,
    ')',
    'select * from answer',
  ].join('\n');
}

/** The cohort alone, for people: `moim cohort compile`. */
export function cohortStatement(query: CohortQuery): string {
  return `with ${query.ctes}\nselect person_id as subject_id, start_date as cohort_start_date, end_date as cohort_end_date\nfrom ${query.final}\norder by 1, 2, 3`;
}

function summary(query: CohortQuery): string {
  return `${query.ruleCount > 0 ? `,\nmasks as (\n${maskCounts(query)}\n)` : ''}\n${answer(query)}`;
}

function answer(query: CohortQuery): string {
  const row = "subject_id || '|' || cohort_start_date || '|' || cohort_end_date";
  const masks =
    '(select json_agg(json_build_array(mode::text, mask::text, n::text) order by mode, mask) from masks)';
  return [
    'select count(distinct subject_id) as persons, count(*) as rows,',
    '  coalesce(sum(cohort_end_date - cohort_start_date), 0)::bigint as days,',
    `  md5(coalesce(string_agg(${row}, ';' order by subject_id, cohort_start_date, cohort_end_date), '')) as md5,`,
    `  ${query.ruleCount > 0 ? masks : 'null::json'} as masks`,
    `from (select person_id as subject_id, start_date as cohort_start_date, end_date as cohort_end_date from ${query.final}) f`,
  ].join('\n');
}

/**
 * Mode 0 counts every qualified event, mode 1 the best one of each person: most rules, then the lowest rule, then the
 * earliest.
 */
function maskCounts(query: CohortQuery): string {
  return [
    `select 0 as mode, mask, count(*) as n from ${query.events} group by mask`,
    'union all',
    'select 1, b.mask, count(*) from (',
    `  select distinct on (person_id) mask from ${query.events}`,
    '  order by person_id, bit_count(mask::bit(64)) desc, mask & -mask, start_date, event_id',
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
    inclusionResult: masks.map(([mode, mask, count]) => [mode, Number(mask), count] as const),
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
