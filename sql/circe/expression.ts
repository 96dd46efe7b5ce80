/**
 * A cohort definition of OHDSI ("Circe JSON", as ATLAS exports it) after reading: frozen data, spelled as OHDSI spells
 * it. Only a criterion differs in shape from the JSON: its many optional attributes stand as a list of `filters`, each
 * already tied to the column it speaks of, so that checking, describing and compiling need no list of their own.
 */

import type { CriterionType } from '#sql/circe/criteria/types.ts';

/**
 * What reading or checking found; `path` is a JSON path such as `$.PrimaryCriteria.CriteriaList[0].Death.Foo`. An error keeps the
 * definition from running; a warning says what was hardly meant; an info is worth a thought and often meant.
 */
export interface Finding {
  readonly code: string;
  readonly severity: 'error' | 'warning' | 'info';
  readonly path: string;
  readonly message: string;
  readonly remedy?: string;
}

export interface CohortExpression {
  readonly PrimaryCriteria: PrimaryCriteria;
  readonly AdditionalCriteria?: CriteriaGroup;
  readonly ConceptSets: readonly ConceptSet[];
  readonly QualifiedLimit: Limit;
  readonly ExpressionLimit: Limit;
  readonly InclusionRules: readonly InclusionRule[];
  readonly EndStrategy?: EndStrategy;
  readonly CensoringCriteria: readonly Criterion[];
  /** Days added to every end before eras are merged, taken off again afterwards. */
  readonly CollapseSettings: { readonly EraPad: number };
  readonly CensorWindow?: Period;
  /** Of a study's cohort that combines others: it has no criteria of its own. Not of the JSON: see read/study-cohorts.ts. */
  readonly Combination?: Combination;
  /** Every cohort that this one needs, each after those that it needs itself. Not of the JSON: see read/study-cohorts.ts. */
  readonly Cohorts?: readonly NamedExpression[];
  /** Concept sets whose concepts the study says itself, in place of their items. Not of the JSON: see read/study-cohorts.ts. */
  readonly Pinned?: readonly PinnedSet[];
}

/** `union`, `intersect` or `minus` (the first without all others) of cohorts by name; nested ones have no name. */
export interface Combination {
  readonly op: 'union' | 'intersect' | 'minus';
  readonly of: readonly (string | Combination)[];
  readonly by: 'days' | 'persons';
}

export interface NamedExpression {
  readonly name: string;
  readonly expression: CohortExpression;
}

export interface PinnedSet {
  readonly id: number;
  readonly conceptIds: readonly number[];
}

export type Limit = 'All' | 'First' | 'Last';

export interface PrimaryCriteria {
  readonly CriteriaList: readonly Criterion[];
  readonly ObservationWindow: { readonly PriorDays: number; readonly PostDays: number };
  readonly PrimaryCriteriaLimit: Limit;
}

/** A concept as JSON gives it; ids beyond 2^53 stay exact. */
export interface Concept {
  readonly CONCEPT_ID: number | bigint;
  readonly CONCEPT_NAME?: string;
  readonly DOMAIN_ID?: string;
  readonly STANDARD_CONCEPT?: string;
}

export interface ConceptSet {
  readonly path: string;
  readonly id: number;
  readonly name: string;
  readonly items: readonly ConceptSetItem[];
}

export interface ConceptSetItem {
  readonly concept: Concept;
  readonly isExcluded: boolean;
  readonly includeDescendants: boolean;
  readonly includeMapped: boolean;
}

export interface InclusionRule {
  readonly path: string;
  readonly name: string;
  readonly description?: string;
  readonly expression: CriteriaGroup;
}

export type EndStrategy =
  | {
      readonly kind: 'DateOffset';
      readonly path: string;
      readonly DateField: 'StartDate' | 'EndDate';
      readonly Offset: number;
    }
  | {
      readonly kind: 'CustomEra';
      readonly path: string;
      readonly DrugCodesetId?: number;
      readonly GapDays: number;
      readonly Offset: number;
      readonly DaysSupplyOverride?: number;
    };

/** Dates are `YYYY-MM-DD`. */
export interface Period {
  readonly StartDate?: string;
  readonly EndDate?: string;
}

