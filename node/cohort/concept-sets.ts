/** Concept ids of a definition's concept sets, resolved once for every set that is asked again. */

import type { ClientBase } from 'pg';
import { conceptSetQuery } from '#sql/circe/concept-set.ts';
import type { ConceptSet } from '#sql/circe/expression.ts';
import type { KeptSets } from './kept-sets.ts';

/** Keeps resolved sets for as long as the vocabulary does not change: one command, one job. */
export type ConceptSetCache = Map<string, readonly number[]>;

export interface ResolveOptions {
  readonly cdmSchema: string;
  readonly absent: ReadonlySet<string>;
  readonly cache?: ConceptSetCache | undefined;
}

/** Gives the ids of each set by its id, in one statement for those that the cache does not hold. */
export async function resolveConceptSets(
  client: ClientBase,
  sets: readonly ConceptSet[],
  options: ResolveOptions,
): Promise<ReadonlyMap<number, readonly number[]>> {
  const keys = new Map(mergeById(sets).map((set) => [set.id, { set, key: keyOf(options.cdmSchema, set) }]));
  const cache: ConceptSetCache = options.cache ?? new Map();
  const missing = [...keys.values()].filter(({ key }) => !cache.has(key));
  if (missing.length > 0) {
    const sql = conceptSetQuery(
      missing.map(({ set }) => set),
      options,
    );
    const { rows } = await client.query<{ codeset_id: number; concept_ids: number[] }>(sql);
    for (const row of rows) {
      const key = keys.get(row.codeset_id)?.key;
      if (key !== undefined) cache.set(key, row.concept_ids);
    }
  }
  return new Map([...keys].map(([id, { key }]) => [id, cache.get(key) ?? []]));
}

/**
 * Fills the cache with the sets of many definitions in one statement (the fixed cost of a statement is what most sets
 * cost). Sets are told apart by what they hold, so that a set used twice is resolved once. What `kept` holds is taken from there.
 */
export async function prefetchConceptSets(
  client: Pick<ClientBase, 'query'>,
  definitions: readonly (readonly ConceptSet[])[],
  options: ResolveOptions & { readonly cache: ConceptSetCache; readonly kept?: KeptSets | undefined },
): Promise<void> {
  const { cache, kept, cdmSchema } = options;
  const wanted = new Map<string, ConceptSet>();
  for (const set of definitions.flatMap(mergeById)) {
    const key = keyOf(cdmSchema, set);
    if (!cache.has(key)) wanted.set(key, set);
  }
  if (kept !== undefined && wanted.size > 0)
    for (const [key, ids] of await kept.find(client, [...wanted.keys()])) {
      cache.set(key, ids);
      wanted.delete(key);
    }
  if (wanted.size === 0) return;
  const keys = [...wanted.keys()];
  const sets = [...wanted.values()].map((set, id) => ({ ...set, id }));
  const { rows } = await client.query<{ codeset_id: number; concept_ids: number[] }>(
    conceptSetQuery(sets, options),
  );
  const found = rows.flatMap((row) => {
    const key = keys[row.codeset_id];
    return key === undefined ? [] : [[key, row.concept_ids] as const];
  });
  for (const [key, ids] of found) cache.set(key, ids);
  await kept?.keep(client, found);
}

/** Sets that share an id are one set (Circe inserts both). */
function mergeById(sets: readonly ConceptSet[]): readonly ConceptSet[] {
  const merged = new Map<number, ConceptSet>();
  for (const set of sets) {
    const before = merged.get(set.id);
    merged.set(set.id, before === undefined ? set : { ...before, items: [...before.items, ...set.items] });
  }
  return [...merged.values()];
}

function keyOf(schema: string, set: ConceptSet): string {
  const items = set.items.map(
    ({ concept, isExcluded, includeDescendants, includeMapped }) =>
      `${concept.CONCEPT_ID},${isExcluded ? 1 : 0}${includeDescendants ? 1 : 0}${includeMapped ? 1 : 0}`,
  );
  return `${schema}:${items.length > 1 ? items.sort().join(';') : (items[0] ?? '')}`;
}
