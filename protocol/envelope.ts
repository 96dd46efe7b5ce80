/**
 * The envelope: the one unit of durable delivery between a hub and a node. It is signed by its sender; what it carries is signed
 * again by whoever vouches for it (a study by its lead, a reply by its site).
 */

import Type, { type Static } from 'typebox';
import type { Json } from './canonical.ts';
import { MoimError } from './errors.ts';
import { Instant, SiteSlug, Uuid } from './ids.ts';
import type { PrivateKey, PublicKey } from './keys.ts';
import { parser } from './schema.ts';
import { Sealed } from './seal.ts';
import { claimedPayload, sign, verifySignature } from './sign.ts';

const closed = { additionalProperties: false } as const;
const Jws = Type.String({ pattern: '^[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+$' });
/** The hub's address; no site may be called so, since a slug has at least two letters and `hub` is refused at enrolment. */
const Party = Type.Union([Type.Literal('hub'), SiteSlug]);

/** Hub → node: run this site's job of a signed study. */
export const JobBody = Type.Object({ kind: Type.Literal('job'), job: Uuid, study: Jws }, closed);
/** Node → hub: the sealed reply of a job, with the header the site signed. */
export const ReplyBody = Type.Object(
  {
    kind: Type.Literal('reply'),
    job: Uuid,
    header: Jws,
    sealed: Sealed,
    /** The site's audit head after this answer was recorded (protocol/witness.ts), for the hub to countersign and keep. */
    head: Type.Optional(Jws),
  },
  closed,
);
/** Hub → node: the lead's order about a study (protocol/order.ts): pause, resume, withdraw. */
export const OrderBody = Type.Object({ kind: Type.Literal('order'), study: Uuid, order: Jws }, closed);

export const Envelope = Type.Object(
  {
    v: Type.Literal(1),
    id: Uuid,
    from: Party,
    to: Party,
    sentAt: Instant,
    expiresAt: Instant,
    body: Type.Union([JobBody, ReplyBody, OrderBody]),
  },
  closed,
);
export type Envelope = Static<typeof Envelope>;
export type JobBody = Static<typeof JobBody>;
export type ReplyBody = Static<typeof ReplyBody>;
export type OrderBody = Static<typeof OrderBody>;

const envelopes = parser(Envelope);

/** The clock skew that is allowed between two machines, in ms (foundations: 5 minutes). */
export const allowedSkewMs = 300_000;

export async function sealEnvelope(envelope: Envelope, key: PrivateKey): Promise<string> {
  return sign(envelope as unknown as Json, 'moim-envelope', key);
}

/** What an envelope claims to carry. Not verified here: for one that was opened when it came, and kept. */
export const claimedBody = (jws: string): Envelope['body'] =>
  envelopes.parse(claimedPayload(jws), 'envelope').body;

export interface EnvelopeExpectation {
  readonly from: string;
  readonly to: string;
  readonly key: PublicKey;
  /** The reader's clock, ms since the epoch. */
  readonly now: number;
}

/**
 * Opens an envelope: signature, form, addresses, expiry, and that it is not of a time to come. Throws MoimError `bad-signature`, `bad-input`,
 * `misaddressed` or `expired`. Whether it was seen before is the inbox's to say.
 */
export async function openEnvelope(jws: string, expect: EnvelopeExpectation): Promise<Envelope> {
  const envelope = envelopes.parse(await verifySignature(jws, 'moim-envelope', expect.key), 'envelope');
  if (envelope.from !== expect.from || envelope.to !== expect.to) throw new MoimError('misaddressed');
  // Written so that an instant that is none (NaN) counts as past.
  if (!(Date.parse(envelope.expiresAt) + allowedSkewMs >= expect.now)) throw new MoimError('expired');
  // Sealed by a clock that runs ahead, or to outlive its expiry in the reader's memory of what it saw.
  if (!(Date.parse(envelope.sentAt) - allowedSkewMs <= expect.now))
    throw new MoimError('bad-input', 'an envelope of a time to come: compare the clocks of hub and node');
  return envelope;
}
