/** What a definition meets on this CDM: tables it lacks, concept sets that hold nothing or have no row here. */

import type { Pool } from 'pg';
import { MoimError } from '#protocol/errors.ts';
import { type Source, sourceKey, sourcesOf } from '#sql/circe/estimate.ts';
import type { CohortExpression, Finding } from '#sql/circe/expression.ts';
import { identifier, inIds } from '#sql/circe/literal.ts';
import { walk } from '#sql/circe/walk.ts';
import { resolveConceptSets } from './concept-sets.ts';
import { cdmTablesOf, prepareCohort } from './generate.ts';
import { withSession } from './session.ts';

/**
 * Warnings, and an error where a table is missing. Writes nothing; of the data it asks only whether a row is there.
 * Takes an expression without `refusals`. Throws as `prepareCohort`, but for `table-missing`.
 */
export async function findingsHere(
  pool: Pool,
  expression: CohortExpression,
  options: { readonly cdmSchema: string; readonly signal?: AbortSignal },
): Promise<readonly Finding[]> {
  const { cdmSchema } = options;
  return withSession(pool, { ...options, readOnly: true }, async (client) => {
    const tables = await cdmTablesOf(client, cdmSchema);
    try {
      await prepareCohort(client, expression, { ...options, tables });
    } catch (error) {
      if (!(error instanceof MoimError) || error.code !== 'table-missing') throw error;
      const { code, message, remedy } = error;
      return [{ code, severity: 'error', path: '$', message, remedy }];
    }
    const absent = new Set(
      ['concept_ancestor', 'concept_relationship'].filter((table) => !tables.has(table)),
    );
    const sets = await resolveConceptSets(client, expression.ConceptSets, { cdmSchema, absent });
    const findings: Finding[] = expression.ConceptSets.filter((set) => sets.get(set.id)?.length === 0).map(
      (set) => ({
        code: 'no-concept-here',
        severity: 'warning',
        path: set.path,
        message: `no concept of set ${set.id} is in this CDM's vocabulary`,
        remedy: 'Load the vocabulary that holds them.',
      }),
    );
    for (const { source, path } of placedSources(expression)) {
      const ids = sets.get(source.CodesetId) ?? [];
      if (ids.length === 0) continue;
      const found = await client.query(
        `select 1 from ${identifier(cdmSchema)}.${source.table} x where ${inIds(`x.${source.column}`, ids)} limit 1`,
      );
      if (found.rowCount !== 0) continue;
      const message = `no row of ${source.table} has a concept of set ${source.CodesetId} in ${source.column}`;
      findings.push({ code: 'no-row-here', severity: 'warning', path, message });
    }
    return findings;
  });
}

interface Placed {
  readonly source: Source;
  readonly path: string;
}

/** Each source with the first criterion that asks it. */
function placedSources(expression: CohortExpression): readonly Placed[] {
  const found = new Map<string, Placed>();
  walk(expression, {
    criterion(criterion) {
      for (const source of sourcesOf(criterion)) {
        if (!found.has(sourceKey(source))) found.set(sourceKey(source), { source, path: criterion.path });
      }
    },
  });
  return [...found.values()];
}
