/** What a compilation carries along: names of CDM tables, fresh aliases, concept sets as SQL. */

import type { RowEstimate } from '#sql/circe/estimate.ts';
import type { Concept } from '#sql/circe/expression.ts';
import { identifier, inIds } from '#sql/circe/literal.ts';

/** The concept ids of each set, resolved before; or `inline`, where the statement resolves them itself. */
export type ConceptSets = ReadonlyMap<number, readonly number[]> | 'inline';

export interface CompileOptions {
  readonly cdmSchema: string;
  readonly conceptSets: ConceptSets;
  /** Reproduce the defects of Circe listed in the cohort differences. */
  readonly parity?: boolean;
  /** Estimated rows of concept sets, to choose the cheaper way; answers do not depend on it. */
  readonly rows?: RowEstimate;
  /** Inclusion rules left out, by their index from 0. */
  readonly withoutRules?: readonly number[];
}

export interface Scope {
  readonly parity: boolean;
  /** Every CDM table the statement reads. */
  readonly tables: Set<string>;
  /** The quoted name of a CDM table; also notes that it is needed. */
  table(name: string): string;
  /** An alias nobody else has. */
  alias(prefix: string): string;
  /** `column is in the set`, or none of it; a set that does not exist is empty. */
  inSet(column: string, codesetId: number, exclude?: boolean): string;
  /** Estimated rows of a concept set in its table. */
  rows: RowEstimate;
}

export function createScope(options: CompileOptions): Scope {
  const schema = identifier(options.cdmSchema);
  const tables = new Set<string>();
  const sets = options.conceptSets;
  let aliases = 0;
  return {
    parity: options.parity ?? false,
    tables,
    table(name) {
      tables.add(name);
      return `${schema}.${name}`;
    },
    alias(prefix) {
      aliases += 1;
      return `${prefix}${aliases}`;
    },
    inSet(column, codesetId, exclude = false) {
      if (sets !== 'inline') return inIds(column, sets.get(codesetId) ?? [], exclude);
      const ids = `(select s.concept_ids from concept_sets s where s.codeset_id = ${BigInt(codesetId)})`;
      return exclude ? `${column} <> all(coalesce(${ids}, '{}'))` : `${column} = any(${ids}::int[])`;
    },
    rows: options.rows ?? (() => undefined),
  };
}

export function inConcepts(column: string, concepts: readonly Concept[], exclude: boolean): string {
  return inIds(
    column,
    concepts.map((concept) => concept.CONCEPT_ID),
    exclude,
  );
}
