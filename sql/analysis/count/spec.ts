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
}
