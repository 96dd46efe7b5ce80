/** The cohorts that a cohort names, prepared before it. */

import type { ClientBase } from 'pg';
import type { CohortQuery } from '#sql/circe/compile.ts';
import type { CohortExpression } from '#sql/circe/expression.ts';
import type { CohortRows } from '#sql/circe/members.ts';

interface Options {
  readonly withoutRules?: readonly number[];
  readonly cohorts?: readonly CohortRows[];
}

/**
 * Each of `expression.Cohorts`, compiled by `prepare` in their order. Rules are switched off in the cohort that is asked for
 * alone, not in those that it names.
 */
export async function prepareNamed<O extends Options>(
  client: ClientBase,
  expression: CohortExpression,
  options: O,
  prepare: (client: ClientBase, expression: CohortExpression, options: O) => Promise<CohortQuery>,
): Promise<readonly CohortRows[]> {
  // Inside one of them: those before it stand already.
  if (options.cohorts !== undefined) return options.cohorts;
  const cohorts: CohortRows[] = [];
  for (const [at, { name, expression: inner }] of (expression.Cohorts ?? []).entries()) {
    const Cohorts = expression.Cohorts?.slice(0, at) ?? [];
    const given = { ...options, withoutRules: [], cohorts: [...cohorts] };
    const { body, tables } = await prepare(client, { ...inner, Cohorts }, given);
    cohorts.push({ name, body, tables });
  }
  return cohorts;
}
