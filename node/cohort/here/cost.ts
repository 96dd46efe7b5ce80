/** What a definition is likely to cost here, as the planner estimates it: nothing is executed. */

import type { ClientBase } from 'pg';
import type { CohortQuery } from '#sql/circe/compile.ts';
import { cohortStatement } from '#sql/circe/statement.ts';

export interface Cost {
  /** Rows that the planner expects to look at, all steps together. */
  readonly rows: number;
  /** In the planner's own units, where reading a page in order is 1. */
  readonly plannerCost: number;
  readonly word: 'trifling' | 'small' | 'large' | 'very large';
}

/** EXPLAIN of the whole cohort; undefined where the plan has another shape than expected. */
export async function estimateCost(client: ClientBase, query: CohortQuery): Promise<Cost | undefined> {
  const { rows } = await client.query<Record<string, unknown>>(
    `explain (format json) ${cohortStatement(query)}`,
  );
  const plan = rows[0]?.['QUERY PLAN'];
  const root = partOf(Array.isArray(plan) ? plan[0] : undefined, 'Plan');
  const cost = partOf(root, 'Total Cost');
  if (typeof cost !== 'number') return undefined;
  return { rows: Math.round(scanned(root)), plannerCost: Math.round(cost), word: wordFor(cost) };
}

/** About a millisecond takes 100 units with the data in memory: tens of milliseconds, seconds, a minute, longer. */
function wordFor(cost: number): Cost['word'] {
  if (cost < 10_000) return 'trifling';
  if (cost < 1_000_000) return 'small';
  return cost < 10_000_000 ? 'large' : 'very large';
}

/** Rows that scans of tables are expected to give. */
function scanned(node: unknown): number {
  const children = partOf(node, 'Plans');
  const inner = Array.isArray(children)
    ? children.reduce((sum: number, child: unknown) => sum + scanned(child), 0)
    : 0;
  const rows = partOf(node, 'Plan Rows');
  return inner + (partOf(node, 'Relation Name') !== undefined && typeof rows === 'number' ? rows : 0);
}

function partOf(data: unknown, name: string): unknown {
  return data !== null && typeof data === 'object'
    ? (data as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
