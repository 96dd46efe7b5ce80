/** Trap 14: which concepts a concept set holds. */

import { item } from '../../definitions.ts';
import { type Case, type Feature, people } from '../case.ts';
import { cohort, sick } from '../plain.ts';

/** 100 is the parent of 101 (valid) and 102 (no longer valid); 103 is their sibling; 900, 901, 902 are source concepts. */
const concept = (concept_id: number, invalid_reason: string | null = null) => ({
  concept_id,
  concept_name: `c${concept_id}`,
  invalid_reason,
});
const ancestor = (ancestor_concept_id: number, descendant_concept_id: number) => ({
  ancestor_concept_id,
  descendant_concept_id,
  min_levels_of_separation: ancestor_concept_id === descendant_concept_id ? 0 : 1,
  max_levels_of_separation: ancestor_concept_id === descendant_concept_id ? 0 : 1,
});
const mapsTo = (concept_id_1: number, concept_id_2: number, more: object = {}) => ({
  concept_id_1,
  concept_id_2,
  relationship_id: 'Maps to',
  ...more,
});

const all = [100, 101, 102, 103, 900, 901, 902, 999];

const holds = (name: string, items: readonly object[], finds: string): Case => ({
  name,
  definition: {
    ...cohort([{ ConditionOccurrence: { CodesetId: 7 } }]),
    ConceptSets: [{ id: 7, name: 'seven', expression: { items } }],
  },
  finds,
});

const descendants = { descendants: true };
const mapped = { mapped: true };
const excluded = { excluded: true };

/** Each person has the condition of one concept: 1 of 100, 2 of 101, 3 of 102, 4 of 103, 5 of 900, 6 of 901, 7 of 902, 8 of 999. */
export const conceptSets: Feature = {
  name: 'trap 14: concept sets',
  rows: {
    ...people(1, 2, 3, 4, 5, 6, 7, 8),
    condition_occurrence: all.map((condition_concept_id, at) =>
      sick(at + 1, '2010-01-01', { condition_concept_id }),
    ),
    // 999 stands in no vocabulary.
    concept: [
      concept(100),
      concept(101),
      concept(102, 'D'),
      concept(103),
      concept(900, 'U'),
      concept(901),
      concept(902),
    ],
    concept_ancestor: [ancestor(100, 100), ancestor(100, 101), ancestor(100, 102), ancestor(103, 103)],
    concept_relationship: [
      mapsTo(900, 100),
      mapsTo(901, 101),
      mapsTo(902, 103, { invalid_reason: 'D' }),
      mapsTo(902, 100, { relationship_id: 'Is a' }),
    ],
  },
  cases: [
    holds('a concept', [item(100)], '1'),
    holds('one that is no longer valid', [item(102)], '3'),
    holds('one that is in no vocabulary', [item(999)], ''),
    holds('with valid descendants', [item(100, descendants)], '1 2'),
    holds('with what is mapped to it', [item(100, mapped)], '1 5'),
    holds(
      'with what is mapped to it and its descendants',
      [item(100, { descendants: true, mapped: true })],
      '1 2 5 6',
    ),
    holds('no longer valid mappings do not count', [item(103, mapped)], '4'),
    holds('without an excluded one', [item(100, descendants), item(101, excluded)], '1'),
    holds(
      'without an excluded one and its descendants',
      [item(100, descendants), item(100, { ...excluded, ...descendants })],
      '',
    ),
    holds('excluding the parent alone leaves the child', [item(100, descendants), item(100, excluded)], '2'),
    holds(
      'excluding what is mapped',
      [item(100, { descendants: true, mapped: true }), item(101, { ...excluded, ...mapped })],
      '1 5',
    ),
    holds('only exclusions hold nothing', [item(100, excluded)], ''),
    holds('an empty set holds nothing', [], ''),
    {
      ...holds('an unknown set holds nothing', [item(100)], ''),
      definition: cohort([{ ConditionOccurrence: { CodesetId: 77 } }]),
    },
  ],
};
