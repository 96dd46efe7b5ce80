/**
 * The rows of other cohorts inside a statement. Each cohort is one materialized part, written once however often it is
 * named; a cohort that index events are asked about is gathered by person as well and joined to the events, since a
 * probe of a part (which has no index) would read all of it for every event.
 */

import type { Cte } from '#sql/circe/entry.ts';
import type { Criterion } from '#sql/circe/expression.ts';
import type { Scope } from '#sql/circe/scope.ts';

/** A compiled cohort to be named by others; one that names cohorts itself stands after them in the list. */
export interface CohortRows {
  readonly name: string;
  /** A query of its rows (person_id, start_date, end_date); cohorts before it in the list may be named in it. */
  readonly body: string;
  readonly tables: readonly string[];
}

/** The part that holds the rows of the cohort at this place of the list. */
export const cohortPart = (at: number): string => `cohort_${at + 1}`;
const memberPart = (at: number): string => `member_${at + 1}`;

/** The parts, to stand before everything that names them. */
export function cohortParts(cohorts: readonly CohortRows[]): readonly Cte[] {
  return cohorts.map(({ body }, at) => ({
    name: cohortPart(at),
    materialized: true,
    // A person's rows start on different days, so that no row id is needed to tell them apart.
    sql: `select c.person_id::bigint as person_id, c.start_date, c.end_date, 0::bigint as row_id from (\n${body}\n) c`,
  }));
}

/** The cohorts at these places gathered by person. */
export function memberParts(places: ReadonlySet<number>): readonly Cte[] {
  return [...places].map((at) => ({
    name: memberPart(at),
    materialized: true,
    sql:
      'select person_id, array_agg(start_date order by start_date) as starts, array_agg(end_date order by start_date) as ends\n' +
      `from ${cohortPart(at)} group by person_id`,
  }));
}

/**
 * The rows of the cohort that a criterion names, to be used like a table: of one person where `person` is given, else of
 * all. Undefined where it names none. Throws RangeError for a name that is not given (refusals say so before).
 */
export function memberRows(scope: Scope, criterion: Criterion, person?: string): string | undefined {
  const filter = criterion.filters.find(({ kind }) => kind === 'cohort');
  if (filter?.kind !== 'cohort') return undefined;
  const at = scope.cohorts.findIndex(({ name }) => name === filter.Cohort);
  if (at < 0) throw new RangeError(`${filter.path}: names a cohort that is not given`);
  if (person === undefined) return cohortPart(at);
  scope.probed.add(at);
  scope.unjoined.add(at);
  const alias = scope.alias('m');
  const part = memberPart(at);
  return `(select ${person} as person_id, ${alias}.start_date, ${alias}.end_date, 0::bigint as row_id from unnest(${part}.starts, ${part}.ends) as ${alias}(start_date, end_date))`;
}

/**
 * Joins for the probes written since the last call, to the rows whose person is `person`. Empty where there are none.
 * A part has no statistics: with a LEFT JOIN the planner may choose to read it once for every event of another part. A
 * FULL JOIN is only ever hashed or merged; `kept` then drops the persons without an event, in words that the planner does
 * not see through (it would make a LEFT JOIN of `is not null`).
 */
export function joinMembers(scope: Scope, person: string, kind: 'full' | 'left') {
  const joins = [...scope.unjoined].map(
    (at) => `\n${kind} join ${memberPart(at)} on ${memberPart(at)}.person_id = ${person}`,
  );
  scope.unjoined.clear();
  const kept = kind === 'left' || joins.length === 0 ? [] : [keptPerson(person)];
  return { joins: joins.join(''), kept };
}

/** True of events, and not of what a FULL JOIN adds to them; not worded `is not null`, see `joinMembers`. */
export const keptPerson = (person: string): string => `num_nulls(${person}) = 0`;
