/** A sealed reply goes into the outbox with the audit head that admits it: the first time, and when the job comes again. */

import { record } from '#host/audit-log.ts';
import { enqueue } from '#host/mailbox.ts';
import { sealEnvelope } from '#protocol/envelope.ts';
import type { ErrorCode } from '#protocol/errors.ts';
import { uuidv7 } from '#protocol/ids.ts';
import type { LedgerHead } from '#protocol/ledger.ts';
import type { Sealed } from '#protocol/seal.ts';
import { refuseStanding, standsStill } from '../audit/standing.ts';
import { headOf } from '../audit/witness.ts';
import type { NodeDb } from '../database.ts';
import { hubPeer, type NodeIdentity, type PinnedHub } from '../identity.ts';
import { acceptedLead } from './lead.ts';

export interface SendDeps {
  readonly identity: NodeIdentity;
  readonly hub: PinnedHub;
  readonly now: () => number;
}

/** Days that a reply waits for a hub before it is given up. */
const replyDays = 365;

/** Times that one answer is sent again: a hub that asks without end does not fill the disk. */
const mostResent = 20;

/**
 * Puts a reply of `released` into the outbox, after its entry was recorded (`head`). Call it in that transaction. Throws MoimError `set-back`
 * where nothing may leave.
 */
export async function sendReply(
  transaction: NodeDb,
  { identity, hub, now }: SendDeps,
  reply: { readonly job: string; readonly header: string; readonly sealed: Sealed },
  head: LedgerHead,
): Promise<void> {
  await refuseStanding(transaction);
  const at = new Date(now()).toISOString();
  const message = uuidv7(now());
  const expiresAt = new Date(now() + replyDays * 86_400_000).toISOString();
  const { job, header, sealed } = reply;
  const signed = await headOf(transaction, { identity, hub }, head, at);
  const body = { kind: 'reply' as const, job, header, sealed, head: signed };
  const envelope = await sealEnvelope(
    { v: 1, id: message, from: hub.site, to: 'hub', sentAt: at, expiresAt, body },
    identity.key,
  );
  await transaction.updateTable('released').set({ message }).where('job', '=', job).execute();
  await enqueue(transaction, hubPeer(hub), { message, envelope, expiresAt, now: at });
}

/** A job that is known came again: an answer leaves again, a job held back for the hub's word (see `openEpoch`) runs. */
export async function takeAgain(
  transaction: NodeDb,
  deps: SendDeps,
  job: string,
  state: string,
): Promise<void> {
  if (state === 'answered') await resendReply(transaction, deps, job);
  else
    await transaction
      .updateTable('job')
      .set({ unconfirmed: false })
      .where('job', '=', job)
      .where('unconfirmed', '=', true)
      .execute();
}

/**
 * The job came again, so the hub has not the answer (it was restored from a backup, perhaps): the same sealed bytes leave again, nothing is
 * computed anew. Not while they are still on their way, and not for a lead whom this hospital has removed since.
 */
async function resendReply(transaction: NodeDb, deps: SendDeps, job: string): Promise<void> {
  if (await standsStill(transaction)) return;
  const row = await transaction
    .selectFrom('released')
    .innerJoin('job', 'job.job', 'released.job')
    .leftJoin('outbox', 'outbox.message', 'released.message')
    .select(['released.header', 'released.sealed', 'released.ciphertext_sha256', 'released.resent'])
    .select(['outbox.message as sent', 'outbox.acked_at as acked', 'job.lead'])
    .where('released.job', '=', job)
    .executeTakeFirst();
  if (!row || row.resent >= mostResent || (row.sent !== null && row.acked === null)) return;
  const at = new Date(deps.now()).toISOString();
  // Counted too where it is refused: a hub that asks without end does not fill the log.
  await transaction
    .updateTable('released')
    .set({ resent: row.resent + 1 })
    .where('job', '=', job)
    .execute();
  if (!(await acceptedLead(transaction, row.lead))) {
    const code: ErrorCode = 'lead-not-accepted';
    await record(transaction, at, 'reply-refused', { job, lead: row.lead, code });
    return;
  }
  const head = await record(transaction, at, 'reply-resent', { job, ciphertext: row.ciphertext_sha256 });
  await sendReply(transaction, deps, { job, header: row.header, sealed: row.sealed as Sealed }, head);
}
