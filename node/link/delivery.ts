/** A delivery of the hub goes into the inbox with its position in one transaction, or its refusal is noted there. */

import { record } from '#host/audit-log.ts';
import { type Position, take } from '#host/mailbox.ts';
import { type Envelope, openEnvelope } from '#protocol/envelope.ts';
import { type ErrorCode, MoimError } from '#protocol/errors.ts';
import { claimedPayload } from '#protocol/sign.ts';
import { hubKeyOf, hubPeer } from '../identity.ts';
import type { LinkClientDeps } from './client.ts';

/** What storing needs; a file that came by hand is stored by the same function. */
export type DeliveryDeps = Pick<LinkClientDeps, 'db' | 'hub' | 'log' | 'now' | 'counters' | 'received'>;

/** Faults of the envelope itself: it will never be good, so it is noted and the link goes on. */
const refusable: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'bad-signature',
  'bad-input',
  'misaddressed',
  'expired',
]);

/** What a hub sends; anything else would lie in the inbox for ever. */
const kinds: ReadonlySet<Envelope['body']['kind']> = new Set<Envelope['body']['kind']>(['job', 'order']);

/** Gives the code with which the envelope was refused, if it was. */
export async function storeDelivery(
  deps: DeliveryDeps,
  jws: string,
  at: Position,
): Promise<ErrorCode | undefined> {
  const { db, hub, log, counters } = deps;
  const now = new Date(deps.now()).toISOString();
  const opened = await openEnvelope(jws, {
    from: 'hub',
    to: hub.site,
    key: hubKeyOf(hub, jws),
    now: deps.now(),
  }).then(
    (envelope) =>
      kinds.has(envelope.body.kind)
        ? { message: envelope.id, code: undefined, job: undefined }
        : { message: undefined, code: 'bad-input' as const, job: undefined },
    (cause: unknown) => {
      if (!(cause instanceof MoimError) || !refusable.has(cause.code)) throw cause;
      return { message: undefined, code: cause.code, job: lateJob(jws, cause.code) };
    },
  );
  await db.transaction().execute(async (transaction) => {
    if (!(await take(transaction, hubPeer(hub), at))) return;
    if (opened.message === undefined) {
      const job = opened.job === undefined ? {} : { job: opened.job };
      await record(transaction, now, 'delivery-refused', { code: opened.code, ...job });
      log.warn('delivery-refused', { code: opened.code });
      counters.count('delivery-refused', { code: opened.code });
      return;
    }
    const row = await transaction
      .insertInto('inbox')
      .values({
        message: opened.message,
        peer: hubPeer(hub),
        ...at,
        envelope: jws,
        received_at: now,
        handled_at: null,
        outcome: null,
      })
      .onConflict((conflict) => conflict.column('message').doNothing())
      .returning('message')
      .executeTakeFirst();
    if (row) return;
    // A message that was here before, under a new number.
    await record(transaction, now, 'delivery-refused', { code: 'replayed', message: opened.message });
    log.warn('delivery-refused', { code: 'replayed' });
    counters.count('delivery-refused', { code: 'replayed' });
  });
  if (opened.message !== undefined) deps.received();
  return opened.code;
}

/** An envelope that came past its time is signed and ours, or it would have been refused for that: it says which job is lost. */
function lateJob(jws: string, code: ErrorCode): string | undefined {
  if (code !== 'expired') return undefined;
  const { body } = claimedPayload(jws) as Envelope;
  return body.kind === 'job' ? body.job : undefined;
}
