/** Generates many cohorts, several at a time where asked, and says of each how it went. */

import type { ClientBase, Pool, PoolClient } from 'pg';
import { type DefinitionFile, type ReadFile, readFile } from './definitions.ts';
import { type CohortOptions, cdmTablesOf } from './generate.ts';
import { inOrder } from './line-order.ts';
import { prefetch } from './prefetch.ts';
import { dropSuperseded, findRuns, type RunKey } from './record.ts';
import { limitTime, type SessionOptions, withConnection } from './session.ts';
import { readStatistics } from './statistics.ts';
import { supplyOf } from './supply.ts';
import { type GeneratedLine, type Work, work } from './work.ts';

export interface RunOptions extends Omit<CohortOptions, 'tables' | 'cache' | 'statistics' | 'used'> {
  /** Schema that rows and runs are written to; undefined looks only. */
  readonly resultsSchema?: string | undefined;
  /** The version of the data, where one is known: an answer on the same data is not computed again. */
  readonly dataVersion?: string | undefined;
  readonly vocabularyVersion?: string | undefined;
  /** What makes the SQL: answers of another engine are not taken (engine.ts). */
  readonly engine?: string | undefined;
  /** Compute even where an answer is there. */
  readonly force?: boolean;
  readonly connections?: number;
  /** Several definitions in one message and transaction; lines come in the order of the definitions. */
  readonly batch?: boolean;
  /** The data do not change while this runs: concepts that no row has can be left out. */
  readonly steady?: boolean;
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
  const { resultsSchema, signal, timeoutMs, connections = 1 } = options;
  const session = { signal, readOnly: resultsSchema === undefined };
  return withConnections(pool, session, Math.max(1, connections), async (clients) => {
    const [first] = clients;
    if (first === undefined) return 0;
    const tables = await cdmTablesOf(first, options.cdmSchema);
    const statistics = await readStatistics(first, options.cdmSchema);
    const known = { tables, statistics, cache: new Map(), ...(options.steady ? { used: new Map() } : {}) };
    const prepared = { ...options, ...known };
    const ran: RunKey[] = [];
    const { force = false } = options;
    const repeated = repeatedNames(files);
    const ready = async (client: ClientBase, files: readonly ReadFile[]) => {
      // The limit is of a definition; what is asked once for many is not to end them all.
      if (timeoutMs !== undefined) await limitTime([client]);
      if (files.length > 1) await prefetch(client, files, prepared);
      const keys = files.map((file) => file.key);
      const begins = ran.length === 0;
      const earlier = await findRuns(client, resultsSchema, keys, { force, begins, repeated });
      ran.push(...keys);
      if (timeoutMs !== undefined) await limitTime([client], timeoutMs);
      return earlier;
    };
    const read = (file: DefinitionFile) => readFile(file, options);
    const supply = supplyOf(files, { connections: clients.length, read, ready });
    const { batch = false, onLine } = options;
    const shared: Work = {
      ...prepared,
      rowsOnly: true,
      batch,
      repeated,
      onLine: batch ? inOrder(onLine) : onLine,
    };
    if (timeoutMs !== undefined) await limitTime(clients, timeoutMs);
    const failed = await allOrFirstFault(
      clients.map((client) => work(client, supply, shared)),
      supply.stop,
    );
    if (timeoutMs !== undefined) await limitTime([first]);
    // All answers are out: what could not be tidied now is at the next run.
    await dropSuperseded(first, resultsSchema, ran).catch(() => {});
    return failed.reduce((sum, count) => sum + count, 0);
  });
}

function repeatedNames(files: readonly DefinitionFile[]): ReadonlySet<string> {
  const seen = new Set<string>();
  return new Set(files.flatMap(({ name }) => (seen.size === seen.add(name).size ? [name] : [])));
}

/** What all gave; where one throws `stop` is called, and its fault is thrown once the others have ended. */
async function allOrFirstFault<Result>(
  works: readonly Promise<Result>[],
  stop: () => void,
): Promise<readonly Result[]> {
  const faults: unknown[] = [];
  const ended = works.map((work) =>
    work.catch((fault: unknown) => {
      faults.push(fault);
      stop();
    }),
  );
  const results = await Promise.all(ended);
  if (faults.length > 0) throw faults[0];
  return results as readonly Result[];
}

async function withConnections<Result>(
  pool: Pool,
  session: SessionOptions,
  count: number,
  work: (clients: readonly PoolClient[]) => Promise<Result>,
  opened: readonly PoolClient[] = [],
): Promise<Result> {
  if (opened.length === count) return work(opened);
  return withConnection(pool, session, (client) =>
    withConnections(pool, session, count, work, [...opened, client]),
  );
}
