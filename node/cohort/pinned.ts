/** Concept ids of a definition's sets, those that the study pins included. */

import type { ClientBase } from 'pg';
import type { CohortExpression } from '#sql/circe/expression.ts';
import { pinnedSets } from '#sql/circe/pinned.ts';
import { type ResolveOptions, resolveConceptSets } from './concept-sets.ts';

/** The ids of each set: of a pinned one those that this vocabulary holds. */
export function resolveSets(
  client: ClientBase,
  expression: CohortExpression,
  options: ResolveOptions,
): Promise<ReadonlyMap<number, readonly number[]>> {
  return resolveConceptSets(client, pinnedSets(expression), options);
}
