/** A delivery of the hub goes into the inbox with its position in one transaction, or its refusal is noted there. */

import { record } from '#host/audit-log.ts';
import { type Position, take } from '#host/mailbox.ts';
import { type Envelope, openEnvelope } from '#protocol/envelope.ts';
import { type ErrorCode, MoimError } from '#protocol/errors.ts';
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
        ? { message: envelope.id, code: undefined }
        : { message: undefined, code: 'bad-input' as const },
    (cause: unknown) => {
      if (!(cause instanceof MoimError) || !refusable.has(cause.code)) throw cause;
      return { message: undefined, code: cause.code };
    },
  );
  await db.transaction().execute(async (transaction) => {
    if (!(await take(transaction, hubPeer(hub), at))) return;
    if (opened.message === undefined) {
      await record(transaction, now, 'delivery-refused', { code: opened.code });
      log.warn('delivery-refused', { code: opened.code });
      counters.count('delivery-refused', { code: opened.code });
      return;
    }
    await transaction
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
      .execute();
  });
  if (opened.message !== undefined) deps.received();
  return opened.code;
}
