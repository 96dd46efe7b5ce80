/**
 * The mailbox for many peers at once: a study goes to a thousand sites, and a thousand answers come back in the same second. The rules are
 * those of `mailbox.ts`; a handful of statements serves them all.
 */

import { type Kysely, sql } from 'kysely';
import type { MailboxTables } from '#sql/tables/mailbox.ts';
import type { NewMessage, Position } from './mailbox.ts';

/** A transaction whose schema has the mailbox's tables. */
export type BatchDb = Pick<
  Kysely<MailboxTables>,
  'selectFrom' | 'insertInto' | 'updateTable' | 'getExecutor'
>;

export interface PeerMessage extends NewMessage {
  readonly peer: string;
}

/** Rows of one INSERT: PostgreSQL takes 65,535 parameters a statement. */
const chunk = 2_000;

/** Appends one envelope to each peer's outbox; no peer may stand twice. Call it inside the transaction that made the envelopes true. */
export async function enqueueAll(transaction: BatchDb, messages: readonly PeerMessage[]): Promise<void> {
  const held = await lockPositions(
    transaction,
    messages.map(({ peer }) => peer),
    'out',
  );
  const rows = messages.map(({ peer, message, envelope, expiresAt, now }) => {
    const { epoch, seq } = held.get(peer) ?? { epoch: 1n, seq: 0n };
    return { peer, epoch, seq: seq + 1n, message, envelope, expires_at: expiresAt, created_at: now };
  });
  for (let from = 0; from < rows.length; from += chunk)
    await transaction
      .insertInto('outbox')
      .values(rows.slice(from, from + chunk).map((row) => ({ ...row, acked_at: null })))
      .execute();
  await movePositions(
    transaction,
    'out',
    new Map(rows.map(({ peer, epoch, seq }) => [peer, { epoch, seq }])),
  );
}

/** Locks the positions of the peers, in one order for all callers, so that two batches never wait for each other in a circle. */
export async function lockPositions(
  transaction: BatchDb,
  peers: readonly string[],
  direction: 'in' | 'out',
): Promise<Map<string, Position>> {
  const sorted = [...new Set(peers)].sort();
  if (sorted.length === 0) return new Map();
  for (let from = 0; from < sorted.length; from += chunk)
    await transaction
      .insertInto('peer_position')
      .values(sorted.slice(from, from + chunk).map((peer) => ({ peer, direction, epoch: 1n, seq: 0n })))
      .onConflict((conflict) => conflict.columns(['peer', 'direction']).doNothing())
      .execute();
  const rows = await transaction
    .selectFrom('peer_position')
    .select(['peer', 'epoch', 'seq'])
    .where('peer', '=', sql<string>`any(${sorted}::text[])`)
    .where('direction', '=', direction)
    .orderBy('peer')
    .forUpdate()
    .execute();
  return new Map(rows.map(({ peer, epoch, seq }) => [peer, { epoch, seq }]));
}

/** Writes the positions that `lockPositions` locked. */
export async function movePositions(
  transaction: BatchDb,
  direction: 'in' | 'out',
  positions: ReadonlyMap<string, Position>,
): Promise<void> {
  if (positions.size === 0) return;
  const peers = [...positions.keys()];
  const epochs = peers.map((peer) => positions.get(peer)?.epoch ?? 1n);
  const seqs = peers.map((peer) => positions.get(peer)?.seq ?? 0n);
  const to = sql<{
    peer: string;
    epoch: bigint;
    seq: bigint;
  }>`(select * from unnest(${peers}::text[], ${epochs}::bigint[], ${seqs}::bigint[]) as moved (peer, epoch, seq))`;
  await transaction
    .updateTable('peer_position')
    .from(to.as('moved'))
    .set((set) => ({ epoch: set.ref('moved.epoch'), seq: set.ref('moved.seq') }))
    .whereRef('peer_position.peer', '=', 'moved.peer')
    .where('direction', '=', direction)
    .execute();
}