export interface CriteriaGroup {
  readonly path: string;
  readonly Type: 'ALL' | 'ANY' | 'AT_LEAST' | 'AT_MOST';
  readonly Count: number;
  readonly CriteriaList: readonly CorrelatedCriterion[];
  readonly DemographicCriteriaList: readonly DemographicCriterion[];
  readonly Groups: readonly CriteriaGroup[];
}

export interface CorrelatedCriterion {
  readonly path: string;
  readonly Criteria: Criterion;
  readonly StartWindow?: Window;
  readonly EndWindow?: Window;
  readonly Occurrence: Occurrence;
  readonly RestrictVisit: boolean;
  /** Of the same image occurrence as the image criterion it stands in; ours, not Circe's. */
  readonly RestrictImage?: true;
  readonly IgnoreObservationPeriod: boolean;
}

export interface Occurrence {
  /** 0 exactly, 1 at most, 2 at least. */
  readonly Type: 0 | 1 | 2;
  readonly Count: number;
  readonly IsDistinct: boolean;
  readonly CountColumn?: string;
}

export interface Window {
  readonly Start: Endpoint;
  readonly End: Endpoint;
  readonly UseIndexEnd?: boolean;
  readonly UseEventEnd?: boolean;
}

/** `Days` absent: the start (Coeff -1) or the end (Coeff 1) of the observation period. */
export interface Endpoint {
  readonly Days?: number;
  readonly Coeff: number;
}

export interface Criterion {
  readonly type: CriterionType;
  readonly path: string;
  readonly First: boolean;
  readonly filters: readonly Filter[];
  readonly DateAdjustment?: DateAdjustment;
  readonly UserDefinedPeriod?: Period;
  readonly CorrelatedCriteria?: CriteriaGroup;
}

export interface DemographicCriterion {
  readonly path: string;
  readonly filters: readonly Filter[];
}

export interface DateAdjustment {
  readonly StartWith: 'START_DATE' | 'END_DATE';
  readonly StartOffset: number;
  readonly EndWith: 'START_DATE' | 'END_DATE';
  readonly EndOffset: number;
}

export type Operator = 'lt' | 'lte' | 'eq' | '!eq' | 'gt' | 'gte' | 'bt' | '!bt';
export type TextOperator =
  | 'startsWith'
  | '!startsWith'
  | 'contains'
  | '!contains'
  | 'endsWith'
  | '!endsWith'
  | 'eq'
  | '!eq';

export interface NumericRange {
  readonly Op: Operator;
  readonly Value: number;
  readonly Extent?: number;
}

export interface DateRange {
  readonly Op: Operator;
  readonly Value: string;
  readonly Extent?: string;
}

export interface TextFilter {
  readonly Op: TextOperator;
  readonly Text: string;
}

/** The row a concept is read from: the criterion's own row, or one it points to. */
export interface Place {
  readonly of: 'row' | 'person' | 'visit' | 'provider' | 'care-site';
  readonly column: string;
}

/** One attribute of a criterion, tied to its column. `name` is OHDSI's attribute name. */
export type Filter = { readonly name: string; readonly path: string } & (
  | { readonly kind: 'codeset'; readonly column: string; readonly CodesetId: number }
  | {
      readonly kind: 'concepts';
      readonly place: Place;
      readonly concepts: readonly Concept[];
      readonly exclude: boolean;
    }
  | {
      readonly kind: 'selection';
      readonly place: Place;
      readonly CodesetId: number;
      readonly exclude: boolean;
    }
  /** Any concept at all; none where `exclude` is true. */
  | { readonly kind: 'presence'; readonly place: Place; readonly exclude: boolean }
  | { readonly kind: 'dates'; readonly of: 'start' | 'end'; readonly range: DateRange }
  | {
      readonly kind: 'number';
      readonly value: string;
      readonly decimals: 0 | 4;
      readonly range: NumericRange;
    }
  | { readonly kind: 'age'; readonly of: 'start' | 'end'; readonly range: NumericRange }
  | { readonly kind: 'text'; readonly column: string; readonly filter: TextFilter }
  | { readonly kind: 'flag'; readonly column: string; readonly value: boolean }
  | { readonly kind: 'abnormal' }
  | { readonly kind: 'cohort'; readonly Cohort: string }
  | { readonly kind: 'unanswerable'; readonly reason: string }
);
