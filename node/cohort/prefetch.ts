/** What many definitions need alike, asked for once: their concept sets, and which of the concepts any row has. */

import type { ClientBase } from 'pg';
import { MoimError } from '#protocol/errors.ts';
import { prefetchConceptSets, resolveConceptSets } from './concept-sets.ts';
import type { ReadFile } from './definitions.ts';
import type { CohortOptions } from './generate.ts';
import { findKept } from './kept-sets.ts';
import { findUsedConcepts, sourcesIn } from './used-concepts.ts';

type Options = CohortOptions &
  Required<Pick<CohortOptions, 'tables' | 'cache' | 'statistics'>> & {
    readonly resultsSchema?: string | undefined;
    readonly engine?: string | undefined;
  };

/** A failure here is no news yet: each definition resolves what is not known, and says what is wrong. */
export async function prefetch(
  client: ClientBase,
  files: readonly ReadFile[],
  options: Options,
): Promise<void> {
  const { cdmSchema, tables, cache, statistics, used } = options;
  if (!tables.has('concept')) return;
  const absent = new Set(['concept_ancestor', 'concept_relationship'].filter((table) => !tables.has(table)));
  const expressions = files.flatMap(({ expression }) =>
    expression instanceof MoimError ? [] : [expression],
  );
  const resolving = { cdmSchema, absent, cache };
  try {
    const kept = await findKept(client, options);
    await prefetchConceptSets(
      client,
      expressions.map(({ ConceptSets }) => ConceptSets),
      { ...resolving, kept },
    );
    if (used === undefined) return;
    const definitions = [];
    for (const expression of expressions) {
      const conceptSets = await resolveConceptSets(client, expression.ConceptSets, resolving);
      const sources = sourcesIn(expression).filter(({ table }) => tables.has(table));
      definitions.push({ sources, conceptSets });
    }
    await findUsedConcepts(client, definitions, { cdmSchema, statistics, used });
  } catch (error) {
    if (options.signal?.aborted) throw error;
  }
}
