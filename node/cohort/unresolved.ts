/** How this hospital's vocabulary meets a study: its version as it is stated, and the concepts that it does not hold. */

import type { ClientBase } from 'pg';
import type { CohortExpression } from '#sql/circe/expression.ts';
import { identifier } from '#sql/circe/literal.ts';
import { pinnedSets } from '#sql/circe/pinned.ts';
import { statedVocabularyVersion } from '../cdm/version.ts';
import { cdmTablesOf } from './generate.ts';

/** Exact: it does not leave as it is (protocol/vocabulary.ts). */
export interface VocabularyHere {
  readonly version: string | undefined;
  /** Different concepts that the concept sets name, or that the study pins, and CONCEPT does not hold. */
  readonly unresolved: number;
}

/** Of all cohorts of a study together. Reads the vocabulary alone. */
export async function vocabularyHere(
  client: ClientBase,
  expressions: readonly CohortExpression[],
  cdmSchema: string,
): Promise<VocabularyHere> {
  const version = await statedVocabularyVersion(client, cdmSchema);
  const ids = new Set(
    expressions
      .flatMap((expression) => pinnedSets(expression))
      .flatMap(({ items }) => items.map(({ concept }) => BigInt(concept.CONCEPT_ID))),
  );
  const unresolved = (known: number) => ({ version, unresolved: ids.size - known });
  // What int4 cannot hold is no concept of any vocabulary.
  const asked = [...ids].filter((id) => BigInt.asIntN(32, id) === id).map(Number);
  if (asked.length === 0 || !(await cdmTablesOf(client, cdmSchema)).has('concept')) return unresolved(0);
  const { rows } = await client.query<{ n: number }>(
    `select count(distinct concept_id)::int as n from ${identifier(cdmSchema)}.concept where concept_id = any($1::int[])`,
    [asked],
  );
  return unresolved(rows[0]?.n ?? 0);
}
