/**
 * The analysis `count`: persons and rows of a cohort, attrition by inclusion rule, persons by sex and 10-year age band at index
 * (age = year of the first cohort start − year of birth).
 */

/** Sexes by OMOP concept: 8532 FEMALE, 8507 MALE; every other concept is `other`. */
export const sexes = [
  { id: 'f', name: 'female', concept: 8532 },
  { id: 'm', name: 'male', concept: 8507 },
  { id: 'o', name: 'other', concept: undefined },
] as const;

export function sexOf(concept: number): 'f' | 'm' | 'o' {
  return sexes.find((sex) => sex.concept === concept)?.id ?? 'o';
}

/** Ten-year bands; the last is open. A negative age (a birth year after the index year) counts in the first. */
export const ageBands = [
  '0-9',
  '10-19',
  '20-29',
  '30-39',
  '40-49',
  '50-59',
  '60-69',
  '70-79',
  '80-89',
  '90+',
] as const;

/** What a site's database says of one cohort. Exact figures: they do not leave the hospital. */
export interface CohortCounts {
  /** Distinct persons and rows of the cohort. */
  readonly persons: number;
  readonly rows: number;
  /** Persons with more than one row. */
  readonly repeatPersons: number;
  /** Persons the hospital holds. */
  readonly population: number;
  /** Persons by sex concept and by band (index into `ageBands`); groups of nobody may be left out. */
  readonly strata: readonly {
    readonly genderConceptId: number;
    readonly band: number;
    readonly persons: number;
  }[];
  /** Persons with a qualified entry event. */
  readonly entryPersons: number;
  /** Per inclusion rule i: persons with an entry event that passes rules 0 … i. */
  readonly rulePersons: readonly number[];
  /** Where a part was asked for that needs it (protocol/analysis.ts). */
  readonly events?: EventCounts;
  readonly starts?: StartCounts;
}

/**
 * Entry events by the inclusion rules they pass: a mask has bit i set where rule i lets the event in. A person's best
 * event is Circe's (mode 1): most rules, then the lowest rule, then the earliest; every person with an event has one.
 */
export interface EventCounts {
  readonly ruleCount: number;
  /** Persons by the mask of their best event and the masks of their others (each once, in any order). */
  readonly profiles: readonly (readonly [best: string, others: readonly string[], persons: number])[];
  /** Events beside the best ones, by mask. */
  readonly others: readonly (readonly [mask: string, events: number])[];
  /** Persons of whom fewer rows than events that pass every rule are in the cohort: limits, eras, exits. */
  readonly mergedPersons: number;
}

/** Starts by one dimension: `first` persons whose first start is there; `further` starts beyond a person's first. */
export interface StartCount {
  readonly key: number;
  readonly first: number;
  readonly further: number;
  /** Persons behind the further starts, and behind first and further ones together. */
  readonly furtherPersons: number;
  readonly persons: number;
}

export interface StartCounts {
  /** Persons by sex concept and calendar year of the first start. */
  readonly years: readonly {
    readonly genderConceptId: number;
    readonly year: number;
    readonly persons: number;
  }[];
  readonly byYear: readonly StartCount[];
  /** By sex concept. */
  readonly bySex: readonly StartCount[];
  /** By age band at the start itself. */
  readonly byBand: readonly StartCount[];
}
