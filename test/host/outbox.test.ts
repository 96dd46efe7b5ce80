import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Kysely, PostgresDialect } from 'kysely';
import { type Position, position } from '#host/mailbox.ts';
import { enqueueAll } from '#host/mailbox-batch.ts';
import { sharedOutbox } from '#host/outbox.ts';
import { uuidv7 } from '#protocol/ids.ts';
import type { HubTables } from '#sql/tables/hub.ts';
import { testDatabase } from '#test/support/database.ts';

const { pool } = await testDatabase({ after }, { streams: ['hub'] });
const db = new Kysely<HubTables>({ dialect: new PostgresDialect({ pool }) }).withSchema('hub');
const now = '2026-01-15T09:30:00.000Z';
const start: Position = { epoch: 1n, seq: 0n };
const outbox = sharedOutbox(db, () => Date.parse(now));
const peers = Array.from({ length: 30 }, (_, i) => `peer-${i}`);
const post = (to: readonly string[], text: string) =>
  db.transaction().execute((transaction) =>
    enqueueAll(
      transaction,
      to.map((peer) => ({
        peer,
        message: uuidv7(Date.now()),
        envelope: `${text} for ${peer}`,
        expiresAt: now,
        now,
      })),
    ),
  );

test('what several links ask for at once comes to each in its own order', async () => {
  await post(peers, 'first');
  await post(peers.slice(0, 10), 'second');
  const got = await Promise.all(peers.map((peer) => outbox.pending(peer, start, 5)));
  for (const [i, peer] of peers.entries()) {
    const texts = got[i]?.map(({ envelope, seq }) => `${seq} ${envelope}`);
    const wanted = [`1 first for ${peer}`, ...(i < 10 ? [`2 second for ${peer}`] : [])];
    assert.deepEqual(texts, wanted);
  }
});

test('acknowledgements of many links at once are each link’s own', async () => {
  await Promise.all(peers.slice(0, 15).map((peer) => outbox.acknowledge(peer, { epoch: 1n, seq: 1n })));
  const left = await Promise.all(peers.map((peer) => outbox.pending(peer, start, 5)));
  assert.deepEqual(
    left.map((list) => list.length),
    peers.map((_, i) => (i < 10 ? 1 : i < 15 ? 0 : 1)),
  );
});

test('gives no more than asked, and only what comes after', async () => {
  await post(['peer-20'], 'second');
  await post(['peer-20'], 'third');
  const [one, later] = await Promise.all([
    outbox.pending('peer-20', start, 1),
    outbox.pending('peer-20', { epoch: 1n, seq: 1n }, 5),
  ]);
  assert.deepEqual(
    one.map(({ seq }) => seq),
    [1n],
  );
  assert.deepEqual(
    later.map(({ seq }) => seq),
    [2n, 3n],
  );
  assert.deepEqual(await outbox.pending('nobody', start, 5), []);
});

test('two batches at the same time, with the same peers in another order, leave neither a gap nor a deadlock', async () => {
  const crowd = Array.from({ length: 20 }, (_, i) => `crowd-${i}`);
  await Promise.all(
    Array.from({ length: 12 }, (_, i) => post(i % 2 ? crowd : [...crowd].reverse(), `m${i}`)),
  );
  for (const peer of crowd) {
    assert.deepEqual(await position(db, peer, 'out'), { epoch: 1n, seq: 12n });
    const seqs = (await outbox.pending(peer, start, 50)).map(({ seq }) => Number(seq));
    assert.deepEqual(
      seqs,
      Array.from({ length: 12 }, (_, i) => i + 1),
    );
  }
});
