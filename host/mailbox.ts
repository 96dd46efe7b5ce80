/**
 * Durable delivery between two peers, kept in PostgreSQL on both ends. Per peer and direction an (epoch, sequence) pair is the truth:
 * the sender numbers envelopes without gaps, the receiver takes them in order and acknowledges what is durable, and after any break
 * both go on from the last pair the other holds.
 */

import type { Kysely } from 'kysely';
import { MoimError } from '#protocol/errors.ts';
import type { MailboxTables } from '#sql/tables/mailbox.ts';

/** A database or transaction whose schema has the mailbox's tables. */
export type MailboxDb = Pick<Kysely<MailboxTables>, 'selectFrom' | 'insertInto' | 'updateTable'>;

export interface Position {
  readonly epoch: bigint;
  readonly seq: bigint;
}

export interface Outgoing extends Position {
  readonly envelope: string;
}

export interface NewMessage {
  readonly message: string;
  readonly envelope: string;
  readonly expiresAt: string;
  readonly now: string;
}

/** Appends an envelope to a peer's outbox. Call it inside the transaction that made the envelope true. */
export async function enqueue(transaction: MailboxDb, peer: string, message: NewMessage): Promise<Position> {
  const { epoch, seq } = await lockPosition(transaction, peer, 'out');
  const next = { epoch, seq: seq + 1n };
  await transaction
    .insertInto('outbox')
    .values({
      peer,
      ...next,
      message: message.message,
      envelope: message.envelope,
      expires_at: message.expiresAt,
      created_at: message.now,
      acked_at: null,
    })
    .execute();
  await movePosition(transaction, peer, 'out', next);
  return next;
}

/** Envelopes after `after` that the peer has not acknowledged, in order. */
export async function pending(
  db: MailboxDb,
  peer: string,
  after: Position,
  limit: number,
): Promise<Outgoing[]> {
  return db
    .selectFrom('outbox')
    .select(['epoch', 'seq', 'envelope'])
    .where('peer', '=', peer)
    .where('acked_at', 'is', null)
    .where((where) =>
      where.or([
        where('epoch', '>', after.epoch),
        where.and([where('epoch', '=', after.epoch), where('seq', '>', after.seq)]),
      ]),
    )
    .orderBy('epoch')
    .orderBy('seq')
    .limit(limit)
    .execute();
}

/** Marks everything up to `upTo` as durable at the peer. */
export async function acknowledge(db: MailboxDb, peer: string, upTo: Position, now: string): Promise<void> {
  await db
    .updateTable('outbox')
    .set({ acked_at: now })
    .where('peer', '=', peer)
    .where((where) =>
      where.or([
        where('epoch', '<', upTo.epoch),
        where.and([where('epoch', '=', upTo.epoch), where('seq', '<=', upTo.seq)]),
      ]),
    )
    .where('acked_at', 'is', null)
    .execute();
}

/** The last pair taken from (`in`) or given to (`out`) a peer; (1, 0) before the first. */
export async function position(db: MailboxDb, peer: string, direction: 'in' | 'out'): Promise<Position> {
  const row = await db
    .selectFrom('peer_position')
    .select(['epoch', 'seq'])
    .where('peer', '=', peer)
    .where('direction', '=', direction)
    .executeTakeFirst();
  return row ?? { epoch: 1n, seq: 0n };
}

/**
 * Takes (epoch, seq) from a peer: true where it is the next one, false where it was taken before. Throws MoimError `out-of-order` on a gap.
 * Call it in the transaction that stores what was delivered: the acknowledgement is sent after the commit.
 */
export async function take(transaction: MailboxDb, peer: string, at: Position): Promise<boolean> {
  const place = placeOf(await lockPosition(transaction, peer, 'in'), at);
  if (place === 'taken') return false;
  if (place === 'gap') throw new MoimError('out-of-order');
  await movePosition(transaction, peer, 'in', at);
  return true;
}

/** Where `at` stands after `last`: the next one (the first of a newer epoch too), taken before, or beyond a gap. */
export function placeOf(last: Position, at: Position): 'next' | 'taken' | 'gap' {
  if (at.epoch < last.epoch || (at.epoch === last.epoch && at.seq <= last.seq)) return 'taken';
  return at.seq === (at.epoch === last.epoch ? last.seq + 1n : 1n) ? 'next' : 'gap';
}

async function lockPosition(
  transaction: MailboxDb,
  peer: string,
  direction: 'in' | 'out',
): Promise<Position> {
  await transaction
    .insertInto('peer_position')
    .values({ peer, direction, epoch: 1n, seq: 0n })
    .onConflict((conflict) => conflict.columns(['peer', 'direction']).doNothing())
    .execute();
  return transaction
    .selectFrom('peer_position')
    .select(['epoch', 'seq'])
    .where('peer', '=', peer)
    .where('direction', '=', direction)
    .forUpdate()
    .executeTakeFirstOrThrow();
}

async function movePosition(
  transaction: MailboxDb,
  peer: string,
  direction: 'in' | 'out',
  to: Position,
): Promise<void> {
  await transaction
    .updateTable('peer_position')
    .set({ epoch: to.epoch, seq: to.seq })
    .where('peer', '=', peer)
    .where('direction', '=', direction)
    .execute();
}
