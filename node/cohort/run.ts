/** Generates many cohorts, several at a time where asked, and says of each how it went. */

import type { Pool, PoolClient } from 'pg';
import { databaseError } from '#host/postgres/error.ts';
import { MoimError } from '#protocol/errors.ts';
import {
  type GeneratedCohort,
  type GenerateRow,
  generatedCohort,
  recordedStatement,
} from '#sql/circe/statement.ts';
import { type Prepared, runGroup } from './batch.ts';
import { type DefinitionFile, type ReadFile, readFile } from './definitions.ts';
import { type CohortOptions, cdmTablesOf, prepareCohort, writeCohort } from './generate.ts';
import { inOrder } from './line-order.ts';
import { prefetch } from './prefetch.ts';
import { dropSuperseded, type EarlierRuns, findRuns, noteFailure, type RunKey } from './record.ts';
import { limitTime, type SessionOptions, withConnection } from './session.ts';
import { readStatistics } from './statistics.ts';

export type Status = 'ok' | 'refused' | 'error' | 'timeout';

/** One line of `moim cohort generate`; the figures stand only where the status is ok. */
export interface GeneratedLine extends Partial<GeneratedCohort> {
  readonly name: string;
  readonly status: Status;
  readonly ms: number;
  readonly cached: boolean;
  readonly reason?: string;
}

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
      const earlier = await findRuns(first, resultsSchema, keys, options.force ?? false);
      ran.push(...keys);
      const onLine = options.batch ? inOrder(keys, options.onLine) : options.onLine;
      const shared: Shared = { ...prepared, rowsOnly: true, onLine, earlier, idle: reading.one };
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

/** Definitions whose concept sets are resolved together, and in one message of a batch. */
const atOnce = 150;
/** Characters of definitions read ahead: a definition may have millions, and is some ten times as large once it is read. */
const charactersAtOnce = 8_000_000;
const inGroup = 12;

interface Shared extends RunOptions, CohortOptions {
  readonly earlier: EarlierRuns;
  /** Work for the time that the database takes. */
  readonly idle: () => void;
}

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

/** What preparing a definition gave, and how long it took. */
interface Turn {
  readonly file: ReadFile;
  readonly startedAt: string;
  readonly ms: number;
  readonly ready: Prepared | MoimError | GeneratedCohort;
}

/** Takes definitions until none is left; gives how many were not ok. The next is prepared while the database works on one. */
async function workSingly(client: PoolClient, waiting: Iterator<ReadFile>, options: Shared): Promise<number> {
  let failed = 0;
  let running: Promise<unknown> = Promise.resolve();
  const take = (): Promise<Turn> | undefined => {
    const { done, value } = waiting.next();
    return done
      ? undefined
      : prepare(
          afterwards(client, () => running),
          value,
          options,
        );
  };
  for (let turn = await take(); turn !== undefined; ) {
    const line = runOne(client, turn, options);
    running = line.catch(() => {});
    const next = take();
    options.idle();
    // A fault of the next is thrown in its own turn.
    next?.catch(() => {});
    if ((await line).status !== 'ok') failed += 1;
    options.onLine(await line);
    turn = await next;
  }
  return failed;
}

/** Takes definitions a group at a time. A group that failed is run again one by one. */
async function workInGroups(
  client: PoolClient,
  waiting: Iterator<ReadFile>,
  options: Shared,
): Promise<number> {
  let failed = 0;
  for (;;) {
    const turns: Turn[] = [];
    for (let next = waiting.next(); !next.done; next = waiting.next()) {
      turns.push(await prepare(client, next.value, options));
      if (turns.length === inGroup) break;
    }
    if (turns.length === 0) return failed;
    const group = turns.flatMap(({ ready }) => ('query' in ready ? [ready] : []));
    const ran = group.length === 0 ? [] : await runGroup(client, group, options.signal);
    const answers = new Map(ran?.map((one, at) => [group[at], one] as const));
    for (const turn of turns) {
      const answer = 'query' in turn.ready ? answers.get(turn.ready) : undefined;
      const { name } = turn.file;
      const line: GeneratedLine =
        answer === undefined
          ? await runOne(client, turn, options)
          : { name, status: 'ok', ...answer.summary, ms: answer.ms, cached: false };
      if (line.status !== 'ok') failed += 1;
      options.onLine(line);
    }
  }
}

/** A client that waits for what runs: what is rarely asked for while preparing has its turn after it. */
function afterwards(client: PoolClient, running: () => Promise<unknown>): PoolClient {
  const query = async (...words: unknown[]) => {
    await running();
    return (client.query as (...words: unknown[]) => Promise<unknown>)(...words);
  };
  return Object.assign(Object.create(client) as PoolClient, { query });
}

async function prepare(client: PoolClient, file: ReadFile, options: Shared): Promise<Turn> {
  const start = performance.now();
  const { earlier, resultsSchema } = options;
  const turn = (ready: Turn['ready']) => {
    return { file, startedAt, ms: elapsedSince(start), ready };
  };
  const startedAt = options.now().toISOString();
  const answer = earlier.answers.get(file.key.definitionSha256);
  if (answer !== undefined) return turn(answer);
  if (file.expression instanceof MoimError) return turn(file.expression);
  try {
    const query = await prepareCohort(client, file.expression, options);
    const replaces = earlier.names.has(file.name);
    const run = { ...file.key, startedAt, replaces };
    const recording =
      resultsSchema === undefined ? undefined : { ...run, resultsSchema, cohortId: earlier.nextId() };
    return turn({ query, recording });
  } catch (cause) {
    const error = databaseError(cause, options.signal);
    if (statusOf(error) === undefined) throw error;
    return turn(error);
  }
}

async function runOne(client: PoolClient, turn: Turn, options: Shared): Promise<GeneratedLine> {
  const { ready, file, startedAt } = turn;
  const { name } = file;
  const start = performance.now() - turn.ms;
  try {
    if (ready instanceof MoimError) throw ready;
    if (!('query' in ready)) return { name, status: 'ok', ...ready, ms: elapsedSince(start), cached: true };
    const summary = await generate(client, ready);
    return { name, status: 'ok', ...summary, ms: elapsedSince(start), cached: false };
  } catch (cause) {
    const error = databaseError(cause, options.signal);
    const status = statusOf(error);
    if (status === undefined) throw error;
    const ms = elapsedSince(start);
    if (options.resultsSchema !== undefined) {
      const run = { startedAt, ms: Math.round(ms), status };
      await noteFailure(client, options.resultsSchema, file.key, run).catch(() => {});
    }
    return { name, status, ms, cached: false, reason: `${error.code}: ${error.message}` };
  }
}

async function generate(client: PoolClient, { query, recording }: Prepared): Promise<GeneratedCohort> {
  if (recording === undefined) return writeCohort(client, query, undefined);
  const { rows } = await client.query<GenerateRow>(recordedStatement(query, recording));
  const [row] = rows;
  if (row === undefined) throw new MoimError('internal', 'the cohort gave no row');
  return generatedCohort(row, query.ruleCount);
}

function elapsedSince(start: number): number {
  return Math.round((performance.now() - start) * 1000) / 1000;
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
      return undefined;
    default:
      return 'error';
  }
}
