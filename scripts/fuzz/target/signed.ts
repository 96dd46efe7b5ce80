/**
 * Signed documents. Their readers stand behind a signature, so the changed payload is signed by the key that they trust: what a hostile
 * peer with a good key can send. Now and then the text of the document itself is changed instead.
 */

import { utf8 } from '#protocol/bytes.ts';
import { canonical, type Json } from '#protocol/canonical.ts';
import { openCarry } from '#protocol/carry.ts';
import { claimedBody, openEnvelope } from '#protocol/envelope.ts';
import { claimedOrder, claimedOrderLead, openOrder } from '#protocol/order.ts';
import { openReply, padded, type ReplyHeader, sealedHash, verifyReply } from '#protocol/reply.ts';
import { openRoster, openRosterHead } from '#protocol/roster.ts';
import { follow, openChain, openRotation } from '#protocol/rotation.ts';
import { parseJson, parser } from '#protocol/schema.ts';
import { Sealed, seal } from '#protocol/seal.ts';
import { claimedPayload, type SignedType, verifySignature } from '#protocol/sign.ts';
import { claimedLead, openStudy } from '#protocol/study.ts';
import { openHead, openReceipt } from '#protocol/witness.ts';
import type { Draw } from '../random.ts';
import type { Target } from '../target.ts';
import { hub, lead, newKey, type Party, reader, signBytes, site } from './keys.ts';

/** 2026-01-15T09:30:00.000Z, the moment of the golden vectors. */
const now = Date.UTC(2026, 0, 15, 9, 30);

const sealedBytes = parser(Sealed);

/** The payload in canonical form where it has one: otherwise every change would only meet the signature. */
function signInput(input: Buffer, type: SignedType, by: Party, draw: Draw): string {
  return bend(signBytes(canonicalBytes(input), type, by), draw);
}

function canonicalBytes(input: Buffer): Uint8Array {
  try {
    return utf8(canonical(JSON.parse(input.toString('utf8')) as Json));
  } catch {
    return input;
  }
}

function bend(jws: string, draw: Draw): string {
  if (!draw.chance(0.1)) return jws;
  const at = draw.below(jws.length);
  return draw.pick([
    jws.slice(0, at),
    `${jws.slice(0, at)}=${jws.slice(at)}`,
    `${jws.slice(0, at)}.${jws.slice(at)}`,
    `${jws.slice(0, at)}${draw.pick([...'AZ-_ \n'])}${jws.slice(at + 1)}`,
    jws + jws,
  ]);
}

function signed(
  kind: string,
  weight: number,
  type: SignedType,
  by: Party,
  open: (jws: string) => unknown | Promise<unknown>,
): Target {
  return {
    kind,
    weight,
    form: 'json',
    async run(input, draw) {
      await open(signInput(input, type, by, draw));
      return [];
    },
  };
}

const answer: Target = {
  kind: 'answer',
  weight: 1,
  form: 'json',
  async run(input, draw) {
    const inner = signInput(input, 'moim-result', site, draw);
    const context = { ...replyContext, policy: 'b'.repeat(64) };
    const sealed = await seal(utf8(padded(inner, 1)), [reader.public], context as unknown as Json);
    const header: ReplyHeader = {
      context,
      sealedAt: new Date(now).toISOString(),
      ciphertext: sealedHash(sealed),
    };
    await openReply(header, sealed, reader, site.public);
    return [];
  },
};

/** The names that the corpus of answers speaks of. */
const replyContext = {
  schema: 'moim-reply/1',
  study: '019bc0fd-89c0-777d-aa2f-75f6f1bb3bdb',
  version: 1,
  studyHash: 'c'.repeat(64),
  job: '019bc0fd-89c1-7c5c-aba0-e8110dab061b',
  site: 'seoul',
  recipients: 'a'.repeat(64),
} as const;

/** A reply as it crosses the hub: header and sealed bytes, both changed. */
const reply: Target = {
  kind: 'reply',
  weight: 3,
  form: 'json',
  async run(input, draw) {
    const value = parseJson(input.toString('utf8'), 'reply') as Partial<
      Record<'header' | 'sealed', Json>
    > | null;
    const sealed = sealedBytes.parse(value?.sealed, 'reply');
    const header = value?.header as Record<string, Json> | undefined;
    // The hash is put right, as a hostile site would: what is sealed is looked at only then.
    if (typeof header?.context === 'object') header.ciphertext = sealedHash(sealed);
    const jws = bend(signBytes(jsonBytes(header), 'moim-reply', site), draw);
    await openReply(await verifyReply(jws, sealed, site.public), sealed, reader, site.public);
    return [];
  },
};

function jsonBytes(value: Json | undefined): Uint8Array {
  try {
    return utf8(canonical(value ?? null));
  } catch {
    return utf8('nothing');
  }
}

/** Any text at all as any signed document. */
const jws: Target = {
  kind: 'jws',
  weight: 6,
  form: 'text',
  async run(input, draw) {
    const text = input.toString('utf8');
    const openers: readonly (() => unknown)[] = [
      () => openEnvelope(text, { from: 'hub', to: 'seoul', key: hub.public, now }),
      () => openStudy(text, lead.public),
      () => openOrder(text, lead.public),
      () => openReceipt(text, [hub.public]),
      () => openRotation(text, 'site'),
      () => openRoster(text, hub.public),
      () => verifySignature(text, 'moim-link-node', site.public),
      () => claimedPayload(text),
      () => claimedLead(text),
      () => claimedBody(text),
      () => claimedOrder(text),
      () => claimedOrderLead(text),
    ];
    await draw.pick(openers)();
    return [];
  },
};

export const signedTargets: readonly Target[] = [
  signed('envelope', 8, 'moim-envelope', hub, (text) =>
    openEnvelope(text, { from: 'hub', to: 'seoul', key: hub.public, now }),
  ),
  signed('study', 8, 'moim-study', lead, async (text) => ({
    study: await openStudy(text, lead.public),
    lead: claimedLead(text),
  })),
  signed('order', 3, 'moim-order', lead, (text) => openOrder(text, lead.public)),
  signed('head', 2, 'moim-head', site, (text) => openHead(text, site.public)),
  signed('receipt', 3, 'moim-receipt', hub, (text) => openReceipt(text, [newKey.public, hub.public])),
  signed('roster', 3, 'moim-roster', hub, (text) => openRoster(text, hub.public)),
  signed('roster-head', 2, 'moim-roster-head', hub, (text) => openRosterHead(text, hub.public)),
  signed('rotation', 3, 'moim-rotation', site, async (text) => [
    await openRotation(text, 'site'),
    await openChain([text, text], 'site').catch(() => undefined),
    await follow([text], 'site', site.public),
  ]),
  signed('carry', 4, 'moim-carry', hub, (text) =>
    openCarry(text, { from: 'hub', to: 'seoul', key: hub.public, hub: hub.public }),
  ),
  answer,
  reply,
  jws,
];
