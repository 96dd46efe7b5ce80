/** Which tables of the vocabulary the concept sets of a definition cannot do without. */

import type { ConceptSet } from '#sql/circe/expression.ts';

/**
 * Names of tables. One that is not there is an error, never an empty answer: without CONCEPT_ANCESTOR a set loses its
 * descendants, and nobody would see it.
 */
export function vocabularyTables(sets: readonly ConceptSet[]): readonly string[] {
  const items = sets.flatMap((set) => set.items);
  return [
    ...(items.length > 0 ? ['concept'] : []),
    ...(items.some((item) => item.includeDescendants) ? ['concept_ancestor'] : []),
    ...(items.some((item) => item.includeMapped) ? ['concept_relationship'] : []),
  ];
}
