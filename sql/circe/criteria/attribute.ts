/**
 * The kinds of attribute a criterion can have, as data. Reading takes the JSON shape from the kind, compiling takes the
 * SQL from it. In SQL templates `$.` stands for the criterion's row, `$start` and `$end` for its (adjusted) dates.
 */

import type { Place } from '#sql/circe/expression.ts';

export type Attribute =
  /** A concept set the row's concept must be in; ranked before `First` (semantics: rows of the concept set). */
  | { readonly kind: 'codeset'; readonly column: string }
  | { readonly kind: 'first' }
  /** A list of concepts; `excludedBy` names the boolean attribute that turns it into "none of". */
  | { readonly kind: 'concepts'; readonly place: Place; readonly excludedBy?: string }
  | { readonly kind: 'exclude' }
  /** `{CodesetId, IsExclusion}`, the `…CS` form of Circe 1.12. */
  | { readonly kind: 'selection'; readonly place: Place }
  /** A bare concept set id that filters after `First` (payer plan periods). */
  | { readonly kind: 'set-filter'; readonly place: Place }
  | { readonly kind: 'dates'; readonly of: 'start' | 'end' }
  | { readonly kind: 'number'; readonly value: string; readonly decimals: 0 | 4 }
  | { readonly kind: 'age'; readonly of: 'start' | 'end' }
  | { readonly kind: 'text'; readonly column: string }
  /** `true` or `false`; a row that does not say is neither. */
  | { readonly kind: 'flag'; readonly column: string }
  | { readonly kind: 'abnormal' }
  /** The name of another cohort of the study. */
  | { readonly kind: 'cohort' }
  | { readonly kind: 'adjustment' }
  | { readonly kind: 'period' }
  | { readonly kind: 'group' }
  /** Known to Circe, but the Common Data Model 5.4 has no column or table that could answer it. */
  | { readonly kind: 'unanswerable'; readonly reason: string };

export type Attributes = Readonly<Record<string, Attribute>>;

/** What Circe may count distinct values of (`Occurrence.CountColumn`). */
export type CountColumns = Readonly<Record<string, string>>;

/** Slips of Circe 1.12 that change who is found; each is told by `check` and reproduced under parity only. */
interface CirceSlips {
  /** DateAdjustment: not applied at all; or each date shifted from itself, whatever StartWith and EndWith say. */
  readonly adjustment?: 'ignored' | 'own-dates';
  /** Age is taken at the end date. */
  readonly ageAtEnd?: true;
  /** Attributes that are dropped without a word. */
  readonly unread?: readonly string[];
}

/** One type of criterion: its table and how its columns answer what every event has. */
export interface CriterionDescription {
  readonly table: string;
  /** Row id: breaks ties of `First` and of the order of entry events. */
  readonly id: string;
  readonly start: string;
  /** SQL template of the end date, or how many days it always is after the start. */
  readonly end: string | number;
  /** Column of the visit the row belongs to; absent where Circe gives NULL. */
  readonly visit?: string;
  /** Column of the image occurrence the row is or belongs to (`RestrictImage`). */
  readonly image?: string;
  /** Where Circe 1.12 asks something else of this type than the definition says; reproduced under parity. */
  readonly circe?: CirceSlips;
  /** Columns of a distinct count beside START_DATE, END_DATE and VISIT_ID. */
  readonly counts: CountColumns;
  readonly attributes: Attributes;
}

const own = (column: string): Place => ({ of: 'row', column });

export const row = own;
export const codeset = (column: string): Attribute => ({ kind: 'codeset', column });
export const dates = (of: 'start' | 'end'): Attribute => ({ kind: 'dates', of });
export const age = (of: 'start' | 'end'): Attribute => ({ kind: 'age', of });
export const integer = (value: string): Attribute => ({ kind: 'number', value, decimals: 0 });
export const decimal = (value: string): Attribute => ({ kind: 'number', value, decimals: 4 });
export const text = (column: string): Attribute => ({ kind: 'text', column });
export const flag = (column: string): Attribute => ({ kind: 'flag', column });
export const first: Attribute = { kind: 'first' };

/** `Name` (a list of concepts) and `NameCS`. */
export function concepts(name: string, place: Place): Attributes {
  return { [name]: { kind: 'concepts', place }, [`${name}CS`]: { kind: 'selection', place } };
}

/** `Name`, `NameExclude` and `NameCS`. */
export function typeConcepts(name: string, place: Place): Attributes {
  const excludedBy = `${name}Exclude`;
  return {
    [name]: { kind: 'concepts', place, excludedBy },
    [excludedBy]: { kind: 'exclude' },
    [`${name}CS`]: { kind: 'selection', place },
  };
}

export const gender = concepts('Gender', { of: 'person', column: 'gender_concept_id' });
export const race = concepts('Race', { of: 'person', column: 'race_concept_id' });
export const ethnicity = concepts('Ethnicity', { of: 'person', column: 'ethnicity_concept_id' });
export const provider = concepts('ProviderSpecialty', { of: 'provider', column: 'specialty_concept_id' });
export const visitType = typeConcepts('VisitType', { of: 'visit', column: 'visit_concept_id' });
export const placeOfService: Attributes = {
  ...concepts('PlaceOfService', { of: 'care-site', column: 'place_of_service_concept_id' }),
  PlaceOfServiceLocation: {
    kind: 'unanswerable',
    reason: 'CDM 5.4 has no LOCATION_HISTORY table and no region of a location',
  },
};

/** What every criterion may carry. */
export const common: Attributes = {
  CorrelatedCriteria: { kind: 'group' },
  DateAdjustment: { kind: 'adjustment' },
};
