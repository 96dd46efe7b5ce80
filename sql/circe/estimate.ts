/**
 * How many rows the concept sets of a definition have in their tables, as the planner estimates it: no row is read.
 * The compiler uses it to choose between probes and lists of persons; answers never depend on it.
 */

import { describeType } from '#sql/circe/criteria/types.ts';
import type { CohortExpression, Criterion } from '#sql/circe/expression.ts';
import { qualifiedTable } from '#sql/circe/imaging-schema.ts';
import { inIds } from '#sql/circe/literal.ts';
import { walk } from '#sql/circe/walk.ts';

/** A concept set looked for in one column of one table. */
export interface Source {
  readonly table: string;
  readonly column: string;
  readonly CodesetId: number;
}

/** Estimated rows of a source; undefined where nothing is known. */
export type RowEstimate = (source: Source) => number | undefined;

/** The sources of a criterion: a row must be in all of them. */
export function sourcesOf(criterion: Criterion): readonly Source[] {
  const { table } = describeType(criterion.type);
  return criterion.filters.flatMap((filter) =>
    filter.kind === 'codeset' ? [{ table, column: filter.column, CodesetId: filter.CodesetId }] : [],
  );
}

/** Fewer index events than this are probed sooner than anything is prepared for them. */
export const fewestCalls = 100;

/** Sources of the entry events; none where no criterion is asked about another event, so that nothing can be gained. */
export function entrySources(expression: CohortExpression): readonly Source[] {
  const { entry, probes } = rolesOf(expression);
  return probes.length === 0 ? [] : entry;
}

/** Sources of the criteria asked about entry events, worth an estimate where those are many. */
export function probeSources(expression: CohortExpression): readonly Source[] {
  return rolesOf(expression).probes;
}

function rolesOf(expression: CohortExpression) {
  const entry = new Map<string, Source>();
  const probes = new Map<string, Source>();
  walk(expression, {
    criterion(criterion, role) {
      if (role === 'censoring') return;
      const map = role === 'entry' ? entry : probes;
      for (const source of sourcesOf(criterion)) map.set(sourceKey(source), source);
    },
  });
  return { entry: [...entry.values()], probes: [...probes.values()] };
}

export function sourceKey(source: Source): string {
  return `${source.table}.${source.column} ${source.CodesetId}`;
}

/** EXPLAIN of one branch for each source and its ids, which must not be empty (the planner leaves such a branch out). */
export function estimateQuery(
  cdmSchema: string,
  sources: readonly (readonly [Source, readonly number[]])[],
): string {
  const branches = sources.map(
    ([{ table, column }, ids]) =>
      `select 1 from ${qualifiedTable(table, { cdmSchema })} x where ${inIds(`x.${column}`, ids)}`,
  );
  return `explain (format json) ${branches.join(' union all ')}`;
}

/** Rows of each branch in order; undefined where the plan has another shape (a view over several tables). */
export function estimatesOf(plan: unknown, branches: number): readonly number[] | undefined {
  const root = partOf(Array.isArray(plan) ? plan[0] : undefined, 'Plan');
  const children = branches === 1 ? [root] : partOf(root, 'Plans');
  if (!Array.isArray(children) || children.length !== branches) return undefined;
  const rows = children.map((child: unknown) => partOf(child, 'Plan Rows'));
  return rows.every((count) => typeof count === 'number') ? rows : undefined;
}

function partOf(data: unknown, name: string): unknown {
  return data !== null && typeof data === 'object'
    ? (data as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
