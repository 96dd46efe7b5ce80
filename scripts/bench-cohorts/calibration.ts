/** A fixed piece of work on the same server, run between the rounds: a figure on a shared machine means little without it. */

import type { Pool, PoolClient } from 'pg';

/** Small statements one after the other, and one that sorts, hashes and counts: about what cohorts do. */
export async function calibrate(pool: Pool): Promise<number> {
  const client = await pool.connect();
  try {
    const started = performance.now();
    await work(client);
    return performance.now() - started;
  } finally {
    client.release();
  }
}

async function work(client: PoolClient): Promise<void> {
  await client.query('begin; set local jit = off; set local max_parallel_workers_per_gather = 0');
  for (let turn = 0; turn < 200; turn += 1)
    await client.query(
      `select count(*) from (values (1, ${turn}), (2, 3)) a(x, y) join (values (1, 2), (2, 4)) b(x, z) using (x) where y < z`,
    );
  await client.query(
    `select md5(string_agg(t, ';' order by h)) from (
       select i::text as t, hashint4(i) as h from generate_series(1, 150000) i) s`,
  );
  await client.query('commit');
}
