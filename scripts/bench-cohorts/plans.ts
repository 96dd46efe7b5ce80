/** The plans of the slowest definitions, as PostgreSQL ran them. */

import type { Pool } from 'pg';
import { type DefinitionFile, readDefinition } from '#node/cohort/definitions.ts';
import { prepareCohort } from '#node/cohort/generate.ts';
import { withSession } from '#node/cohort/session.ts';
import { selectStatement } from '#sql/circe/statement.ts';

/** EXPLAIN ANALYZE of each; long lists of concept ids are cut short. */
export async function explainSlowest(
  pool: Pool,
  files: readonly DefinitionFile[],
  slowest: readonly { readonly name: string; readonly status: string }[],
  cdmSchema: string,
): Promise<readonly { readonly name: string; readonly plan: string }[]> {
  const plans: { name: string; plan: string }[] = [];
  for (const { name, status } of slowest) {
    const file = files.find((one) => one.name === name);
    if (file === undefined || status !== 'ok') continue;
    const plan = await withSession(pool, { readOnly: true }, async (client) => {
      const query = await prepareCohort(client, readDefinition(file.file), { cdmSchema, rowsOnly: true });
      const { rows } = await client.query<Record<string, string>>(
        `explain (analyze, buffers off) ${selectStatement(query)}`,
      );
      return rows.map((row) => (row['QUERY PLAN'] ?? '').replace(/\{[\d,]{80,}\}/g, '{…}')).join('\n');
    });
    plans.push({ name, plan });
  }
  return plans;
}
