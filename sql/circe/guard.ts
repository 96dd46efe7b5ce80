/**
 * A list of persons before a probe. A probe costs one look into an index for every index event; where few persons have
 * any row of the concept set, a hashed list of them answers most events without a look.
 */

import { fewestCalls, type Source, sourcesOf } from '#sql/circe/estimate.ts';
import type { Criterion } from '#sql/circe/expression.ts';
import type { Scope } from '#sql/circe/scope.ts';

/** More rows than this might not fit into a hash table, without which the list is ruinous. */
const mostRows = 500_000;

/** `person in (…)` where that is likely to pay, for about `calls` index events; undefined where not, or not known. */
export function guardOf(
  scope: Scope,
  criterion: Criterion,
  person: string,
  calls: number | undefined,
): string | undefined {
  if (calls === undefined || calls < fewestCalls) return undefined;
  const [best] = sourcesOf(criterion)
    .map((source) => ({ source, rows: scope.rows(source) ?? Number.POSITIVE_INFINITY }))
    .sort((one, other) => one.rows - other.rows);
  if (best === undefined || best.rows > Math.min(mostRows, calls)) return undefined;
  return `${person} in (${personsOf(scope, best.source)})`;
}

function personsOf(scope: Scope, source: Source): string {
  const alias = scope.alias('g');
  const inSet = scope.inSet(`${alias}.${source.column}`, source.CodesetId);
  return `select ${alias}.person_id from ${scope.table(source.table)} ${alias} where ${inSet}`;
}

/** Estimated rows of a criterion by its narrowest set; undefined where it has none or nothing is known. */
export function rowsOf(scope: Scope, criterion: Criterion): number | undefined {
  const known = sourcesOf(criterion).flatMap((source) => scope.rows(source) ?? []);
  return known.length === 0 ? undefined : Math.min(...known);
}
