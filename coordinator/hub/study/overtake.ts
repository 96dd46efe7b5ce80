/**
 * What stops a job overtakes it. Where the envelope that brings a job still waits for its site, the newer message (an order, the next version's
 * job) takes its place in the sequence; otherwise a hospital that was away would run the job in the moment between the two. The newer message
 * goes to the end of the sequence as well: the site may hold the job already though its acknowledgement was lost, and then passes over the place.
 */

import { sql } from 'kysely';
import { enqueueAll, type PeerMessage } from '#host/mailbox-batch.ts';
import type { HubDb } from '../database.ts';

/** Studies up to this version. */
export interface Overtaken {
  readonly study: string;
  readonly version: number;
}

/**
 * Puts `early` (one a site at most) in the place of the undelivered jobs. `keep`: the jobs are only held back, so they are sent again after what
 * overtook them; the others are over, and no site will say so. Call it in the transaction that makes the message true, before the message itself is enqueued under another id.
 */
export async function overtake(
  transaction: HubDb,
  of: Overtaken,
  early: readonly PeerMessage[],
  keep: boolean,
  at: string,
): Promise<void> {
  const waiting = await transaction
    .selectFrom('job')
    .innerJoin('outbox', (join) =>
      join.onRef('outbox.message', '=', 'job.message').onRef('outbox.peer', '=', 'job.site'),
    )
    .select(['job.job', 'outbox.peer', 'outbox.epoch', 'outbox.seq', 'outbox.message', 'outbox.envelope'])
    .select(['outbox.expires_at', 'outbox.created_at'])
    .where('job.study', '=', of.study)
    .where('job.version', '<=', of.version)
    .where('outbox.acked_at', 'is', null)
    .execute();
  const bySite = new Map(early.map((message) => [message.peer, message]));
  const held: PeerMessage[] = [];
  const gone: string[] = [];
  for (const row of waiting) {
    const message = bySite.get(row.peer);
    if (!message) continue;
    bySite.delete(row.peer);
    await transaction
      .updateTable('outbox')
      .set({ message: message.message, envelope: message.envelope, expires_at: message.expiresAt })
      .where('peer', '=', row.peer)
      .where('epoch', '=', row.epoch)
      .where('seq', '=', row.seq)
      .execute();
    gone.push(row.job);
    held.push({
      peer: row.peer,
      message: row.message,
      envelope: row.envelope,
      expiresAt: row.expires_at,
      now: row.created_at,
    });
  }
  if (keep && held.length > 0) await enqueueAll(transaction, held);
  if (!keep && gone.length > 0)
    await transaction
      .updateTable('job')
      .set({
        state: 'expired',
        code: 'expired',
        changed_at: at,
        change: sql<bigint>`nextval('hub.job_change')`,
      })
      .where('job', 'in', gone)
      .where('state', '!=', 'answered')
      .execute();
}
