/** Whoever stops a session stops it whenever that is: before it begins, between two statements, within one. */

import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { after, test } from 'node:test';
import pg from 'pg';
import { withConnection, withSession } from '#node/cohort/session.ts';
import { MoimError } from '#protocol/errors.ts';
import { until } from '#test/network/party.ts';
import { testDatabase } from '#test/support/database.ts';

const { pool, url } = await testDatabase({ after });

const interrupted = (error: unknown) => error instanceof MoimError && error.code === 'interrupted';

test('before it begins', async () => {
  await assert.rejects(
    withSession(pool, { signal: AbortSignal.abort() }, async () => assert.fail('it began')),
    interrupted,
  );
});

test('within a statement', async () => {
  const stop = new AbortController();
  const run = withSession(pool, { signal: stop.signal }, async (client) => {
    const sleeping = client.query('select pg_sleep(60)');
    stop.abort();
    await sleeping;
  });
  await assert.rejects(run, interrupted);
});

test('between two statements: the next does not run its whole time', async () => {
  let ended = 0;
  const stream = () =>
    new Socket().once('close', () => {
      ended += 1;
    });
  const counted = new pg.Pool({ connectionString: url, stream });
  const stop = new AbortController();
  const run = withSession(counted, { signal: stop.signal }, async (client) => {
    stop.abort();
    // The first session that cancels has come and gone, and found nothing to cancel.
    await until('a cancel in vain', () => ended > 0);
    await client.query('select pg_sleep(60)');
  });
  await assert.rejects(run, interrupted);
  await counted.end();
});

test('a connection does not take over a stricter isolation of the server', async () => {
  const strict = new pg.Pool({
    connectionString: url,
    options: '-c default_transaction_isolation=serializable',
  });
  const found = await withConnection(strict, {}, (client) => client.query('show transaction_isolation'));
  assert.deepEqual(found.rows, [{ transaction_isolation: 'read committed' }]);
  await strict.end();
});
