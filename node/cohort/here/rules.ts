/** Rules that select nobody here. */

import type { ClientBase } from 'pg';
import type { CohortQuery } from '#sql/circe/compile.ts';
import type { CohortExpression } from '#sql/circe/expression.ts';
import type { Found } from '#sql/circe/told.ts';
import { hereMessages } from './messages.ts';

/** Events looked at, at the most: enough to find a rule that somebody meets, where there is somebody. */
const mostEvents = 100_000;

/**
 * Looks at the first entry events and the rules that they meet, not at the cohort that comes of them. The caller's session
 * limits the time. Gives whether somebody enters at all, rules that nobody meets, and rules that nobody meets together.
 */
export async function ruleFindings(
  client: ClientBase,
  expression: CohortExpression,
  query: CohortQuery,
): Promise<readonly Found[]> {
  const { rows } = await client.query<{ events: string; met: string; whole: boolean | null }>(
    `with ${query.ctes}
     select count(*)::text as events, coalesce(bit_or(e.mask), 0)::text as met, bool_or(e.mask = ${allOf(query.ruleCount)}) as whole
     from (select mask from ${query.events} limit ${mostEvents}) e`,
  );
  const [row] = rows;
  const events = Number(row?.events ?? 0);
  const first = events < mostEvents ? undefined : mostEvents;
  if (events === 0) {
    const message = hereMessages.nobodyEnters;
    return [{ code: 'nobody-enters-here', severity: 'warning', path: '$.PrimaryCriteria', message }];
  }
  const met = BigInt(row?.met ?? 0);
  const unmet = expression.InclusionRules.filter((_rule, index) => (met & (1n << BigInt(index))) === 0n);
  if (unmet.length > 0)
    return unmet.map(({ path }) => ({
      code: 'rule-selects-nobody-here',
      severity: 'warning',
      path,
      message: hereMessages.ruleSelectsNobody(first),
    }));
  if (expression.InclusionRules.length < 2 || row?.whole === true) return [];
  const message = hereMessages.rulesSelectNobody(first);
  return [{ code: 'rules-select-nobody-here', severity: 'warning', path: '$.InclusionRules', message }];
}

/** The mask of an event that meets every rule. */
function allOf(rules: number): string {
  return `${(1n << BigInt(rules)) - 1n}::bigint`;
}
