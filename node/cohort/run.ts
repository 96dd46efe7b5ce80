/** Generates many cohorts, several at a time where asked, and says of each how it went. */

import type { Pool, PoolClient } from 'pg';
import { type DefinitionFile, type ReadFile, readFile } from './definitions.ts';
import { type CohortOptions, cdmTablesOf } from './generate.ts';
import { inOrder } from './line-order.ts';
import { prefetch } from './prefetch.ts';
import { dropSuperseded, findRuns, type RunKey } from './record.ts';
import { limitTime, type SessionOptions, withConnection } from './session.ts';
import { readStatistics } from './statistics.ts';
import { type GeneratedLine, type Work, workInGroups, workSingly } from './work.ts';

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
  const { resultsSchema, signal, timeoutMs } = options;
  const session = { signal, readOnly: resultsSchema === undefined };
  return withConnections(pool, session, Math.max(1, options.connections ?? 1), async (clients) => {
    const [first] = clients;
    if (first === undefined) return 0;
    const tables = await cdmTablesOf(first, options.cdmSchema);
    const statistics = await readStatistics(first, options.cdmSchema);
    const known = { tables, statistics, cache: new Map(), ...(options.steady ? { used: new Map() } : {}) };
    const reading = readAhead(files, options);
    const ran: RunKey[] = [];
    let failed = 0;
    for (;;) {
      const some = reading.take();
      if (some.length === 0) {
        // All answers are out: what could not be tidied now is at the next run.
        await dropSuperseded(first, resultsSchema, ran).catch(() => {});
        return failed;
      }
      const prepared = { ...options, ...known };
      if (some.length > 1) await prefetch(first, some, prepared);
      const keys = some.map((file) => file.key);
      const begins = ran.length === 0;
      const earlier = await findRuns(first, resultsSchema, keys, { force: options.force ?? false, begins });
      ran.push(...keys);
      const onLine = options.batch ? inOrder(keys, options.onLine) : options.onLine;
      const shared: Work = { ...prepared, rowsOnly: true, onLine, earlier, idle: reading.one };
      const waiting = some.values();
      const work = options.batch ? workInGroups : workSingly;
      // The limit is of a definition; what is asked once for many is not to end them all.
      if (timeoutMs !== undefined) await limitTime(clients, timeoutMs);
      for (const count of await Promise.all(clients.map((client) => work(client, waiting, shared))))
        failed += count;
      if (timeoutMs !== undefined) await limitTime([first]);
    }
  });
}

/** Definitions whose concept sets are resolved together. */
const atOnce = 150;
/** Characters of definitions read ahead: a definition may have millions, and is some ten times as large once it is read. */
const charactersAtOnce = 8_000_000;

/** Definitions are read while the database works on those before them. */
function readAhead(files: readonly DefinitionFile[], options: RunOptions) {
  const waiting = files.values();
  let ahead: ReadFile[] = [];
  let characters = 0;
  const one = (): boolean => {
    if (ahead.length >= atOnce || characters >= charactersAtOnce) return false;
    const { done, value } = waiting.next();
    if (done) return false;
    const file = readFile(value, options);
    ahead.push(file);
    characters += file.characters;
    return true;
  };
  return {
    one,
    take(): readonly ReadFile[] {
      while (one());
      const taken = ahead;
      ahead = [];
      characters = 0;
      return taken;
    },
  };
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
