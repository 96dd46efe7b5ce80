/** A definition with the cohorts that it names as one statement that resolves its concept sets itself. */

import { type CohortQuery, compile } from '#sql/circe/compile.ts';
import type { CohortExpression } from '#sql/circe/expression.ts';
import type { CohortRows } from '#sql/circe/members.ts';
import type { CompileOptions } from '#sql/circe/scope.ts';

/** Takes an expression without `refusals`, nor any in `Cohorts` (throws RangeError otherwise). Pure. */
export function compileWhole(
  expression: CohortExpression,
  options: Omit<CompileOptions, 'conceptSets' | 'cohorts'>,
): CohortQuery {
  const inline = { ...options, conceptSets: 'inline' as const };
  const cohorts: CohortRows[] = [];
  for (const [at, { name, expression: inner }] of (expression.Cohorts ?? []).entries()) {
    const named = { ...inner, Cohorts: expression.Cohorts?.slice(0, at) ?? [] };
    const { body, tables } = compile(named, { ...inline, withoutRules: [], cohorts: [...cohorts] });
    cohorts.push({ name, body, tables });
  }
  return compile(expression, { ...inline, cohorts });
}
