import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { withSteadyData } from '#node/cdm/hold.ts';
import { until } from '#test/network/party.ts';
import { testDatabase } from '#test/support/database.ts';

const { pool } = await testDatabase({ after });

/** Fails where the work has not come to its end in time: what hangs here holds up every job of a hospital. */
async function ends(work: Promise<unknown>): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('it hangs')), 10_000);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

test('a job that is stopped while its hold is being taken ends, at whatever moment the stop comes', async () => {
  for (const delay of [0, 0, 1, 1, 2, 3, 5, 8, 13, 20]) {
    const stop = new AbortController();
    const work = withSteadyData(pool, 'cdm', stop.signal, async () => 'done');
    if (delay === 0) queueMicrotask(() => stop.abort());
    else setTimeout(() => stop.abort(), delay);
    const outcome = await ends(work.catch((cause: unknown) => (cause as { code?: string }).code));
    assert.ok(outcome === 'done' || outcome === 'interrupted', String(outcome));
  }
});

test('a hold is given back, so that whoever wants the data alone gets them', async () => {
  assert.equal(await withSteadyData(pool, 'cdm', undefined, async () => 'done'), 'done');
  const held = async () =>
    (
      await pool.query(
        `select from pg_locks where locktype = 'advisory'
           and database = (select oid from pg_database where datname = current_database())`,
      )
    ).rowCount;
  await ends(until('the lock to go', async () => (await held()) === 0));
});
