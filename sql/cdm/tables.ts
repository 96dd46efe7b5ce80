/**
 * All 39 tables of OMOP CDM 5.4 as data; the frozen migration `sql/migrations/cdm/0001-tables.sql` says the same and a
 * test holds the two together. `cohort` and `cohort_definition` are among them, as the standard has it, but stay empty:
 * the rows that Moim generates live in the schema `results`.
 */

import { clinicalTables } from './clinical.ts';
import { surroundingTables } from './surroundings.ts';
import type { CdmTable } from './table.ts';
import { vocabularyTables } from './vocabulary.ts';

export type { CdmColumn, CdmTable } from './table.ts';

export const cdmTables: readonly CdmTable[] = Object.freeze([
  ...clinicalTables,
  ...surroundingTables,
  ...vocabularyTables,
]);

const byName: ReadonlyMap<string, CdmTable> = new Map(cdmTables.map((table) => [table.name, table]));

/** The table of that name (lower case), or undefined. */
export function findCdmTable(name: string): CdmTable | undefined {
  return byName.get(name);
}
