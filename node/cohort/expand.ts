/** What `moim cohort expand` says of a definition: the concept ids of its concept sets on this CDM. */

import type { ClientBase } from 'pg';
import { MoimError } from '#protocol/errors.ts';
import { vocabularyTables } from '#sql/circe/vocabulary-tables.ts';
import { resolveConceptSets } from './concept-sets.ts';
import { type DefinitionFile, expressionOf } from './definitions.ts';

export interface ExpandOptions {
  readonly cdmSchema: string;
  /** Names of the CDM's tables (`cdmTablesOf`), with `concept` among them. */
  readonly present: ReadonlySet<string>;
  readonly vocabularyVersion: string;
}

export interface Expanded {
  readonly name: string;
  readonly vocabularyVersion: string;
  readonly conceptSets: readonly {
    readonly id: number;
    readonly name: string;
    readonly conceptIds: readonly number[];
  }[];
}

/**
 * Undefined of a combination of cohorts, which has no concepts of its own. A definition that cannot be read, or that needs a vocabulary table
 * that this CDM lacks, is an answer and no end: many are asked together.
 */
export async function expand(
  client: ClientBase,
  definition: DefinitionFile,
  options: ExpandOptions,
): Promise<Expanded | MoimError | undefined> {
  try {
    return await expanded(client, definition, options);
  } catch (cause) {
    if (!(cause instanceof MoimError) || !ofDefinition.has(cause.code)) throw cause;
    return cause;
  }
}

/** What is wrong with one definition alone. */
const ofDefinition: ReadonlySet<string> = new Set(['definition-refused', 'file-unreadable', 'table-missing']);

async function expanded(
  client: ClientBase,
  definition: DefinitionFile,
  { cdmSchema, present, vocabularyVersion }: ExpandOptions,
): Promise<Expanded | undefined> {
  const { ConceptSets: sets, Combination } = expressionOf(definition);
  if (Combination !== undefined) return undefined;
  const lacking = vocabularyTables(sets).find((table) => !present.has(table));
  if (lacking !== undefined)
    throw new MoimError('table-missing', `the CDM has no table ${cdmSchema}.${lacking}`);
  const absent = new Set(['concept_ancestor', 'concept_relationship'].filter((table) => !present.has(table)));
  const ids = await resolveConceptSets(client, sets, { cdmSchema, absent });
  const conceptSets = [...ids].map(([id, conceptIds]) => ({
    id,
    name: sets.find((set) => set.id === id)?.name ?? '',
    conceptIds,
  }));
  return { name: definition.name, vocabularyVersion, conceptSets };
}
