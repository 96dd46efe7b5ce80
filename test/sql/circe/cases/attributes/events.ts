/** The rows of a criterion type, one for each of four persons, and the questions of all its attributes as cases. */

import { item } from '../../definitions.ts';
import type { Row } from '../../tiny-cdm.ts';
import type { Case, Feature } from '../case.ts';
import { people } from '../case.ts';
import type { Asked, Tried } from './kinds.ts';

/** What a type's rows look like: written from the tables of CDM 5.4, not from the engine's description. */
export interface Described {
  readonly type: string;
  readonly table: string;
  readonly concept?: string;
  readonly start: string;
  /** Undefined where the event ends the day after it starts. */
  readonly end?: { readonly column: string; readonly last: string | null };
  readonly startAttribute: string;
  readonly endAttribute?: string;
  /** A required column that tells first and second rows apart, and the attribute that asks for the second's value. */
  readonly second?: { readonly column: string; readonly attribute: object };
  readonly tried: readonly Tried[];
  readonly more?: readonly Asked[];
}

/** Born 30, 60, 10 and 20 years before 2010. */
export const four: readonly Row[] = [
  { person_id: 1, year_of_birth: 1980, gender_concept_id: 8532 },
  { person_id: 2, year_of_birth: 1950, gender_concept_id: 8507 },
  { person_id: 3, year_of_birth: 2000, gender_concept_id: 8532 },
  { person_id: 4, year_of_birth: 1990, gender_concept_id: 0 },
];

/** The fourth begins on the last day of a year, so that ages at start and end differ. */
const startDays = ['2010-01-10', '2010-02-10', '2010-03-10', '2010-12-31'] as const;
const endDays = ['2010-01-20', '2010-03-02', '2010-04-09'] as const;

/** Visits, providers and care sites that the rows point to; the fourth row points to none. */
const around: Feature['rows'] = {
  visit_occurrence: [1, 2, 3].map((n) => ({
    visit_occurrence_id: 200_000 + n,
    person_id: n,
    visit_concept_id: 500 + n,
    visit_start_date: '2001-01-01',
    visit_end_date: '2001-01-01',
  })),
  provider: [1, 2, 3].map((n) => ({ provider_id: 300_000 + n, specialty_concept_id: 600 + n })),
  care_site: [1, 2, 3].map((n) => ({ care_site_id: 400_000 + n, place_of_service_concept_id: 700 + n })),
};

export function attributesOf(described: Described): Feature {
  const { type, table, concept, start, end, tried } = described;
  const row = (person: number, at: number): Row => ({
    person_id: person,
    [start]: startDays[at] ?? null,
    ...(concept === undefined ? {} : { [concept]: 9000 }),
    ...(end === undefined ? {} : { [end.column]: at < 3 ? (endDays[at] ?? null) : end.last }),
    ...Object.fromEntries(
      tried.flatMap(({ column }) => (column === undefined ? [] : [[column[0], column[1][at] ?? null]])),
    ),
  });
  const events = [1, 2, 3, 4].map((person, at) => row(person, at));
  const twice = concept === undefined || described.second === undefined ? [] : secondRows(described, concept);
  const persons = people(...four, ...(twice.length === 0 ? [] : [5, 6]));
  const measured = { person_id: 2, measurement_concept_id: 9005, measurement_date: '2010-02-12' };
  const before = table === 'observation_period' ? [] : (around[table] ?? []);
  return {
    name: type,
    rows: {
      ...persons,
      ...around,
      measurement: [measured],
      [table]: [...before, ...(table === 'measurement' ? [measured] : []), ...events, ...twice],
    },
    cases: casesOf(described),
  };
}

/** Two rows of another concept for person 5, the second a year later; for person 6, two on one day. */
function secondRows({ start, end, second }: Described, concept: string): readonly Row[] {
  const days = [
    [5, '2011-05-10', 2],
    [5, '2010-05-10', 1],
    [6, '2010-05-10', 1],
    [6, '2010-05-10', 2],
  ] as const;
  return days.map(([person, day, value]) => ({
    person_id: person,
    [concept]: 9001,
    [start]: day,
    ...(end === undefined ? {} : { [end.column]: day }),
    ...(second === undefined ? {} : { [second.column]: value }),
  }));
}

