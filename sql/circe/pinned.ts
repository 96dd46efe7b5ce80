/** The concept sets of a definition as they are resolved: of a pinned set the concepts that the study says. */

import type { CohortExpression, ConceptSet } from '#sql/circe/expression.ts';

/**
 * A pinned set is a list of concepts, without descendants, mapped concepts or exclusions: what of them a vocabulary does not
 * hold is left out there, as of every concept set.
 */
export function pinnedSets({ ConceptSets, Pinned = [] }: CohortExpression): readonly ConceptSet[] {
  if (Pinned.length === 0) return ConceptSets;
  const plain = { isExcluded: false, includeDescendants: false, includeMapped: false };
  return ConceptSets.map((set) => {
    const pinned = Pinned.find(({ id }) => id === set.id);
    if (pinned === undefined) return set;
    return { ...set, items: pinned.conceptIds.map((CONCEPT_ID) => ({ concept: { CONCEPT_ID }, ...plain })) };
  });
}
