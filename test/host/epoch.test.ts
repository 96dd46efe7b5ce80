import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Kysely, PostgresDialect } from 'kysely';
import { beginEpoch, expectEpoch, isBeyond, unacknowledge } from '#host/epoch.ts';
import { acknowledge, enqueue, type Position, pending, position, take } from '#host/mailbox.ts';
import { uuidv7 } from '#protocol/ids.ts';
import type { MoimTables } from '#sql/tables/moim.ts';
import { testDatabase } from '#test/support/database.ts';

const { pool } = await testDatabase({ after }, { streams: ['moim'] });
const db = new Kysely<MoimTables>({ dialect: new PostgresDialect({ pool }) }).withSchema('moim');
const now = '2026-01-15T09:30:00.000Z';
const start: Position = { epoch: 1n, seq: 0n };
const at = (epoch: number, seq: number): Position => ({ epoch: BigInt(epoch), seq: BigInt(seq) });

async function fill(peer: string, ...envelopes: string[]): Promise<void> {
  for (const envelope of envelopes)
    await db
      .transaction()
      .execute((transaction) =>
        enqueue(transaction, peer, { message: uuidv7(Date.now()), envelope, expiresAt: now, now }),
      );
}
const waiting = async (peer: string, from = start) =>
  (await pending(db, peer, from, 100)).map(({ epoch, seq, envelope }) => `${epoch}/${seq} ${envelope}`);
const begin = (peer: string, epoch: bigint) =>
  db.transaction().execute((transaction) => beginEpoch(transaction, peer, epoch));

test('what was not acknowledged is numbered anew in its order, of that peer alone', async () => {
  await fill('a', '1', '2', '3', '4');
  await fill('b', '1');
  await acknowledge(db, 'a', at(1, 2), now);
  assert.equal(await begin('a', 5n), 2);
  assert.deepEqual(await waiting('a'), ['5/1 3', '5/2 4']);
  assert.deepEqual(await waiting('b'), ['1/1 1']);
  assert.deepEqual(await position(db, 'a', 'out'), at(5, 2));
  await fill('a', '5');
  assert.deepEqual(await waiting('a', at(5, 2)), ['5/3 5']);
});

test('an epoch begins empty where all had arrived, or nothing was ever sent', async () => {
  await fill('c', '1');
  await acknowledge(db, 'c', at(1, 1), now);
  assert.equal(await begin('c', 2n), 0);
  assert.equal(await begin('new', 2n), 0);
  for (const peer of ['c', 'new']) assert.deepEqual(await position(db, peer, 'out'), at(2, 0));
});

test('the other side takes the first of the new epoch as the next, and nothing of an old one', async () => {
  const taken = (where: Position) => db.transaction().execute((transaction) => take(transaction, 'd', where));
  assert.equal(await taken(at(1, 1)), true);
  await db.transaction().execute((transaction) => expectEpoch(transaction, 'd', 3n));
  assert.deepEqual(await position(db, 'd', 'in'), at(3, 0));
  assert.equal(await taken(at(1, 2)), false);
  await assert.rejects(taken(at(3, 2)), { code: 'out-of-order' });
  assert.equal(await taken(at(3, 1)), true);
});

test('a peer that forgot what it acknowledged gets it again, over the end of an epoch too', async () => {
  await fill('e', '1', '2');
  await acknowledge(db, 'e', at(1, 2), now);
  await begin('e', 2n);
  await fill('e', '3', '4');
  await acknowledge(db, 'e', at(2, 1), now);
  assert.equal(await unacknowledge(db, 'e', at(1, 1)), 2);
  assert.deepEqual(await waiting('e', at(1, 1)), ['1/2 2', '2/1 3', '2/2 4']);
  assert.equal(await unacknowledge(db, 'e', at(1, 1)), 0, 'once');
});

test('a position is beyond another by its epoch first', () => {
  assert.ok(isBeyond(at(2, 0), at(1, 9)));
  assert.ok(isBeyond(at(1, 2), at(1, 1)));
  assert.ok(!isBeyond(at(1, 1), at(1, 1)));
  assert.ok(!isBeyond(at(1, 9), at(2, 0)));
});
