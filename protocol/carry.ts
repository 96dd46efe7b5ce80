/**
 * A file carried by hand between a hub and a node that no network joins: the same envelopes under the same numbers, what the sender holds of
 * the other side's, and job states; signed as a whole by the sender, for one receiver at one hub.
 */

import Type, { type Static } from 'typebox';
import type { Json } from './canonical.ts';
import { MoimError } from './errors.ts';
import { jobStates, refusalReasons, WireCode } from './frame.ts';
import { Instant, Sha256, SiteSlug, Uuid } from './ids.ts';
import { type PrivateKey, type PublicKey, thumbprint } from './keys.ts';
import { mostCarried } from './rotation.ts';
import { oneOf, parser } from './schema.ts';
import { claimedPayload, sign, verifySignature } from './sign.ts';

const closed = { additionalProperties: false } as const;
const Jws = Type.String({ pattern: '^[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+$' });
const Party = Type.Union([Type.Literal('hub'), SiteSlug]);
const Ordinal = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const Position = { epoch: Ordinal, seq: Ordinal };

export const Carry = Type.Object(
  {
    v: Type.Literal(1),
    id: Uuid,
    from: Party,
    to: Party,
    /** Thumbprint of the hub's key: the same site name may exist at another hub. */
    hub: Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' }),
    madeAt: Instant,
    /** The last delivery of the receiver's that is durable at the sender. */
    ack: Type.Object(Position, closed),
    /** All that the receiver has not acknowledged, in order (or the first of it, where it is more than a file may hold). */
    deliveries: Type.Array(Type.Object({ ...Position, envelope: Jws }, closed), { maxItems: 100_000 }),
    /** Node → hub: the states of its jobs. */
    states: Type.Array(
      Type.Object(
        {
          job: Uuid,
          state: oneOf(jobStates),
          code: Type.Optional(WireCode),
          reason: Type.Optional(oneOf(refusalReasons)),
        },
        closed,
      ),
      { maxItems: 10_000 },
    ),
    /** Hub → node: the newest audit head of the site that the hub countersigned, and receipts. */
    head: Type.Optional(Type.Object({ epoch: Ordinal, n: Ordinal, hash: Sha256 }, closed)),
    receipts: Type.Optional(Type.Array(Jws, { maxItems: 10_000 })),
    /** The sender's key is new: the old one says so (protocol/rotation.ts). The oldest first. */
    rotation: Type.Optional(Type.Array(Jws, { minItems: 1, maxItems: mostCarried })),
  },
  closed,
);
export type Carry = Static<typeof Carry>;

const carries = parser(Carry);

export const signCarry = (carry: Carry, key: PrivateKey): Promise<string> =>
  sign(carry as unknown as Json, 'moim-carry', key);

const claims = parser(
  Type.Object({ from: Party, hub: Carry.properties.hub, rotation: Carry.properties.rotation }),
);

/** What a file claims of its sender. Not verified here: it only says which key to look for. */
export const claimedCarry = (jws: string) => claims.parse(claimedPayload(jws), 'carried file');

export interface CarryExpectation {
  readonly from: string;
  readonly to: string;
  /** The sender's key. */
  readonly key: PublicKey;
  readonly hub: PublicKey;
}

/** Opens a file: signature, form, addresses. Throws MoimError `bad-signature`, `bad-input` or `misaddressed`. */
export async function openCarry(jws: string, expect: CarryExpectation): Promise<Carry> {
  const carry = carries.parse(await verifySignature(jws, 'moim-carry', expect.key), 'carried file');
  if (carry.from !== expect.from || carry.to !== expect.to || carry.hub !== thumbprint(expect.hub))
    throw new MoimError('misaddressed', 'the file is meant for another site or another hub');
  return carry;
}
