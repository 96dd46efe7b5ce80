/** One session of a pool for long work: what it runs is cancelled when the user stops, and a broken one is not kept. */

import type { Pool, PoolClient } from 'pg';
import { MoimError } from '#protocol/errors.ts';

/** Runs `work` on a session. Throws MoimError `interrupted` once `signal` is aborted, else whatever `work` throws. */
export async function withSession<T>(
  pool: Pool,
  signal: AbortSignal | undefined,
  work: (client: PoolClient) => Promise<T>,
): Promise<T> {
  if (signal?.aborted) throw new MoimError('interrupted');
  const client = await pool.connect();
  client.on('error', ignore); // a lost connection also fails the query under way, which is where it is dealt with
  const pid = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  const cancel = () => void pool.query('select pg_cancel_backend($1)', [pid.rows[0]?.pid]).catch(ignore);
  signal?.addEventListener('abort', cancel, { once: true });
  let whole = false;
  try {
    const answer = await work(client);
    whole = true;
    return answer;
  } catch (error) {
    throw signal?.aborted ? new MoimError('interrupted') : error;
  } finally {
    signal?.removeEventListener('abort', cancel);
    client.off('error', ignore);
    client.release(!whole);
  }
}

function ignore(): void {}
