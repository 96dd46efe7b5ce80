/** A vocabulary of seven concepts, some of them invalid, with ancestors and mappings between them. */

import fc from 'fast-check';
import { concept } from './arbitrary-row.ts';

export const vocabulary = {
  concept: fc
    .array(fc.constantFrom<(string | null)[]>(null, null, null, null, 'D'), { minLength: 7, maxLength: 7 })
    .map((invalid) => invalid.map((invalid_reason, at) => ({ concept_id: at, invalid_reason }))),
  concept_ancestor: fc.array(fc.record({ ancestor_concept_id: concept, descendant_concept_id: concept }), {
    maxLength: 6,
  }),
  concept_relationship: fc.array(
    fc.record({
      concept_id_1: fc.constantFrom(1, 2, 3, 4, 5, 6, 7),
      concept_id_2: concept,
      relationship_id: fc.constantFrom('Maps to', 'Maps to', 'Mapped from'),
      invalid_reason: fc.constantFrom(null, null, 'D'),
    }),
    { maxLength: 6 },
  ),
};
