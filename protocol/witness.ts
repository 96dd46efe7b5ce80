/**
 * Witnessed audit heads. A site signs the head of its audit log and sends it with an answer; the hub countersigns it and keeps it. Whoever
 * holds such a receipt can tell a log whose tail was cut off, or that was written anew, from one that is whole.
 */

import Type, { type Static } from 'typebox';
import type { Json } from './canonical.ts';
import { MoimError } from './errors.ts';
import { Instant, Sha256, SiteSlug } from './ids.ts';
import { type PrivateKey, type PublicKey, thumbprint } from './keys.ts';
import { parser } from './schema.ts';
import { claimedKey, claimedPayload, sign, verifySignature } from './sign.ts';

const closed = { additionalProperties: false } as const;
const Jws = Type.String({ pattern: '^[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+$' });
const Ordinal = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });

/** Which entry of which log: `epoch` grows when a person admits that the log was set back. */
const Entry = { site: SiteSlug, epoch: Ordinal, n: Ordinal, hash: Sha256 };

/** What a site says of its log: entry `n` has this hash. */
export const AuditHead = Type.Object({ schema: Type.Literal('moim-head/1'), ...Entry, at: Instant }, closed);
export type AuditHead = Static<typeof AuditHead>;

/** What the hub says: the site told me so, then. `head` is the site's own signed word. */
export const Receipt = Type.Object(
  { schema: Type.Literal('moim-receipt/1'), head: Jws, ...Entry, receivedAt: Instant },
  closed,
);
export type Receipt = Static<typeof Receipt>;

const heads = parser(AuditHead);
const receipts = parser(Receipt);

export async function signHead(head: Omit<AuditHead, 'schema'>, key: PrivateKey): Promise<string> {
  return sign({ schema: 'moim-head/1', ...head }, 'moim-head', key);
}

/** Throws MoimError `bad-signature` or `bad-input`. */
export async function openHead(jws: string, site: PublicKey): Promise<AuditHead> {
  return heads.parse(await verifySignature(jws, 'moim-head', site), 'audit head');
}

/** Countersigns a head that was opened. */
export async function signReceipt(
  head: AuditHead,
  jws: string,
  receivedAt: string,
  key: PrivateKey,
): Promise<string> {
  const { site, epoch, n, hash } = head;
  const receipt: Receipt = { schema: 'moim-receipt/1', head: jws, site, epoch, n, hash, receivedAt };
  return sign(receipt as unknown as Json, 'moim-receipt', key);
}

/**
 * Opens a receipt by one of the hub's keys (it may have had several). The head inside must say the same; its signature is the site's, and is
 * verified with `openHead` by whoever knows the site's key. Throws MoimError `bad-signature` or `bad-input`.
 */
export async function openReceipt(jws: string, hub: readonly PublicKey[]): Promise<Receipt> {
  const kid = claimedKey(jws);
  const key = hub.find((each) => thumbprint(each) === kid);
  if (!key) throw new MoimError('bad-signature', 'a receipt is not signed by the hub that is pinned here');
  const receipt = receipts.parse(await verifySignature(jws, 'moim-receipt', key), 'receipt');
  const head = heads.parse(claimedPayload(receipt.head), 'audit head of a receipt');
  const same = (['site', 'epoch', 'n', 'hash'] as const).every((part) => head[part] === receipt[part]);
  if (!same) throw new MoimError('bad-signature', 'a receipt speaks of another entry than the head inside');
  return receipt;
}
