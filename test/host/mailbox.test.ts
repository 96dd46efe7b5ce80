import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { Kysely, PostgresDialect } from 'kysely';
import { acknowledge, enqueue, type Position, pending, position, take } from '#host/mailbox.ts';
import { uuidv7 } from '#protocol/ids.ts';
import type { MoimTables } from '#sql/tables/moim.ts';
import { testDatabase } from '#test/support/database.ts';

const { pool } = await testDatabase({ after }, { streams: ['moim'] });
const db = new Kysely<MoimTables>({ dialect: new PostgresDialect({ pool }) }).withSchema('moim');
const now = '2026-01-15T09:30:00.000Z';
const start: Position = { epoch: 1n, seq: 0n };
const at = (seq: number, epoch = 1): Position => ({ epoch: BigInt(epoch), seq: BigInt(seq) });

const message = (envelope: string) => ({ message: uuidv7(Date.now()), envelope, expiresAt: now, now });
const send = (peer: string, envelope: string): Promise<Position> =>
  db.transaction().execute((transaction) => enqueue(transaction, peer, message(envelope)));
const receive = (peer: string, where: Position): Promise<boolean> =>
  db.transaction().execute((transaction) => take(transaction, peer, where));
const waiting = async (peer: string, from = start, limit = 1000): Promise<string[]> =>
  (await pending(db, peer, from, limit)).map(({ envelope }) => envelope);

test('numbers envelopes from one, each peer for itself', async () => {
  assert.deepEqual(await position(db, 'a', 'out'), start);
  assert.deepEqual(await send('a', 'x'), at(1));
  assert.deepEqual(await send('b', 'x'), at(1));
  assert.deepEqual(await send('a', 'y'), at(2));
  assert.deepEqual(await position(db, 'a', 'out'), at(2));
  assert.deepEqual(await position(db, 'a', 'in'), start);
});

test('leaves no gap and gives no number twice under concurrent senders, some of which fail', async () => {
  const outcomes = await Promise.allSettled(
    Array.from({ length: 60 }, (_, i) =>
      db.transaction().execute(async (transaction) => {
        const given = await enqueue(transaction, 'busy', message(`m${i}`));
        if (i % 5 === 0) throw new Error('rolled back');
        return given;
      }),
    ),
  );
  const given = outcomes.flatMap((outcome) =>
    outcome.status === 'fulfilled' ? [Number(outcome.value.seq)] : [],
  );
  assert.deepEqual(
    given.sort((a, b) => a - b),
    Array.from({ length: 48 }, (_, i) => i + 1),
  );
  const kept = await pending(db, 'busy', start, 1000);
  assert.deepEqual(
    kept.map(({ seq }) => Number(seq)),
    given,
  );
});

test('a transaction that was rolled back leaves neither an envelope nor a gap', async () => {
  await send('rolled', 'first');
  await assert.rejects(
    db.transaction().execute(async (transaction) => {
      assert.deepEqual(await enqueue(transaction, 'rolled', message('lost')), at(2));
      throw new Error('the act did not happen');
    }),
    /did not happen/,
  );
  assert.deepEqual(await send('rolled', 'second'), at(2));
  assert.deepEqual(await waiting('rolled'), ['first', 'second']);
});

test('one message is queued once', async () => {
  const twice = message('x');
  const queue = () => db.transaction().execute((transaction) => enqueue(transaction, 'once', twice));
  assert.deepEqual(await queue(), at(1));
  await assert.rejects(queue());
  assert.deepEqual(await waiting('once'), ['x']);
  assert.deepEqual(await send('once', 'y'), at(2));
});