function casesOf(described: Described): readonly Case[] {
  const { type, concept, tried, startAttribute, endAttribute, end, second } = described;
  const base = concept === undefined ? {} : { CodesetId: 0 };
  const one = ({ attributes, sets = {}, finds }: Asked): Case => ({
    name: `${type} ${JSON.stringify(attributes)}`,
    definition: ask({ [type]: { ...base, ...attributes } }, sets),
    finds,
  });
  const adjust = (StartWith: string, StartOffset: number, EndWith: string, EndOffset: number) => ({
    DateAdjustment: { StartWith, StartOffset, EndWith, EndOffset },
  });
  const starting = (day: string) => ({ [startAttribute]: { Op: 'eq', Value: day } });
  const firstEnd = end === undefined ? '2010-01-11' : '2010-01-20';
  return [
    ...tried.flatMap(({ asked }) => asked),
    ...(described.more ?? []),
    { attributes: {}, finds: '1 2 3 4' },
    ...(concept === undefined ? [] : [{ attributes: { CodesetId: 2 }, finds: '' }]),
    ...(concept === undefined || second === undefined
      ? []
      : [
          // First is ranked by date and row id before any other attribute is asked.
          { attributes: { CodesetId: 1, First: true }, finds: '5 6' },
          // Two events of one day are one stay.
          { attributes: { CodesetId: 1, First: false }, finds: '5 5 6' },
          { attributes: { CodesetId: 1, First: true, ...second.attribute }, finds: '' },
          { attributes: { CodesetId: 1, ...second.attribute }, finds: '5 6' },
        ]),
    { attributes: { ...adjust('START_DATE', 10, 'END_DATE', 10), ...starting('2010-01-20') }, finds: '1' },
    { attributes: { ...adjust('END_DATE', 0, 'END_DATE', 0), ...starting(firstEnd) }, finds: '1' },
    // The end comes to lie before the start of those that were shorter than 15 days.
    {
      attributes: adjust('START_DATE', 15, 'END_DATE', 0),
      finds: end === undefined ? '' : end.last === null ? '2 3' : '2 3 4',
    },
    ...(endAttribute === undefined
      ? []
      : [
          {
            attributes: {
              ...adjust('START_DATE', 0, 'START_DATE', 3),
              [endAttribute]: { Op: 'eq', Value: '2010-02-13' },
            },
            finds: '2',
          },
        ]),
    { attributes: { CorrelatedCriteria: nested }, sets: { 5: [9005] }, finds: '2' },
  ].map(one);
}

/** Person 2 alone has such a measurement, two days after the event. */
const nested = {
  Type: 'ALL',
  CriteriaList: [
    {
      Criteria: { Measurement: { CodesetId: 5 } },
      StartWindow: { Start: { Days: 0, Coeff: -1 }, End: { Days: 5, Coeff: 1 } },
      Occurrence: { Type: 2, Count: 1 },
    },
  ],
  DemographicCriteriaList: [],
  Groups: [],
};

/** All events of a criterion, each stay as long as its day. */
export function ask(criterion: object, sets: Asked['sets'] = {}, more: object = {}): object {
  const all = { 0: [9000], 1: [9001], ...sets };
  return {
    PrimaryCriteria: {
      CriteriaList: [criterion],
      ObservationWindow: { PriorDays: 0, PostDays: 0 },
      PrimaryCriteriaLimit: { Type: 'All' },
    },
    ConceptSets: Object.entries(all).map(([id, ids]) => ({
      id: Number(id),
      name: `set ${id}`,
      expression: { items: ids.map((concept) => item(concept)) },
    })),
    QualifiedLimit: { Type: 'All' },
    ExpressionLimit: { Type: 'All' },
    InclusionRules: [],
    EndStrategy: { DateOffset: { DateField: 'StartDate', Offset: 0 } },
    CensoringCriteria: [],
    CollapseSettings: { CollapseType: 'ERA', EraPad: 0 },
    ...more,
  };
}
