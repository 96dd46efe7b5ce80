/** Generates many cohorts, several at a time where asked, and says of each how it went. */

import { createHash } from 'node:crypto';
import type { Pool } from 'pg';
import { MoimError } from '#protocol/errors.ts';
import type { GeneratedCohort } from '#sql/circe/statement.ts';
import type { ConceptSetCache } from './concept-sets.ts';
import { type DefinitionFile, readDefinition, readDefinitionText } from './definitions.ts';
import { type CohortOptions, cdmTablesOf, prepareCohort, writeCohort } from './generate.ts';
import { beginRun, endRun, findRun, noteFailure, type RunKey, unversioned } from './record.ts';
import { withSession } from './session.ts';

export type Status = 'ok' | 'refused' | 'error' | 'timeout';

/** One line of `moim cohort generate`; the figures stand only where the status is ok. */
export interface GeneratedLine extends Partial<GeneratedCohort> {
  readonly name: string;
  readonly status: Status;
  readonly ms: number;
  readonly cached: boolean;
  readonly reason?: string;
}

export interface RunOptions extends Omit<CohortOptions, 'tables' | 'cache'> {
  /** Schema that rows and runs are written to; undefined looks only. */
  readonly resultsSchema?: string | undefined;
  /** The version of the data, where one is known: an answer on the same data is not computed again. */
  readonly dataVersion?: string | undefined;
  /** Compute even where an answer is there. */
  readonly force?: boolean;
  readonly connections?: number;
  readonly now: () => Date;
  readonly onLine: (line: GeneratedLine) => void;
}

/**
 * Generates the definitions in order, `connections` at a time. A definition that fails is a line, not an end; a lost
 * database, a missing CDM and an interruption are thrown as MoimError. Gives how many lines were not ok.
 */
export async function runCohorts(
  pool: Pool,
  files: readonly DefinitionFile[],
  options: RunOptions,
): Promise<number> {
  const tables = await cdmTablesOf(pool, options.cdmSchema);
  const shared = { ...options, tables, cache: new Map() as ConceptSetCache };
  const waiting = files.values();
  let failed = 0;
  const worker = async () => {
    for (const file of waiting) {
      const line = await runOne(pool, file, shared);
      if (line.status !== 'ok') failed += 1;
      options.onLine(line);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, options.connections ?? 1) }, worker));
  return failed;
}

async function runOne(
  pool: Pool,
  file: DefinitionFile,
  options: RunOptions & CohortOptions,
): Promise<GeneratedLine> {
  const startedAt = options.now().toISOString();
  const start = performance.now();
  const elapsed = () => Math.round((performance.now() - start) * 1000) / 1000;
  let key: RunKey | undefined;
  try {
    const text = readDefinitionText(file.file);
    key = keyOf(file.name, text, options);
    const { summary, cached } = await generate(pool, file, text, key, startedAt, elapsed, options);
    return { name: file.name, status: 'ok', ...summary, ms: elapsed(), cached };
  } catch (error) {
    const status = statusOf(error);
    if (status === undefined || !(error instanceof MoimError)) throw error;
    const ms = elapsed();
    if (key !== undefined && options.resultsSchema !== undefined) {
      await noteFailure(pool, options.resultsSchema, key, { startedAt, ms: Math.round(ms), status }).catch(
        () => {},
      );
    }
    return { name: file.name, status, ms, cached: false, reason: `${error.code}: ${error.message}` };
  }
}

async function generate(
  pool: Pool,
  file: DefinitionFile,
  text: string,
  key: RunKey,
  startedAt: string,
  elapsed: () => number,
  options: RunOptions & CohortOptions,
): Promise<{ readonly summary: GeneratedCohort; readonly cached: boolean }> {
  const expression = readDefinition(file.file, text);
  const schema = options.resultsSchema;
  return withSession(pool, { ...options, readOnly: schema === undefined }, async (client) => {
    const known = schema === undefined || options.force ? undefined : await findRun(client, schema, key);
    if (known !== undefined) return { summary: known, cached: true };
    const query = await prepareCohort(client, expression, options);
    if (schema === undefined) return { summary: await writeCohort(client, query, undefined), cached: false };
    const cohortId = await beginRun(client, schema, key, startedAt);
    const summary = await writeCohort(client, query, { resultsSchema: schema, cohortId });
    await endRun(client, schema, key, cohortId, { ms: Math.round(elapsed()), summary });
    return { summary, cached: false };
  });
}

function keyOf(name: string, text: string, options: RunOptions): RunKey {
  const said = JSON.stringify([
    options.parity ?? false,
    [...(options.withoutRules ?? [])].sort((a, b) => a - b),
  ]);
  const definitionSha256 = createHash('sha256').update(text).update('\0').update(said).digest('hex');
  return { name, definitionSha256, dataVersion: options.dataVersion ?? unversioned };
}

/** Undefined where going on makes no sense. */
function statusOf(error: unknown): Exclude<Status, 'ok'> | undefined {
  if (!(error instanceof MoimError)) return undefined;
  switch (error.code) {
    case 'definition-refused':
    case 'table-missing':
      return 'refused';
    case 'statement-timeout':
      return 'timeout';
    case 'interrupted':
    case 'database-unavailable':
    case 'cdm-missing':
    case 'file-unreadable':
      return undefined;
    default:
      return 'error';
  }
}