test('what waits is given after a position, in order, up to a limit', async () => {
  for (const envelope of ['1', '2', '3', '4', '5']) await send('order', envelope);
  assert.deepEqual(await waiting('order'), ['1', '2', '3', '4', '5']);
  assert.deepEqual(await waiting('order', at(2)), ['3', '4', '5']);
  assert.deepEqual(await waiting('order', at(0), 2), ['1', '2']);
  assert.deepEqual(await waiting('order', at(5)), []);
  assert.deepEqual(await waiting('order', at(99, 0)), ['1', '2', '3', '4', '5']);
  assert.deepEqual(await waiting('order', at(0, 2)), []);
  assert.deepEqual(await waiting('another'), []);
});

test('acknowledging takes all up to a position, of that peer alone, and once', async () => {
  for (const envelope of ['1', '2', '3']) await send('acked', envelope);
  await send('other', '1');
  await acknowledge(db, 'acked', at(2), now);
  assert.deepEqual(await waiting('acked'), ['3']);
  assert.deepEqual(await waiting('other'), ['1']);
  await acknowledge(db, 'acked', at(1), '2026-02-01T00:00:00.000Z');
  const rows = await db
    .selectFrom('outbox')
    .select(['seq', 'acked_at'])
    .where('peer', '=', 'acked')
    .orderBy('seq')
    .execute();
  assert.deepEqual(
    rows.map((row) => row.acked_at),
    [now, now, null],
  );
  await acknowledge(db, 'acked', at(9, 0), now);
  assert.deepEqual(await waiting('acked'), ['3'], 'an older epoch is over');
  await acknowledge(db, 'acked', at(0, 2), now);
  assert.deepEqual(await waiting('acked'), [], 'who is in a newer epoch has all of the older ones');
});

test('takes what comes in order, and knows what it took before', async () => {
  assert.equal(await receive('in', at(1)), true);
  assert.equal(await receive('in', at(2)), true);
  for (const seq of [2, 1, 0]) assert.equal(await receive('in', at(seq)), false);
  assert.deepEqual(await position(db, 'in', 'in'), at(2));
  assert.deepEqual(await position(db, 'in', 'out'), start);
});

test('refuses a gap, and stays where it was', async () => {
  await receive('gap', at(1));
  for (const where of [at(3), at(99), at(2, 2), at(0, 2)])
    await assert.rejects(receive('gap', where), { code: 'out-of-order' });
  await assert.rejects(receive('gap at first', at(2)), { code: 'out-of-order' });
  assert.deepEqual(await position(db, 'gap', 'in'), at(1));
  assert.equal(await receive('gap', at(2)), true);
});

test('a new epoch begins at one, and the old one is over', async () => {
  await receive('epoch', at(1));
  await receive('epoch', at(2));
  assert.equal(await receive('epoch', at(1, 2)), true);
  for (const late of [at(3), at(1)]) assert.equal(await receive('epoch', late), false);
  assert.equal(await receive('epoch', at(2, 2)), true);
  assert.deepEqual(await position(db, 'epoch', 'in'), at(2, 2));
});

test('a delivery whose storing failed is not taken', async () => {
  await assert.rejects(
    db.transaction().execute(async (transaction) => {
      assert.equal(await take(transaction, 'unstored', at(1)), true);
      throw new Error('disk full');
    }),
    /disk full/,
  );
  assert.deepEqual(await position(db, 'unstored', 'in'), start);
  assert.equal(await receive('unstored', at(1)), true);
});

test('one of several takers of a position gets it', async () => {
  const taken = await Promise.all(Array.from({ length: 6 }, () => receive('raced', at(1))));
  assert.equal(taken.filter((got) => got).length, 1);
});

test('after any deliveries whatever, exactly an unbroken beginning was taken', async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 15 }), async (order) => {
      run += 1;
      const peer = `any ${run}`;
      let last = 0;
      for (const seq of order) {
        const outcome = await receive(peer, at(seq)).catch((cause: { code?: string }) => cause.code);
        assert.equal(outcome, seq <= last ? false : seq === last + 1 ? true : 'out-of-order');
        if (outcome === true) last = seq;
      }
      assert.deepEqual(await position(db, peer, 'in'), at(last));
    }),
    { numRuns: 20 },
  );
});
