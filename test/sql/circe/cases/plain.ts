/** Rows and definitions at their plainest, which the cases of the traps vary: conditions are asked, drugs counted. */

import { item } from '../definitions.ts';
import type { Row } from '../tiny-cdm.ts';

export const sick = (person: number, start: string, more: Row = {}): Row => ({
  person_id: person,
  condition_concept_id: 1,
  condition_start_date: start,
  ...more,
});

export const drug = (person: number, start: string, more: Row = {}): Row => ({
  person_id: person,
  drug_concept_id: 2,
  drug_exposure_start_date: start,
  drug_exposure_end_date: null,
  ...more,
});

export const measured = (person: number, date: string, more: Row = {}): Row => ({
  person_id: person,
  measurement_concept_id: 3,
  measurement_date: date,
  ...more,
});

export const visit = (person: number, start: string, end: string, more: Row = {}): Row => ({
  person_id: person,
  visit_concept_id: 4,
  visit_start_date: start,
  visit_end_date: end,
  ...more,
});

export const Sick = { ConditionOccurrence: { CodesetId: 1 } };
export const Drugged = { DrugExposure: { CodesetId: 2 } };
export const Measured = { Measurement: { CodesetId: 3 } };
export const Visited = { VisitOccurrence: { CodesetId: 4 } };

/** Sets 1 to 4 hold one concept each. */
const sets = [1, 2, 3, 4].map((id) => ({ id, name: `set ${id}`, expression: { items: [item(id)] } }));

export const limit = (Type: string) => ({ Type });

/** All events of the criteria, each stay as long as its day; `more` replaces parts of the whole or of the entry. */
export function cohort(criteria: readonly object[], more: object = {}, entry: object = {}): object {
  return {
    PrimaryCriteria: {
      CriteriaList: criteria,
      ObservationWindow: { PriorDays: 0, PostDays: 0 },
      PrimaryCriteriaLimit: limit('All'),
      ...entry,
    },
    ConceptSets: sets,
    QualifiedLimit: limit('All'),
    ExpressionLimit: limit('All'),
    InclusionRules: [],
    EndStrategy: { DateOffset: { DateField: 'StartDate', Offset: 0 } },
    CensoringCriteria: [],
    CollapseSettings: { CollapseType: 'ERA', EraPad: 0 },
    ...more,
  };
}

export const anyTime = { Start: { Coeff: -1 }, End: { Coeff: 1 } };
export const atLeast = (Count: number, more: object = {}) => ({ Type: 2, Count, ...more });
export const atMost = (Count: number, more: object = {}) => ({ Type: 1, Count, ...more });
export const exactly = (Count: number, more: object = {}) => ({ Type: 0, Count, ...more });

/** At least one at any time in the observation period, or as said. */
export const near = (criteria: object, more: object = {}) => ({
  Criteria: criteria,
  StartWindow: anyTime,
  Occurrence: atLeast(1),
  ...more,
});

export const group = (Type: string, CriteriaList: readonly object[], more: object = {}) => ({
  Type,
  CriteriaList,
  DemographicCriteriaList: [],
  Groups: [],
  ...more,
});

export const rule = (expression: object) => ({ InclusionRules: [{ name: 'rule', expression }] });

/** From so many days after (or before) to so many after the index. */
export const days = (from: number | undefined, to: number | undefined, more: object = {}) => ({
  Start: bound(from, -1),
  End: bound(to, 1),
  ...more,
});

function bound(at: number | undefined, open: number) {
  return at === undefined ? { Coeff: open } : { Days: Math.abs(at), Coeff: at < 0 ? -1 : 1 };
}

/** Sick people to whom the group applies as a rule, as a qualification, or inside the entry criterion. */
export const asRule = (expression: object): object => cohort([Sick], rule(expression));
