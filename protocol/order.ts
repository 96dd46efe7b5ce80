/**
 * A lead's order about a study that is out: pause, resume, withdraw. Signed by the lead end to end, so that a hub can neither make one nor
 * change one; numbered, so that an old one that is sent again is passed over. An order is about the study's versions up to the one it names:
 * an amended version that comes later stands on its own.
 */

import Type, { type Static } from 'typebox';
import { fromBase64url, toBase32 } from './bytes.ts';
import type { Json } from './canonical.ts';
import { type Fingerprint, Instant, Uuid } from './ids.ts';
import type { PrivateKey, PublicKey } from './keys.ts';
import { oneOf, parser } from './schema.ts';
import { claimedKey, claimedPayload, sign, verifySignature } from './sign.ts';

export const StudyOrder = Type.Object(
  {
    schema: Type.Literal('moim-order/1'),
    study: Uuid,
    /** The newest version it is about. */
    version: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
    order: oneOf(['pause', 'resume', 'withdraw']),
    /** Grows with every order of the study; what is not above the last is an old order sent again. */
    n: Type.Integer({ minimum: 1, maximum: 1_000_000_000 }),
    at: Instant,
  },
  { additionalProperties: false },
);
export type StudyOrder = Static<typeof StudyOrder>;

const orders = parser(StudyOrder);

export async function signOrder(order: StudyOrder, key: PrivateKey): Promise<string> {
  return sign(orders.parse(order, 'order') as unknown as Json, 'moim-order', key);
}

/** Verifies an order against a lead's key that the caller trusts already. Throws MoimError `bad-signature` or `bad-input`. */
export async function openOrder(jws: string, trusted: PublicKey): Promise<StudyOrder> {
  return orders.parse(await verifySignature(jws, 'moim-order', trusted), 'order');
}

/** What an order claims. Not verified here: for its own signer's eyes, or to find what to verify it against. */
export const claimedOrder = (jws: string): StudyOrder => orders.parse(claimedPayload(jws), 'order');

/** The fingerprint of the key an order claims. Not verified here: look it up among accepted leads, then call `openOrder`. */
export function claimedOrderLead(jws: string): Fingerprint | undefined {
  try {
    const text = toBase32(fromBase64url(claimedKey(jws)).subarray(0, 10));
    return text.match(/.{4}/g)?.join('-');
  } catch {
    // No base64url: no key is called so.
    return undefined;
  }
}

export type OrderStanding = 'open' | 'paused' | 'withdrawn';

/**
 * How a version of a study stands under the lead's orders, in any order given. A version that was withdrawn stays so: whoever sees an
 * older `resume` last, or a later one by mistake, does not start it again.
 */
export function standingOf(
  version: number,
  given: readonly Pick<StudyOrder, 'version' | 'order' | 'n'>[],
): OrderStanding {
  const about = given.filter((order) => order.version >= version);
  if (about.some(({ order }) => order === 'withdraw')) return 'withdrawn';
  const newest = about.reduce<Pick<StudyOrder, 'order' | 'n'> | undefined>(
    (last, order) => (last === undefined || order.n > last.n ? order : last),
    undefined,
  );
  return newest?.order === 'pause' ? 'paused' : 'open';
}
