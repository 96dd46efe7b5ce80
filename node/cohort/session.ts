/** A connection for cohorts: settings that its SQL was measured with, a time limit, and a way to be stopped. */

import pg from 'pg';
import { databaseError } from '#host/postgres/error.ts';
import { MoimError } from '#protocol/errors.ts';

export interface SessionOptions {
  /** Each statement is stopped after this many milliseconds. */
  readonly timeoutMs?: number;
  /** Stops the running statement in the database. */
  readonly signal?: AbortSignal | undefined;
  readonly readOnly?: boolean;
}

/** Probes by index are cheap with data in memory; workers and jit cost more than they give (measured, see docs). */
const settings = [
  'random_page_cost = 1.1',
  // A look into an index costs far less beside reading a whole table into a hash than the planner takes it to.
  'cpu_tuple_cost = 0.03',
  'jit = off',
  'max_parallel_workers_per_gather = 0',
  // No two events ask the same of an index: remembering answers costs planning and memory, and is never asked again.
  'enable_memoize = off',
  // Never the best way to a person's few rows: looking for one is a fifth of the planning.
  'enable_mergejoin = off',
  'enable_incremental_sort = off',
  "work_mem = '64MB'",
  // A cohort can be made again: after a crash the last ones may be missing, rows and record together.
  'synchronous_commit = off',
];

/**
 * Runs `work` in a transaction of its own and commits. Throws MoimError: `interrupted` where the signal was raised,
 * `statement-timeout`, and what else `databaseError` makes of the database's refusals (SQLSTATE only).
 */
export function withSession<Result>(
  pool: pg.Pool,
  options: SessionOptions,
  work: (client: pg.PoolClient) => Promise<Result>,
): Promise<Result> {
  return withClient(pool, options, async (client) => {
    const begin = `begin${options.readOnly ? ' read only' : ''}`;
    await client.query([begin, ...settingsOf(options).map((setting) => `set local ${setting}`)].join('; '));
    const result = await work(client);
    await client.query('commit');
    return result;
  });
}

/**
 * Runs `work` on a connection with the same settings and no transaction: each statement commits by itself. The
 * connection is closed afterwards, and its settings with it. Throws as `withSession`.
 */
export function withConnection<Result>(
  pool: pg.Pool,
  options: SessionOptions,
  work: (client: pg.PoolClient) => Promise<Result>,
): Promise<Result> {
  // A server whose default is stricter would have connections that write beside one another fail.
  const isolation = "default_transaction_isolation = 'read committed'";
  const readOnly = options.readOnly ? ['default_transaction_read_only = on'] : [];
  return withClient(pool, { ...options, closes: true }, async (client) => {
    await client.query(
      [...settingsOf(options), isolation, ...readOnly].map((setting) => `set ${setting}`).join('; '),
    );
    return work(client);
  });
}

function settingsOf(options: SessionOptions): readonly string[] {
  return [...settings, timeLimit(options.timeoutMs)];
}

function timeLimit(timeoutMs = 0): string {
  return `statement_timeout = ${Math.max(0, Math.ceil(timeoutMs))}`;
}

/** From now on each statement of these connections (`withConnection`) is stopped after this time; without one never. */
export async function limitTime(
  clients: readonly Pick<pg.ClientBase, 'query'>[],
  timeoutMs?: number,
): Promise<void> {
  await Promise.all(clients.map((client) => client.query(`set ${timeLimit(timeoutMs)}`)));
}

async function withClient<Result>(
  pool: pg.Pool,
  options: SessionOptions & { readonly closes?: true },
  work: (client: pg.PoolClient) => Promise<Result>,
): Promise<Result> {
  const { signal } = options;
  if (signal?.aborted) throw new MoimError('interrupted');
  const client = await pool.connect().catch((error: unknown) => {
    throw databaseError(error, signal);
  });
  if (signal?.aborted) {
    client.release();
    throw new MoimError('interrupted');
  }
  // A cancel that comes between two statements is lost, and the next may run for its whole time: it is sent until the work has ended.
  let again: NodeJS.Timeout | undefined;
  const cancel = () => {
    void cancelBackend(pool, client);
    again = setInterval(() => void cancelBackend(pool, client), 500);
  };
  signal?.addEventListener('abort', cancel, { once: true });
  let broken = options.closes ?? false;
  try {
    return await work(client);
  } catch (error) {
    await client.query('rollback').catch(() => {
      broken = true;
    });
    throw databaseError(error, signal);
  } finally {
    signal?.removeEventListener('abort', cancel);
    clearInterval(again);
    // A cancel that came too late must not hit the next user of the connection.
    client.release(broken || signal?.aborted === true);
  }
}

/** From a connection of its own: the pool may be in full use. Nothing to do where that fails: the time limit remains. */
async function cancelBackend(pool: pg.Pool, client: pg.PoolClient): Promise<void> {
  const pid = (client as { readonly processID?: number | null }).processID;
  if (typeof pid !== 'number') return;
  // `connectionString` may be hidden from enumeration, so the options are handed over as they are.
  const other = new pg.Client(pool.options);
  other.on('error', () => {});
  try {
    await other.connect();
    await other.query('select pg_cancel_backend($1)', [pid]);
  } catch {
    // The statement ends by its time limit.
  } finally {
    await other.end().catch(() => {});
  }
}
