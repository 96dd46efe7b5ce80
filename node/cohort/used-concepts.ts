/**
 * Which concepts of a set any row has. A set may name thousands of which the data hold three: each of the others costs a descent into an
 * index for every probe. Only for data that stand still while this is believed.
 */

import type { ClientBase } from 'pg';
import { type Source, sourceKey, sourcesOf } from '#sql/circe/estimate.ts';
import type { CohortExpression } from '#sql/circe/expression.ts';
import { qualifiedTable } from '#sql/circe/imaging-schema.ts';
import { idArray } from '#sql/circe/literal.ts';
import { walk } from '#sql/circe/walk.ts';
import type { Statistics } from './statistics.ts';

/** Ids that some row of the column has, of those that were asked; by `table.column`. */
export type UsedConcepts = Map<string, { readonly asked: Set<number>; readonly used: Set<number> }>;

type ConceptSets = ReadonlyMap<number, readonly number[]>;

/** Where a definition looks for its concept sets, each place and set once. */
export function sourcesIn(expression: CohortExpression): readonly Source[] {
  const sources = new Map<string, Source>();
  const add = (source: Source) => sources.set(sourceKey(source), source);
  walk(expression, {
    criterion(criterion) {
      sourcesOf(criterion).forEach(add);
    },
  });
  const strategy = expression.EndStrategy;
  if (strategy?.kind === 'CustomEra')
    for (const column of ['drug_concept_id', 'drug_source_concept_id'])
      add({ table: 'drug_exposure', column, CodesetId: strategy.DrugCodesetId ?? -1 });
  return [...sources.values()];
}

/** Asks in one statement which ids are used, of all definitions, for the columns that an index leads to. */
export async function findUsedConcepts(
  client: Pick<ClientBase, 'query'>,
  definitions: readonly { readonly sources: readonly Source[]; readonly conceptSets: ConceptSets }[],
  options: { readonly cdmSchema: string; readonly statistics: Statistics; readonly used: UsedConcepts },
): Promise<void> {
  const wanted = new Map<string, Set<number>>();
  for (const { sources, conceptSets } of definitions)
    for (const { table, column, CodesetId } of sources) {
      if (!options.statistics.isIndexed(table, column)) continue;
      const key = `${table}.${column}`;
      const asked = options.used.get(key)?.asked;
      const ids = wanted.get(key) ?? new Set();
      for (const id of conceptSets.get(CodesetId) ?? []) if (!asked?.has(id)) ids.add(id);
      if (ids.size > 0) wanted.set(key, ids);
    }
  if (wanted.size === 0) return;
  const branches = [...wanted].map(([key, ids]) => {
    const [table = '', column] = key.split('.');
    return (
      `select '${key}' as key, array(select i from unnest(${idArray([...ids])}) i ` +
      `where exists (select 1 from ${qualifiedTable(table, options)} x where x.${column} = i)) as ids`
    );
  });
  const { rows } = await client.query<{ key: string; ids: number[] }>(branches.join('\nunion all\n'));
  for (const { key, ids } of rows) {
    const known = options.used.get(key) ?? { asked: new Set(), used: new Set() };
    for (const id of wanted.get(key) ?? []) known.asked.add(id);
    for (const id of ids) known.used.add(id);
    options.used.set(key, known);
  }
}

/** The ids of a source that are used; undefined where that is not known of all of them. */
export function usedIds(
  used: UsedConcepts | undefined,
  source: Source,
  conceptSets: ConceptSets,
): readonly number[] | undefined {
  const known = used?.get(`${source.table}.${source.column}`);
  const ids = conceptSets.get(source.CodesetId);
  if (known === undefined || ids === undefined || !ids.every((id) => known.asked.has(id))) return undefined;
  return ids.filter((id) => known.used.has(id));
}
