/**
 * A list of persons before a probe. A probe costs one look into an index for every index event; where few persons have
 * any row of the concept set, a hashed list of them answers most events without a look.
 */

import { type Source, sourcesOf } from '#sql/circe/estimate.ts';
import type { Criterion } from '#sql/circe/expression.ts';
import type { Scope } from '#sql/circe/scope.ts';

/** `person in (…)`: the persons who have a row of the source. */
export function listedPerson(scope: Scope, source: Source, person: string): string {
  const alias = scope.alias('g');
  const inSet = scope.inSource(alias, source);
  return `${person} in (select ${alias}.person_id from ${scope.table(source.table)} ${alias} where ${inSet})`;
}

/** Estimated rows of a criterion by its narrowest set; undefined where it has none or nothing is known. */
export function rowsOf(scope: Scope, criterion: Criterion): number | undefined {
  const known = sourcesOf(criterion).flatMap((source) => scope.rows(source) ?? []);
  return known.length === 0 ? undefined : Math.min(...known);
}
