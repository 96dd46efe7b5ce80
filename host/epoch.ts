/**
 * Epochs of delivery. A side that was set back begins its numbers anew in a higher epoch, which the other takes as the next: what was not
 * delivered is numbered again, so that nothing is passed over and nothing is lost.
 */

import { sql } from 'kysely';
import type { Position } from './mailbox.ts';
import { type BatchDb, lockPositions, movePositions } from './mailbox-batch.ts';

/** Numbers what the peer has not acknowledged anew, from (epoch, 1) on. `epoch` must be above any used before. Gives how many there are. */
export async function beginEpoch(transaction: BatchDb, peer: string, epoch: bigint): Promise<number> {
  await lockPositions(transaction, [peer], 'out');
  const waiting = transaction
    .selectFrom('outbox')
    .select(['message', sql<bigint>`row_number() over (order by epoch, seq)`.as('place')])
    .where('peer', '=', peer)
    .where('acked_at', 'is', null);
  const moved = await transaction
    .updateTable('outbox')
    .from(waiting.as('waiting'))
    .set((set) => ({ epoch, seq: set.ref('waiting.place') }))
    .whereRef('outbox.message', '=', 'waiting.message')
    .returning('outbox.seq')
    .execute();
  await movePositions(transaction, 'out', new Map([[peer, { epoch, seq: BigInt(moved.length) }]]));
  return moved.length;
}

/** From now on the peer's deliveries are expected in this epoch, from its first. */
export async function expectEpoch(transaction: BatchDb, peer: string, epoch: bigint): Promise<void> {
  await lockPositions(transaction, [peer], 'in');
  await movePositions(transaction, 'in', new Map([[peer, { epoch, seq: 0n }]]));
}

/** The peer holds nothing after `upTo`, whatever it acknowledged before: that is to be sent again. Gives how many there are. */
export async function unacknowledge(db: BatchDb, peer: string, upTo: Position): Promise<number> {
  const rows = await db
    .updateTable('outbox')
    .set({ acked_at: null })
    .where('peer', '=', peer)
    .where('acked_at', 'is not', null)
    .where(sql<boolean>`(epoch, seq) > (${upTo.epoch}, ${upTo.seq})`)
    .returning('seq')
    .execute();
  return rows.length;
}

export const isBeyond = (a: Position, b: Position): boolean =>
  a.epoch > b.epoch || (a.epoch === b.epoch && a.seq > b.seq);
