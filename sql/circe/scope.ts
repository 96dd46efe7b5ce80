/** What a compilation carries along: names of CDM tables, fresh aliases, concept sets as SQL. */

import type { RowEstimate, Source } from '#sql/circe/estimate.ts';
import type { Concept } from '#sql/circe/expression.ts';
import { qualifiedTable } from '#sql/circe/imaging-schema.ts';
import { inIds } from '#sql/circe/literal.ts';
import type { CohortRows } from '#sql/circe/members.ts';

/** The concept ids of each set, resolved before; or `inline`, where the statement resolves them itself. */
export type ConceptSets = ReadonlyMap<number, readonly number[]> | 'inline';

/**
 * Look into an index for every event (`probe`; `list`: always with a list of persons before), or join all events with all rows of the
 * concept set at once, or make the days on which a criterion holds wherever it can be asked so (`cover`).
 */
export type Plan = 'cheaper' | 'probe' | 'list' | 'join' | 'cover';

export interface CompileOptions {
  readonly cdmSchema: string;
  /** Where the tables of image criteria lie; `imaging` unless said otherwise. */
  readonly imagingSchema?: string;
  readonly conceptSets: ConceptSets;
  /** Reproduce the defects of Circe listed in the cohort differences. */
  readonly parity?: boolean;
  /** Estimated rows of concept sets, to choose the cheaper way; answers do not depend on it. */
  readonly rows?: RowEstimate;
  /** Estimated rows that must be read to find those: of the whole table where no index leads to them. As many as they are unless said. */
  readonly reads?: RowEstimate;
  /** The ids of a concept set that some row of its column has, where that is known. */
  readonly used?: (source: Source) => readonly number[] | undefined;
  /** Persons of the CDM, about. */
  readonly persons?: number | undefined;
  /** Nothing is asked about the events beside the cohort's rows (and the masks, where there are rules). */
  readonly rowsOnly?: boolean;
  /** How criteria are asked about many events: the cheaper way, unless one is named (to compare the two). */
  readonly plan?: Plan;
  /** Inclusion rules left out, by their index from 0. */
  readonly withoutRules?: readonly number[];
  /** The cohorts that the definition needs (`expression.Cohorts`), compiled, in the same order. */
  readonly cohorts?: readonly CohortRows[];
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
  /** The same of a source, of the row with this alias: concepts that no row has are left out where they are known. */
  inSource(alias: string, source: Source): string;
  /** How many ids that names. */
  idsOf(source: Source): number;
  /** Estimated rows of a concept set in its table. */
  rows: RowEstimate;
  /** Estimated rows that are read to find them. */
  reads: RowEstimate;
  readonly persons: number | undefined;
  readonly plan: Plan;
  readonly cohorts: readonly CohortRows[];
  /** Places of cohorts that events are asked about; those whose join is still to be written. */
  readonly probed: Set<number>;
  readonly unjoined: Set<number>;
}

export function createScope(options: CompileOptions): Scope {
  const tables = new Set<string>();
  const sets = options.conceptSets;
  let aliases = 0;
  const inSet = (column: string, codesetId: number, exclude = false): string => {
    if (sets !== 'inline') return inIds(column, sets.get(codesetId) ?? [], exclude);
    const ids = `(select s.concept_ids from concept_sets s where s.codeset_id = ${BigInt(codesetId)})`;
    return exclude ? `${column} <> all(coalesce(${ids}, '{}'))` : `${column} = any(${ids}::int[])`;
  };
  return {
    parity: options.parity ?? false,
    tables,
    table(name) {
      tables.add(name);
      return qualifiedTable(name, options);
    },
    alias(prefix) {
      aliases += 1;
      return `${prefix}${aliases}`;
    },
    inSet,
    inSource(alias, source) {
      const column = `${alias}.${source.column}`;
      const used = options.used?.(source);
      return used === undefined ? inSet(column, source.CodesetId) : inIds(column, used);
    },
    idsOf(source) {
      const ids = options.used?.(source) ?? (sets === 'inline' ? [] : sets.get(source.CodesetId));
      return ids?.length ?? 0;
    },
    persons: options.persons,
    plan: options.plan ?? 'cheaper',
    rows: options.rows ?? (() => undefined),
    reads: options.reads ?? options.rows ?? (() => undefined),
    cohorts: options.cohorts ?? [],
    probed: new Set(),
    unjoined: new Set(),
  };
}

export function inConcepts(column: string, concepts: readonly Concept[], exclude: boolean): string {
  return inIds(
    column,
    concepts.map((concept) => concept.CONCEPT_ID),
    exclude,
  );
}
