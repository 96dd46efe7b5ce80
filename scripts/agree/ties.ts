/** Whether a difference can come from events tied on their start date, which Circe takes in no stated order. */

import type { Pool } from 'pg';
import { prepareCohort } from '#node/cohort/generate.ts';
import { withSession } from '#node/cohort/session.ts';
import type { CohortExpression } from '#sql/circe/expression.ts';

/**
 * Only end dates may differ (`md5` and `days`), one event a person is kept by ExpressionLimit, and some persons must
 * have several events on the date that is kept, with different end dates. Gives how many, or undefined.
 */
export async function tiedPersons(
  pool: Pool,
  schema: string,
  expression: CohortExpression,
  parts: readonly string[],
): Promise<number | undefined> {
  const limit = expression.ExpressionLimit;
  if (limit === 'All' || !parts.every((part) => part === 'md5' || part === 'days')) return undefined;
  return withSession(pool, { readOnly: true }, async (client) => {
    const query = await prepareCohort(client, expression, { cdmSchema: schema, parity: true });
    const all = (1n << BigInt(query.ruleCount)) - 1n;
    const kept = limit === 'Last' ? 'max' : 'min';
    const { rows } = await client.query<{ persons: bigint }>(
      `with ${query.ctes}, passing as (select * from ${query.events} where mask = ${all}),
       dates as (select person_id, ${kept}(start_date) as start_date from passing group by person_id)
       select count(*) as persons from (
         select person_id from passing join dates using (person_id, start_date)
         group by person_id having count(distinct end_date) > 1
       ) tied`,
    );
    const persons = Number(rows[0]?.persons ?? 0);
    return persons > 0 ? persons : undefined;
  });
}
