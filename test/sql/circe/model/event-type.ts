/** What a criterion type is to the model, and what types share: clinical events, eras, visits, periods. */

import { numberIn, type Row, type Value } from './data.ts';

export interface Dates {
  readonly start: number;
  readonly end: number;
}

export type Of<Result> = (row: Row, dates: Dates) => Result;

/** Attributes that Circe 1.12 itself drops without a word, so that they say nothing under parity. */
export function unread(type: string): readonly string[] {
  return type === 'VisitDetail'
    ? ['VisitDetailType', 'VisitDetailTypeExclude', 'Gender', 'ProviderSpecialty', 'PlaceOfService']
    : type.startsWith('Visit')
      ? []
      : ['VisitTypeExclude'];
}

export interface EventType {
  readonly table: string;
  readonly id: string;
  readonly start: string;
  readonly end: (row: Row) => number;
  readonly visit?: string;
  /** Column of the image that the row is or belongs to. */
  readonly image?: string;
  /** Attributes that name a concept set which `First` is ranked within. */
  readonly codesets: Readonly<Record<string, string>>;
  /** Attributes that name a concept set tested afterwards. */
  readonly sets: Readonly<Record<string, string>>;
  readonly first: boolean;
  readonly gender: boolean;
  readonly dates: Readonly<Record<string, 'start' | 'end'>>;
  readonly ages: Readonly<Record<string, 'start' | 'end'>>;
  /** `Name` and `NameCS`; with `NameExclude` where the name stands in `excludable`. */
  readonly lists: Readonly<
    Record<string, { readonly through?: 'visit' | 'provider' | 'care_site'; readonly column: string }>
  >;
  readonly excludable: readonly string[];
  readonly whole: Readonly<Record<string, Of<number | null>>>;
  readonly decimal: Readonly<Record<string, Of<number | null>>>;
  readonly texts: Readonly<Record<string, string>>;
  /** Columns that hold true, false or nothing. */
  readonly flags?: Readonly<Record<string, string>>;
  readonly abnormal?: true;
  readonly userPeriod?: true;
  readonly counts: Readonly<Record<string, Of<Value>>>;
}

export const none = {
  codesets: {},
  sets: {},
  first: true,
  gender: true,
  lists: {},
  excludable: [],
  whole: {},
  decimal: {},
  texts: {},
};
export const of =
  (column: string): Of<number | null> =>
  (row) =>
    numberIn(row, column);
const length: Of<number> = (_row, { start, end }) => end - start;
const day = (row: Row, column: string): number => Number(row[column]);
export const nextDay = (start: string) => (row: Row) => day(row, start) + 1;
/** NaN where it is not known: no comparison holds of it. */
const ended = (end: string) => (row: Row) => numberIn(row, end) ?? Number.NaN;
export const endedOrNextDay = (end: string, start: string) => (row: Row) =>
  numberIn(row, end) ?? day(row, start) + 1;

/** End of an exposure: as recorded, else by the days supplied, else the next day. */
export function exposureEnd(row: Row): number {
  const start = day(row, 'drug_exposure_start_date');
  return numberIn(row, 'drug_exposure_end_date') ?? start + (numberIn(row, 'days_supply') ?? 1);
}

export function ratio(column: string): Of<number | null> {
  return (row) => {
    const [value, range] = [numberIn(row, 'value_as_number'), numberIn(row, column)];
    return value === null || range === null || range === 0 ? null : value / range;
  };
}

const provider = {
  ProviderSpecialty: { through: 'provider', column: 'specialty_concept_id' },
} as const;
export const visitType = { VisitType: { through: 'visit', column: 'visit_concept_id' } } as const;
const place = { PlaceOfService: { through: 'care_site', column: 'place_of_service_concept_id' } } as const;
export const own = (name: string, column: string) => ({ [name]: { column } });

interface Clinical {
  readonly table: string;
  readonly start: string;
  readonly end: (row: Row) => number;
  readonly typed: string;
  readonly source: string;
  readonly ends: boolean;
}

/** What the clinical event tables share; `measurement` gives `measurement_concept_id` and so on. */
export function clinical(stem: string, { table, start, end, typed, source, ends }: Clinical): EventType {
  return {
    ...none,
    table,
    id: `${table}_id`,
    start,
    end,
    visit: 'visit_occurrence_id',
    codesets: { CodesetId: `${stem}_concept_id`, [source]: `${stem}_source_concept_id` },
    dates: { OccurrenceStartDate: 'start', ...(ends ? { OccurrenceEndDate: 'end' } : {}) },
    ages: { Age: 'start' },
    lists: { ...own(typed, `${stem}_type_concept_id`), ...provider, ...visitType },
    excludable: [typed, 'VisitType'],
    counts: { DOMAIN_CONCEPT: of(`${stem}_concept_id`), DURATION: ends ? length : () => 1 },
  };
}

/** What eras share. */
export function era(table: string, concept: string, occurrences: string | undefined): EventType {
  return {
    ...none,
    table,
    id: `${table}_id`,
    start: `${table}_start_date`,
    end: ended(`${table}_end_date`),
    codesets: { CodesetId: concept },
    dates: { EraStartDate: 'start', EraEndDate: 'end' },
    ages: { AgeAtStart: 'start', AgeAtEnd: 'end' },
    whole: { EraLength: length, ...(occurrences === undefined ? {} : { OccurrenceCount: of(occurrences) }) },
    counts: {
      DOMAIN_CONCEPT: of(concept),
      DURATION: length,
      ...(occurrences === undefined ? {} : { ERA_OCCURRENCES: of(occurrences) }),
    },
  };
}

export function visit(
  table: string,
  stem: string,
  names: {
    readonly start: string;
    readonly end: string;
    readonly source: string;
    readonly typed: string;
    readonly length: string;
  },
): EventType {
  return {
    ...none,
    table,
    id: `${table}_id`,
    start: `${stem}_start_date`,
    end: ended(`${stem}_end_date`),
    visit: 'visit_occurrence_id',
    codesets: { CodesetId: `${stem}_concept_id`, [names.source]: `${stem}_source_concept_id` },
    dates: { [names.start]: 'start', [names.end]: 'end' },
    ages: { Age: 'start' },
    lists: { ...own(names.typed, `${stem}_type_concept_id`), ...provider, ...place },
    excludable: [names.typed],
    whole: { [names.length]: length },
    counts: { DOMAIN_CONCEPT: of(`${stem}_concept_id`), DURATION: length },
  };
}

export function period(table: string): EventType {
  return {
    ...none,
    table,
    id: `${table}_id`,
    start: `${table}_start_date`,
    end: ended(`${table}_end_date`),
    dates: { PeriodStartDate: 'start', PeriodEndDate: 'end' },
    ages: { AgeAtStart: 'start', AgeAtEnd: 'end' },
    whole: { PeriodLength: length },
    userPeriod: true,
    counts: { DURATION: length },
  };
}
