/** Asks the planner how many rows concept sets have in their tables. */

import type { ClientBase } from 'pg';
import {
  estimatedSources,
  estimateQuery,
  estimatesOf,
  type RowEstimate,
  type Source,
  sourceKey,
} from '#sql/circe/estimate.ts';
import type { CohortExpression } from '#sql/circe/expression.ts';

/**
 * One EXPLAIN, which reads no row, for the sets that the definition asks events about; none where it asks nothing.
 * `tables` are those that exist: an absent one has no rows to estimate.
 */
export async function estimateRows(
  client: ClientBase,
  expression: CohortExpression,
  options: { readonly cdmSchema: string; readonly tables: ReadonlySet<string> },
  conceptSets: ReadonlyMap<number, readonly number[]>,
): Promise<RowEstimate> {
  const found = new Map<string, number>();
  const asked: (readonly [Source, readonly number[]])[] = [];
  for (const source of estimatedSources(expression)) {
    const ids = conceptSets.get(source.CodesetId) ?? [];
    if (ids.length === 0) found.set(sourceKey(source), 0);
    else if (options.tables.has(source.table)) asked.push([source, ids]);
  }
  if (asked.length > 0) {
    const { rows } = await client.query<Record<string, unknown>>(estimateQuery(options.cdmSchema, asked));
    const estimates = estimatesOf(rows[0]?.['QUERY PLAN'], asked.length) ?? [];
    for (const [at, [source]] of asked.entries()) {
      const rowsOfSource = estimates[at];
      if (rowsOfSource !== undefined) found.set(sourceKey(source), rowsOfSource);
    }
  }
  return (source) => found.get(sourceKey(source));
}
