/** A delivery of a site is made durable, or its refusal is: either way its position is taken and the link goes on. */

import type { Position } from '#host/mailbox.ts';
import { type Envelope, openEnvelope, type ReplyBody } from '#protocol/envelope.ts';
import { type ErrorCode, MoimError } from '#protocol/errors.ts';
import { claimedPayload } from '#protocol/sign.ts';
import { refuseDelivery } from '../relay/reply.ts';
import type { ReplyStore } from '../relay/store.ts';
import { signerOf } from '../sites/key.ts';
import type { Site } from '../sites/site.ts';
import { noteState } from '../study/job.ts';
import type { LinkDeps } from './server.ts';

/** What storing needs; a file that came by hand is stored by the same function. */
export type DeliveryDeps = Pick<LinkDeps, 'db' | 'identity' | 'log' | 'now' | 'changed' | 'counters'> & {
  readonly replies: ReplyStore;
  /** Called with the receipt of an audit head that was countersigned. */
  readonly witnessed: (receipt: string) => void;
};

/** Gives the code with which the envelope was refused, if it was. */
export async function storeDelivery(
  deps: DeliveryDeps,
  site: Site,
  jws: string,
  at: Position,
): Promise<ErrorCode | undefined> {
  const now = new Date(deps.now()).toISOString();
  try {
    const key = await signerOf(deps.db, site, jws, 'sentAt');
    const envelope = await openEnvelope(jws, { from: site.site, to: 'hub', key, now: deps.now() });
    if (envelope.body.kind !== 'reply') throw new MoimError('bad-input', 'a node sends replies only');
    const taken = await deps.replies.store(site, at, envelope as Envelope & { body: ReplyBody }, now);
    if (taken.study) deps.changed(taken.study);
    if (taken.receipt) deps.witnessed(taken.receipt);
    return undefined;
  } catch (cause) {
    if (!(cause instanceof MoimError) || !refusable.has(cause.code)) throw cause;
    deps.log.warn('delivery-refused', { site: site.site, code: cause.code });
    deps.counters.count('delivery-refused', { code: cause.code });
    await refuseDelivery(deps.db, site.site, at, cause.code, now);
    if (cause.code === 'expired') await noteLate(deps, site, jws, now);
    return cause.code;
  }
}

/** Faults of the envelope itself: it will never be good, so the link goes on without it. */
const refusable: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'bad-signature',
  'bad-input',
  'misaddressed',
  'expired',
]);

/** An answer that came past its time is not taken, and the lead is told so. Signature and addresses were good: the payload is the site's. */
async function noteLate(deps: DeliveryDeps, site: Site, jws: string, now: string): Promise<void> {
  const { body } = claimedPayload(jws) as Envelope;
  if (body.kind !== 'reply') return;
  const study = await noteState(deps.db, site.site, body.job, 'expired', 'expired', now);
  if (study) deps.changed(study);
}
