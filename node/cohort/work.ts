/** Runs definitions on one connection, one by one or a group in a message, and says of each how it went. */

import type { ClientBase } from 'pg';
import { databaseError } from '#host/postgres/error.ts';
import { MoimError } from '#protocol/errors.ts';
import {
  type GeneratedCohort,
  type GenerateRow,
  generatedCohort,
  recordedStatement,
} from '#sql/circe/statement.ts';
import { type Prepared, runGroup } from './batch.ts';
import { type CohortOptions, prepareCohort, writeCohort } from './generate.ts';
import { noteFailure } from './record.ts';
import type { Supplied, Supply } from './supply.ts';

export type Status = 'ok' | 'refused' | 'error' | 'timeout';

/** One line of `moim cohort generate`; the figures stand only where the status is ok. */
export interface GeneratedLine extends Partial<GeneratedCohort> {
  readonly name: string;
  readonly status: Status;
  readonly ms: number;
  readonly cached: boolean;
  readonly reason?: string;
}

/** Definitions in one message of a batch. */
const inGroup = 12;

/** What all definitions of a run share. */
export interface Work extends CohortOptions {
  /** Schema that rows and runs are written to; undefined looks only. */
  readonly resultsSchema?: string | undefined;
  /** Several definitions in one message and transaction. */
  readonly batch: boolean;
  /** Names that stand more than once in this run: the last of them is what is kept, whatever was there before. */
  readonly repeated: ReadonlySet<string>;
  readonly now: () => Date;
  readonly onLine: (line: GeneratedLine, place: number) => void;
}

/** What preparing a definition gave, and how long it took. */
interface Turn extends Supplied {
  readonly startedAt: string;
  readonly ms: number;
  readonly ready: Prepared | MoimError | GeneratedCohort;
}

/**
 * Takes definitions until none is left, one by one or a group at a time, and prepares the next while the database works on those before;
 * gives how many were not ok. A group that failed is run again one by one.
 */
export async function work(client: ClientBase, supply: Supply, options: Work): Promise<number> {
  let failed = 0;
  let running: Promise<unknown> = Promise.resolve();
  const take = async (): Promise<readonly Turn[]> => {
    const after = afterwards(client, running);
    const turns: Turn[] = [];
    for (const one of await supply.next(after, options.batch ? inGroup : 1))
      turns.push(await prepare(after, one, options));
    return turns;
  };
  for (let turns = await take(); turns.length > 0 && !supply.stopped; ) {
    // A cancel between two statements is no news to the database, and answers that are kept ask it nothing.
    if (options.signal?.aborted) throw new MoimError('interrupted');
    const lines = runTurns(client, turns, options);
    running = lines.catch(() => {});
    const next = take();
    // A fault of the next is thrown in its own turn; nothing more is begun until then.
    next.catch(supply.stop);
    for (const _ of turns) supply.readAhead();
    for (const [at, line] of (await lines).entries()) {
      if (line.status !== 'ok') failed += 1;
      options.onLine(line, turns[at]?.place ?? 0);
    }
    turns = await next;
  }
  if (options.signal?.aborted) throw new MoimError('interrupted');
  return failed;
}

async function runTurns(
  client: ClientBase,
  turns: readonly Turn[],
  options: Work,
): Promise<readonly GeneratedLine[]> {
  const group = turns.flatMap(({ ready }) => (options.batch && 'query' in ready ? [ready] : []));
  const ran = group.length === 0 ? [] : await runGroup(client, group, options.signal);
  const answers = new Map(ran?.map((one, at) => [group[at], one] as const));
  const lines: GeneratedLine[] = [];
  for (const turn of turns) {
    const answer = 'query' in turn.ready ? answers.get(turn.ready) : undefined;
    const { name } = turn.file;
    lines.push(
      answer === undefined
        ? await runOne(client, turn, options)
        : { name, status: 'ok', ...answer.summary, ms: answer.ms, cached: false },
    );
  }
  return lines;
}

/** A client that waits for what runs: what is rarely asked for while preparing has its turn after it, and no place in a group's transaction. */
function afterwards(client: ClientBase, running: Promise<unknown>): ClientBase {
  const query = async (...words: unknown[]) => {
    await running;
    return (client.query as (...words: unknown[]) => Promise<unknown>)(...words);
  };
  return Object.assign(Object.create(client) as ClientBase, { query });
}

async function prepare(client: ClientBase, supplied: Supplied, options: Work): Promise<Turn> {
  const start = performance.now();
  const { file, earlier } = supplied;
  const { resultsSchema } = options;
  const turn = (ready: Turn['ready']) => {
    return { ...supplied, startedAt, ms: elapsedSince(start), ready };
  };
  const startedAt = options.now().toISOString();
  const answer = options.repeated.has(file.name) ? undefined : earlier.answers.get(file.key.definitionSha256);
  if (answer !== undefined) return turn(answer);
  if (file.expression instanceof MoimError) return turn(file.expression);
  try {
    const query = await prepareCohort(client, file.expression, options);
    const replaces = earlier.names.has(file.name);
    const run = { ...file.key, startedAt, replaces };
    const { id } = supplied;
    const recording =
      resultsSchema === undefined || id === undefined ? undefined : { ...run, resultsSchema, cohortId: id };
    return turn({ query, recording });
  } catch (cause) {
    const error = databaseError(cause, options.signal);
    if (statusOf(error) === undefined) throw error;
    return turn(error);
  }
}

async function runOne(client: ClientBase, turn: Turn, options: Work): Promise<GeneratedLine> {
  const { ready, file, startedAt } = turn;
  const { name } = file;
  const start = performance.now() - turn.ms;
  const elapsed = () => elapsedSince(start);
  try {
    if (ready instanceof MoimError) throw ready;
    if (!('query' in ready)) return { name, status: 'ok', ...ready, ms: elapsed(), cached: true };
    const summary = await generate(client, ready);
    return { name, status: 'ok', ...summary, ms: elapsed(), cached: false };
  } catch (cause) {
    const error = databaseError(cause, options.signal);
    const status = statusOf(error);
    if (status === undefined) throw error;
    const ms = elapsed();
    if (options.resultsSchema !== undefined) {
      const run = { startedAt, ms: Math.round(ms), status };
      await noteFailure(client, options.resultsSchema, file.key, run).catch(() => {});
    }
    return { name, status, ms, cached: false, reason: `${error.code}: ${error.message}` };
  }
}

async function generate(client: ClientBase, { query, recording }: Prepared): Promise<GeneratedCohort> {
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
