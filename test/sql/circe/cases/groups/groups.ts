/** Traps 3 and 4: rules and groups. */

import { type Feature, people } from '../case.ts';
import { asRule, cohort, Drugged, drug, group, Measured, measured, near, Sick, sick } from '../plain.ts';

const day = '2010-01-01';
const women = { DemographicCriteriaList: [{ Gender: [{ CONCEPT_ID: 8532 }] }] };

/** 1: nothing; 2: a drug; 3: a measurement; 4: both; 5: both, and a man. All others are women. */
const five: Feature['rows'] = {
  ...people(1, 2, 3, 4, { person_id: 5, gender_concept_id: 8507 }),
  condition_occurrence: [1, 2, 3, 4, 5].map((person) => sick(person, day)),
  drug_exposure: [2, 4, 5].map((person) => drug(person, day)),
  measurement: [3, 4, 5].map((person) => measured(person, day)),
};

const both = [near(Drugged), near(Measured)];
const counted = (type: string, Count: number, more: object = {}) =>
  asRule(group(type, both, { Count, ...more }));

export const groups: Feature = {
  name: 'trap 4: groups',
  rows: five,
  cases: [
    { name: 'ALL', definition: asRule(group('ALL', both)), finds: '4 5' },
    { name: 'ALL with people', definition: asRule(group('ALL', both, women)), finds: '4' },
    { name: 'ANY', definition: asRule(group('ANY', both)), finds: '2 3 4 5' },
    { name: 'in small letters', definition: asRule(group('any', both)), finds: '2 3 4 5' },
    { name: 'AT_LEAST 0', definition: counted('AT_LEAST', 0), finds: '1 2 3 4 5' },
    { name: 'AT_LEAST -1 asks for one', definition: counted('AT_LEAST', -1), finds: '2 3 4 5' },
    { name: 'AT_MOST -1', definition: counted('AT_MOST', -1), finds: '' },
    { name: 'AT_LEAST 1', definition: counted('AT_LEAST', 1), finds: '2 3 4 5' },
    { name: 'AT_LEAST 2', definition: counted('AT_LEAST', 2), finds: '4 5' },
    { name: 'AT_LEAST 3 of 2', definition: counted('AT_LEAST', 3), finds: '' },
    { name: 'AT_MOST 0', definition: counted('AT_MOST', 0), finds: '1' },
    { name: 'AT_MOST 1', definition: counted('AT_MOST', 1), finds: '1 2 3' },
    { name: 'AT_MOST 2', definition: counted('AT_MOST', 2), finds: '1 2 3 4 5' },
    { name: 'AT_LEAST 2 of criteria, people', definition: counted('AT_LEAST', 2, women), finds: '2 3 4 5' },
    { name: 'AT_MOST 1 of criteria, people', definition: counted('AT_MOST', 1, women), finds: '1' },
    { name: 'an empty group is true', definition: asRule(group('ANY', [])), finds: '1 2 3 4 5' },
    {
      name: 'an empty AT_LEAST 1 too',
      definition: asRule(group('AT_LEAST', [], { Count: 1 })),
      finds: '1 2 3 4 5',
    },
    {
      name: 'an empty group inside counts as true',
      definition: asRule(group('AT_LEAST', [near(Drugged)], { Count: 2, Groups: [group('ALL', [])] })),
      finds: '2 4 5',
    },
    {
      name: 'a group in a group',
      definition: asRule(group('ANY', [near(Measured)], { Groups: [group('ALL', [near(Drugged)], women)] })),
      finds: '2 3 4 5',
    },
    {
      name: 'none of a group, three deep',
      definition: asRule(
        group('ALL', [], {
          Groups: [
            group('AT_MOST', [], {
              Count: 0,
              Groups: [group('ANY', [near(Drugged)], { Groups: [group('ALL', both)] })],
            }),
          ],
        }),
      ),
      finds: '1 3',
    },
    {
      name: 'as AdditionalCriteria',
      definition: cohort([Sick], { AdditionalCriteria: group('AT_MOST', both, { Count: 1 }) }),
      finds: '1 2 3',
    },
  ],
};

export const rules: Feature = {
  name: 'trap 3: inclusion rules',
  rows: five,
  cases: [
    {
      name: 'all rules must hold',
      definition: cohort([Sick], {
        InclusionRules: both.map((one, at) => ({ name: `${at}`, expression: group('ALL', [one]) })),
      }),
      finds: '4 5',
    },
    {
      name: 'an empty rule holds',
      definition: cohort([Sick], {
        InclusionRules: [group('ALL', []), group('ALL', [near(Drugged)])].map((expression) => ({
          name: '',
          expression,
        })),
      }),
      finds: '2 4 5',
    },
    {
      name: 'forty rules fit into the mask',
      definition: cohort([Sick], {
        InclusionRules: Array.from({ length: 40 }, (_, at) => ({
          name: `${at}`,
          expression: group('ALL', [near(at === 39 ? Drugged : Sick)]),
        })),
      }),
      finds: '2 4 5',
    },
  ],
};
