/** Concept sets of the model (notes, semantics 14). */

import type { Cdm, Json } from './data.ts';

/** The concepts of each set, by its id. */
export type Sets = ReadonlyMap<number, ReadonlySet<number>>;

export function resolveSets(cdm: Cdm, definition: Json): Sets {
  return new Map(definition.ConceptSets.map((set: Json) => [set.id, resolveSet(cdm, set.expression.items)]));
}

function resolveSet(cdm: Cdm, items: readonly Json[]): ReadonlySet<number> {
  const wanted = conceptsOf(
    cdm,
    items.filter((item) => !item.isExcluded),
  );
  const unwanted = conceptsOf(
    cdm,
    items.filter((item) => item.isExcluded),
  );
  return new Set([...wanted].filter((id) => !unwanted.has(id)));
}

function conceptsOf(cdm: Cdm, items: readonly Json[]): ReadonlySet<number> {
  const found = new Set<number>();
  for (const item of items) {
    const meant = new Set<number>();
    const id = item.concept.CONCEPT_ID;
    if (cdm.concept?.some((concept) => concept.concept_id === id)) meant.add(id);
    if (item.includeDescendants) {
      for (const pair of cdm.concept_ancestor ?? []) {
        const valid = cdm.concept?.some(
          (concept) => concept.concept_id === pair.descendant_concept_id && concept.invalid_reason === null,
        );
        if (pair.ancestor_concept_id === id && valid) meant.add(Number(pair.descendant_concept_id));
      }
    }
    for (const one of meant) found.add(one);
    if (!item.includeMapped) continue;
    for (const relation of cdm.concept_relationship ?? []) {
      if (relation.relationship_id !== 'Maps to' || relation.invalid_reason !== null) continue;
      if (meant.has(Number(relation.concept_id_2))) found.add(Number(relation.concept_id_1));
    }
  }
  return found;
}
