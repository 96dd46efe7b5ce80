/** Generates many cohorts, several at a time where asked, and says of each how it went. */

import { createHash } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import { databaseError } from '#host/postgres/error.ts';
import { MoimError } from '#protocol/errors.ts';
import type { CohortExpression } from '#sql/circe/expression.ts';
import {
  type GeneratedCohort,
  type GenerateRow,
  generatedCohort,
  recordedStatement,
} from '#sql/circe/statement.ts';
import { type ConceptSetCache, prefetchConceptSets } from './concept-sets.ts';
import { type DefinitionFile, readDefinition, readDefinitionText } from './definitions.ts';
import { type CohortOptions, cdmTablesOf, prepareCohort, writeCohort } from './generate.ts';
import { findRuns, noteFailure, type RunKey, unversioned } from './record.ts';
import { withConnection, withSession } from './session.ts';

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
  const cache: ConceptSetCache = new Map();
  let failed = 0;
  for (let at = 0; at < files.length; at += atOnce) {
    const some = files.slice(at, at + atOnce).map((file) => readFile(file, options));
    if (some.length > 1) await prefetch(pool, some, { ...options, tables, cache });
    const known = await knownAnswers(pool, some, options);
    const shared: Shared = { ...options, tables, cache, known };
    const waiting = some.values();
    const worker = (client: PoolClient) => work(client, waiting, shared);
    const session = { ...options, readOnly: options.resultsSchema === undefined };
    const workers = Array.from({ length: Math.max(1, options.connections ?? 1) }, () =>
      withConnection(pool, session, worker),
    );
    for (const count of await Promise.all(workers)) failed += count;
  }
  return failed;
}

interface Shared extends RunOptions, CohortOptions {
  readonly known: ReadonlyMap<string, GeneratedCohort>;
}

/** Takes files until none is left; gives how many were not ok. */
async function work(client: PoolClient, waiting: Iterator<ReadFile>, options: Shared): Promise<number> {
  let failed = 0;
  for (let next = waiting.next(); !next.done; next = waiting.next()) {
    const line = await runOne(client, next.value, options);
    if (line.status !== 'ok') failed += 1;
    options.onLine(line);
  }
  return failed;
}

/** Definitions held in memory at a time. */
const atOnce = 200;

interface ReadFile extends DefinitionFile {
  readonly key: RunKey;
  /** What reading gave, to be thrown where the file's own turn comes. */
  readonly expression: CohortExpression | MoimError;
}

function readFile(file: DefinitionFile, options: RunOptions): ReadFile {
  const text = readDefinitionText(file.file);
  const key = keyOf(file.name, text, options);
  try {
    return { ...file, key, expression: readDefinition(file.file, text) };
  } catch (error) {
    if (error instanceof MoimError) return { ...file, key, expression: error };
    throw error;
  }
}

async function knownAnswers(
  pool: Pool,
  files: readonly ReadFile[],
  options: RunOptions,
): Promise<ReadonlyMap<string, GeneratedCohort>> {
  const { resultsSchema, signal } = options;
  if (resultsSchema === undefined || options.force) return new Map();
  const keys = files.map((file) => file.key);
  return withSession(pool, { signal, readOnly: true }, (client) => findRuns(client, resultsSchema, keys));
}

/** A failure here is no news yet: each definition resolves what the cache does not hold, and says what is wrong. */
async function prefetch(
  pool: Pool,
  files: readonly ReadFile[],
  options: CohortOptions & { readonly tables: ReadonlySet<string>; readonly cache: ConceptSetCache },
): Promise<void> {
  const { cdmSchema, tables, cache } = options;
  if (!tables.has('concept')) return;
  const absent = new Set(['concept_ancestor', 'concept_relationship'].filter((table) => !tables.has(table)));
  const sets = files.flatMap(({ expression }) =>
    expression instanceof MoimError ? [] : [expression.ConceptSets],
  );
  const session = { ...options, readOnly: true };
  await withSession(pool, session, (client) =>
    prefetchConceptSets(client, sets, { cdmSchema, absent, cache }),
  ).catch(() => {});
}

async function runOne(client: PoolClient, file: ReadFile, options: Shared): Promise<GeneratedLine> {
  const { name, key, expression } = file;
  const startedAt = options.now().toISOString();
  const start = performance.now();
  const elapsed = () => Math.round((performance.now() - start) * 1000) / 1000;
  const known = options.known.get(key.definitionSha256);
  if (known !== undefined) return { name, status: 'ok', ...known, ms: elapsed(), cached: true };
  try {
    if (expression instanceof MoimError) throw expression;
    const summary = await generate(client, expression, key, startedAt, options);
    return { name, status: 'ok', ...summary, ms: elapsed(), cached: false };
  } catch (cause) {
    const error = databaseError(cause, options.signal);
    const status = statusOf(error);
    if (status === undefined) throw error;
    const ms = elapsed();
    if (options.resultsSchema !== undefined) {
      const run = { startedAt, ms: Math.round(ms), status };
      await noteFailure(client, options.resultsSchema, key, run).catch(() => {});
    }
    return { name, status, ms, cached: false, reason: `${error.code}: ${error.message}` };
  }
}

async function generate(
  client: PoolClient,
  expression: CohortExpression,
  key: RunKey,
  startedAt: string,
  options: Shared,
): Promise<GeneratedCohort> {
  const query = await prepareCohort(client, expression, options);
  const { resultsSchema } = options;
  if (resultsSchema === undefined) return writeCohort(client, query, undefined);
  const values = [key.name, key.definitionSha256, key.dataVersion, startedAt];
  const { rows } = await client.query<GenerateRow>(recordedStatement(query, { resultsSchema }), values);
  const [row] = rows;
  if (row === undefined) throw new MoimError('internal', 'the cohort gave no row');
  return generatedCohort(row, query.ruleCount);
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
function statusOf(error: MoimError): Exclude<Status, 'ok'> | undefined {
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
