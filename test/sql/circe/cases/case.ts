/** A case: a few rows, a definition, and the rows of the cohort that the notes on Circe's semantics say must come out. */

import type { Row } from '../tiny-cdm.ts';

export interface Case {
  readonly name: string;
  readonly definition: object;
  /** Rows `person start end`, or persons alone (`1 2 2`: one for each row of the cohort), worked out by hand. */
  readonly finds: string | readonly string[];
  readonly parity?: true;
}

/** Cases over the same rows. */
export interface Feature {
  readonly name: string;
  readonly rows: Readonly<Record<string, readonly Row[]>>;
  readonly cases: readonly Case[];
}

/** What a case says it finds, as the rows or the persons of an answer. */
export function asFound(rows: readonly string[], finds: Case['finds']): string | readonly string[] {
  return typeof finds === 'string' ? rows.map((row) => row.split(' ')[0]).join(' ') : rows;
}

/** Persons observed from 2000 to 2020; woman, born 1980, unless said otherwise. */
export function people(...given: readonly (number | Row)[]): Feature['rows'] {
  const persons = given.map((one) => (typeof one === 'number' ? { person_id: one } : one));
  return {
    person: persons.map((one) => ({ gender_concept_id: 8532, year_of_birth: 1980, ...one })),
    observation_period: persons.map(({ person_id = null }) => period(Number(person_id))),
  };
}

export function period(person: number, from = '2000-01-01', to = '2020-12-31'): Row {
  return { person_id: person, observation_period_start_date: from, observation_period_end_date: to };
}

/** Every concept id that concept sets of the cases list, as rows of CONCEPT; none where the feature brings its own. */
export function conceptsOf({ rows, cases }: Feature): readonly Row[] {
  if (rows.concept !== undefined) return [];
  const listed = [...JSON.stringify(cases).matchAll(/"concept":\{"CONCEPT_ID":(\d+)/g)];
  const ids = new Set(listed.map(([, id]) => Number(id)));
  return [...ids].map((id) => ({ concept_id: id, concept_name: `c${id}` }));
}
