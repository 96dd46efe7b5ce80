/**
 * A key that follows another: the old one says so and signs it, and the new one proves inside that it is held. Whoever trusted the old key
 * may follow the chain to the newest without a second telephone call; whoever stole only the new one, or a hub that invents one, cannot.
 */

import Type, { type Static } from 'typebox';
import { canonical, type Json } from './canonical.ts';
import { MoimError } from './errors.ts';
import { Instant } from './ids.ts';
import { type PrivateKey, PublicKey, publicOf, thumbprint } from './keys.ts';
import { oneOf, parser } from './schema.ts';
import { claimedPayload, sign, verifySignature } from './sign.ts';

const closed = { additionalProperties: false } as const;
const Jws = Type.String({
  maxLength: 4096,
  pattern: '^[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+$',
});

/** Whose key it is: a rotation of one role never serves another. */
export const RotationRole = oneOf(['hub', 'site', 'lead', 'vendor']);
export type RotationRole = Static<typeof RotationRole>;

const statement = {
  schema: Type.Literal('moim-rotation/1'),
  role: RotationRole,
  from: PublicKey,
  to: PublicKey,
  at: Instant,
};
const Statement = Type.Object(statement, closed);
/** `proof`: the statement alone, signed by the new key. */
const Rotation = Type.Object({ ...statement, proof: Jws }, closed);
export type Rotation = Static<typeof Rotation>;

/** A chain of rotations, the oldest first. */
export const RotationChain = Type.Array(Jws, { minItems: 1, maxItems: 100 });

/** Rotations in a hub's answer that are looked at: each costs two verifications. */
export const mostFollowed = 64;

/** Rotations that a frame of the handshake may carry: it is read before the peer has proved anything. */
export const mostCarried = 8;

const rotations = parser(Rotation);
const statements = parser(Statement);

/** Signs that `to` follows `from`. */
export async function signRotation(
  role: RotationRole,
  from: PrivateKey,
  to: PrivateKey,
  at: string,
): Promise<string> {
  const open = { schema: 'moim-rotation/1' as const, role, from: publicOf(from), to: publicOf(to), at };
  const proof = await sign(open as unknown as Json, 'moim-rotation', to);
  return sign({ ...open, proof } as unknown as Json, 'moim-rotation', from);
}

/**
 * Opens one rotation: signed by the key it names as old, proved by the one it names as new. Whether the old one is trusted is the
 * caller's to say. Throws MoimError `bad-signature` or `bad-input`.
 */
export async function openRotation(jws: string, role: RotationRole): Promise<Rotation> {
  const claimed = rotations.parse(claimedPayload(jws), 'rotation');
  const { proof, ...open } = rotations.parse(
    await verifySignature(jws, 'moim-rotation', claimed.from),
    'rotation',
  );
  const proven = statements.parse(await verifySignature(proof, 'moim-rotation', open.to), 'rotation');
  if (canonical(proven as unknown as Json) !== canonical(open as unknown as Json))
    throw new MoimError('bad-signature', 'the new key proves another rotation');
  if (open.role !== role) throw new MoimError('bad-signature', `a rotation of a ${open.role} key`);
  if (open.from.x === open.to.x) throw new MoimError('bad-signature', 'a key does not follow itself');
  return { ...open, proof };
}

/** Opens a chain in which each key follows the one before. Throws MoimError `bad-signature` or `bad-input`. */
export async function openChain(chain: readonly string[], role: RotationRole): Promise<Rotation[]> {
  const opened: Rotation[] = [];
  for (const jws of chain) {
    const next = await openRotation(jws, role);
    const last = opened.at(-1);
    if (last && last.to.x !== next.from.x)
      throw new MoimError('bad-signature', 'a key of the chain does not follow the one before');
    opened.push(next);
  }
  return opened;
}

/**
 * The newest key of a chain that leads from `trusted`, with the rotations after it; undefined where the chain does not pass through
 * `trusted`. Throws as `openChain` does.
 */
export async function follow(
  chain: readonly string[],
  role: RotationRole,
  trusted: PublicKey,
): Promise<{ readonly key: PublicKey; readonly steps: readonly Rotation[] } | undefined> {
  const opened = await openChain(chain, role);
  const start = opened.findIndex(({ from }) => thumbprint(from) === thumbprint(trusted));
  const steps = start < 0 ? [] : opened.slice(start);
  const key = steps.at(-1)?.to;
  return key && { key, steps };
}

/** The keys that a chain names as old, the oldest first. Not verified here: for a chain from one's own key file. */
export function formerKeys(chain: readonly string[]): PublicKey[] {
  return chain.map((jws) => rotations.parse(claimedPayload(jws), 'rotation').from);
}
