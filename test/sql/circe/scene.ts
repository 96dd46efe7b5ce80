/** Hand-made rows and criteria that the tests of Circe's semantics share. */

import { test } from 'node:test';
import { conceptSet, group } from './definitions.ts';
import { type Row, type TinyCdm, tinyCdm } from './tiny-cdm.ts';

/** A test with a database of its own, in which the concepts 1 to 9 stand. */
export function semantics(name: string, work: (cdm: TinyCdm) => Promise<void>): void {
  test(name, async (t) => {
    const cdm = await tinyCdm(t);
    await cdm.add('concept', ...Array.from({ length: 9 }, (_, at) => concept(at + 1)));
    await work(cdm);
  });
}

export const concept = (id: number, extra: Row = {}): Row => ({
  concept_id: id,
  concept_name: `c${id}`,
  ...extra,
});
export const sickness = (person: number, start: string, extra: Row = {}): Row => ({
  person_id: person,
  condition_concept_id: 1,
  condition_start_date: start,
  ...extra,
});
export const drug = (person: number, start: string, extra: Row = {}): Row => ({
  person_id: person,
  drug_concept_id: 2,
  drug_exposure_start_date: start,
  drug_exposure_end_date: null,
  ...extra,
});
export const sick = { ConditionOccurrence: { CodesetId: 0 } };
export const drugged = { DrugExposure: { CodesetId: 1 } };
export const sets = { ConceptSets: [conceptSet(0, 1), conceptSet(1, 2)] };
export const rule = (type: string, list: readonly object[], more: object = {}) => ({
  ...sets,
  InclusionRules: [{ name: 'rule', expression: group(type, list, more) }],
});
export const within = (from: number, to: number) => ({
  Start: { Days: Math.abs(from), Coeff: from < 0 ? -1 : 1 },
  End: { Days: Math.abs(to), Coeff: to < 0 ? -1 : 1 },
});
