/** How many rows concept sets have in their tables: by the statistics, and where there are none (views), as the planner estimates. */

import type { ClientBase } from 'pg';
import {
  entrySources,
  estimateQuery,
  estimatesOf,
  fewestCalls,
  probeSources,
  type RowEstimate,
  type Source,
  sourceKey,
} from '#sql/circe/estimate.ts';
import type { CohortExpression } from '#sql/circe/expression.ts';
import type { Statistics } from './statistics.ts';

type Options = {
  readonly cdmSchema: string;
  readonly tables: ReadonlySet<string>;
  readonly statistics?: Statistics | undefined;
};
type ConceptSets = ReadonlyMap<number, readonly number[]>;

/**
 * EXPLAIN, which reads no row: of the entry events' sets, and where those are many, of the sets asked about them.
 * Nothing is asked where nothing can be gained. `tables` are those that exist.
 */
export async function estimateRows(
  client: ClientBase,
  expression: CohortExpression,
  options: Options,
  conceptSets: ConceptSets,
): Promise<RowEstimate> {
  const found = new Map<string, number>();
  const entry = entrySources(expression);
  await estimate(client, entry, options, conceptSets, found);
  const rows = entry.reduce((sum, source) => sum + (found.get(sourceKey(source)) ?? 0), 0);
  if (rows >= fewestCalls) await estimate(client, probeSources(expression), options, conceptSets, found);
  return (source) => found.get(sourceKey(source));
}

async function estimate(
  client: ClientBase,
  sources: readonly Source[],
  options: Options,
  conceptSets: ConceptSets,
  found: Map<string, number>,
): Promise<void> {
  const asked: (readonly [Source, readonly number[]])[] = [];
  for (const source of sources) {
    const ids = conceptSets.get(source.CodesetId) ?? [];
    const rows = options.statistics?.rows(source.table, source.column, ids);
    if (ids.length === 0) found.set(sourceKey(source), 0);
    else if (rows !== undefined) found.set(sourceKey(source), rows);
    else if (options.tables.has(source.table)) asked.push([source, ids]);
  }
  if (asked.length === 0) return;
  const { rows } = await client.query<Record<string, unknown>>(estimateQuery(options.cdmSchema, asked));
  const estimates = estimatesOf(rows[0]?.['QUERY PLAN'], asked.length) ?? [];
  for (const [at, [source]] of asked.entries()) {
    const count = estimates[at];
    if (count !== undefined) found.set(sourceKey(source), count);
  }
}
