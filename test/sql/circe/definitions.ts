/** Definitions as JSON, at their plainest, for tests to add to. */

/** A concept set of single concepts; the concepts must stand in CONCEPT. */
export function conceptSet(id: number, ...concepts: readonly number[]) {
  return { id, name: `set ${id}`, expression: { items: concepts.map((concept) => item(concept)) } };
}

export function item(
  concept: number,
  flags: { excluded?: boolean; descendants?: boolean; mapped?: boolean } = {},
) {
  return {
    concept: { CONCEPT_ID: concept, CONCEPT_NAME: `concept ${concept}` },
    isExcluded: flags.excluded ?? false,
    includeDescendants: flags.descendants ?? false,
    includeMapped: flags.mapped ?? false,
  };
}

/** A definition with everything at its plainest: all events, no observation needed, each stay ends on its start. */
export function cohort(criteria: readonly object[], more: object = {}) {
  return {
    PrimaryCriteria: {
      CriteriaList: criteria,
      ObservationWindow: { PriorDays: 0, PostDays: 0 },
      PrimaryCriteriaLimit: { Type: 'All' },
    },
    ConceptSets: [],
    QualifiedLimit: { Type: 'All' },
    ExpressionLimit: { Type: 'All' },
    InclusionRules: [],
    EndStrategy: { DateOffset: { DateField: 'StartDate', Offset: 0 } },
    CensoringCriteria: [],
    CollapseSettings: { CollapseType: 'ERA', EraPad: 0 },
    ...more,
  };
}

export const anyTime = { Start: { Coeff: -1 }, End: { Coeff: 1 } };

/** At least one (or as said) of the criterion, at any time in the observation period. */
export function correlated(criteria: object, more: object = {}) {
  return { Criteria: criteria, StartWindow: anyTime, Occurrence: { Type: 2, Count: 1 }, ...more };
}

export function group(type: string, list: readonly object[], more: object = {}) {
  return { Type: type, CriteriaList: list, DemographicCriteriaList: [], Groups: [], ...more };
}
