/**
 * Who may read and who may change the rows of a CDM of ours, by advisory locks of the database it lies in (they end with the session, so that
 * nothing is left behind by whoever dies).
 *
 * `data`: shared by a job (or a run of cohorts) for its whole time, exclusive for a load and for the moment of a refresh's swap. Whoever has
 * it shared takes nothing else that waits for it: a second share behind a waiting swap would wait for itself.
 * `filling`: one command at a time fills a CDM.
 * `keys`: one at a time makes the persons' keys.
 *
 * Order in which they are taken: filling, keys, data, then tables.
 */

import pg, { type ClientBase, type Pool } from 'pg';
import { databaseError } from '#host/postgres/error.ts';
import { MoimError } from '#protocol/errors.ts';

/**
 * Runs `work` while the data of `schema` stay as they are. The session that holds them is one of its own, outside the pool, so that
 * jobs that wait here keep no session from those that work. Throws MoimError `interrupted`, `database-unavailable`, or what `work` throws.
 */
export async function withSteadyData<T>(
  pool: Pool,
  schema: string,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  if (signal?.aborted) throw new MoimError('interrupted');
  // `connectionString` may be hidden from enumeration, so the options are handed over as they are.
  const client = new pg.Client(pool.options);
  client.on('error', () => {});
  const stopped = Promise.withResolvers<never>();
  // Nobody may be waiting for it when it comes.
  stopped.promise.catch(() => {});
  const end = () => {
    // A client that is ended while it connects never says so: whoever waits for it would wait for ever.
    stopped.reject(new MoimError('interrupted'));
    void client.end().catch(() => {});
  };
  const take = async () => {
    await client.connect();
    await client.query(patient);
    await client.query(`select pg_advisory_lock_shared(${lockOf})`, [`moim.cdm.data.${schema}`]);
  };
  signal?.addEventListener('abort', end, { once: true });
  try {
    await Promise.race([take(), stopped.promise]);
  } catch (error) {
    end();
    signal?.removeEventListener('abort', end);
    throw databaseError(error, signal);
  }
  try {
    return await work();
  } finally {
    signal?.removeEventListener('abort', end);
    end();
  }
}

/**
 * Runs `work` as the only one that fills the CDM of `schema`. The session of somebody killed a moment ago may still be ending, so the lock is
 * tried for a few seconds. Throws MoimError `cdm-busy`.
 */
export async function asOnlyFiller<T>(
  client: ClientBase,
  schema: string,
  work: () => Promise<T>,
): Promise<T> {
  const key = fillingKey(schema);
  const until = performance.now() + 3_000;
  while (!(await tryLock(client, key))) {
    if (performance.now() > until)
      throw new MoimError('cdm-busy', `another command fills the schema ${schema}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  try {
    return await work();
  } finally {
    await unlock(client, key);
  }
}

/** The name of the lock that who fills a CDM holds. */
export const fillingKey = (schema: string): string => `moim.cdm.filling.${schema}`;

/** Runs `work` with the data of `schema` to itself: nothing reads them for a job. `onWait` hears when running jobs must be waited for. */
export async function withDataAlone<T>(
  client: ClientBase,
  schema: string,
  onWait: (() => void) | undefined,
  work: () => Promise<T>,
): Promise<T> {
  const key = `moim.cdm.data.${schema}`;
  if (!(await tryLock(client, key))) {
    onWait?.();
    await client.query(`select pg_advisory_lock(${lockOf})`, [key]);
  }
  try {
    return await work();
  } finally {
    await unlock(client, key);
  }
}

/** Runs `work` as the only one that makes persons' keys, after whoever makes them now. */
export async function asOnlyKeyMaker<T>(client: ClientBase, work: () => Promise<T>): Promise<T> {
  await client.query(`select pg_advisory_lock(${lockOf})`, [keysKey]);
  try {
    return await work();
  } finally {
    await unlock(client, keysKey);
  }
}

/** The same; undefined where somebody else makes them now. */
export async function unlessKeysAreMade<T>(
  client: ClientBase,
  work: () => Promise<T>,
): Promise<T | undefined> {
  return (await tryLock(client, keysKey))
    ? asOnlyKeyMaker(client, work).finally(() => unlock(client, keysKey))
    : undefined;
}

const keysKey = 'moim.cdm.keys';

/** Settings of a session that fills: it may wait long, and ends soon after its process has ended. */
export async function settleSession(client: ClientBase): Promise<void> {
  await client.query(patient);
  // Without it a killed refresh would go on building an index for minutes. Not every platform has it.
  await client.query(`set client_connection_check_interval = '500ms'`).catch(() => {});
}

/** A machine that is cut off gives its locks back after minutes, not hours. */
const patient = `set statement_timeout = 0; set lock_timeout = 0; set tcp_keepalives_idle = 60; set tcp_keepalives_interval = 15; set tcp_keepalives_count = 4`;

const lockOf = 'hashtextextended($1, 0)';

async function tryLock(client: ClientBase, key: string): Promise<boolean> {
  const { rows } = await client.query<{ got: boolean }>(`select pg_try_advisory_lock(${lockOf}) as got`, [
    key,
  ]);
  return rows[0]?.got === true;
}

/** A session that is gone has given everything back. */
async function unlock(client: ClientBase, key: string): Promise<void> {
  await client.query(`select pg_advisory_unlock(${lockOf})`, [key]).catch(() => {});
}
