/** Who the node is: its signing key, its archive pair, and the hub it pinned at enrolment. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import Type, { type Static } from 'typebox';
import { readText, writeWhole } from '#host/home.ts';
import {
  earlierKeys,
  readSealingPair,
  readSigningKey,
  writeSealingPair,
  writeSigningKey,
} from '#host/key-file.ts';
import { allowedSkewMs } from '#protocol/envelope.ts';
import { MoimError } from '#protocol/errors.ts';
import { Instant, SiteSlug } from '#protocol/ids.ts';
import {
  createSealingPair,
  createSigningKey,
  fingerprint,
  type PrivateKey,
  PublicKey,
  publicOf,
  type SealingPair,
  thumbprint,
} from '#protocol/keys.ts';
import { parseJson, parser } from '#protocol/schema.ts';
import { claimedKey, claimedPayload } from '#protocol/sign.ts';

export interface NodeIdentity {
  readonly key: PrivateKey;
  readonly public: PublicKey;
  readonly fingerprint: string;
  /** Opens what left: every reply is sealed to it too. */
  readonly archive: SealingPair;
  /** Where the key followed others: each rotation as the key before signed it, and those keys; the oldest first. */
  readonly rotations?: readonly string[];
  readonly formerly?: readonly PublicKey[];
}

const signingPath = (home: string): string => join(home, 'keys', 'site.json');
const archivePath = (home: string): string => join(home, 'keys', 'archive.json');
const hubPath = (home: string): string => join(home, 'hub.json');

/** Makes the node's keys where there are none yet. */
export async function makeNodeIdentity(home: string, passphrase?: string): Promise<NodeIdentity> {
  if (!existsSync(signingPath(home)))
    writeSigningKey(signingPath(home), 'site', await createSigningKey(), passphrase);
  if (!existsSync(archivePath(home)))
    writeSealingPair(archivePath(home), await createSealingPair(), passphrase);
  return readNodeIdentity(home, passphrase);
}

export function readNodeIdentity(home: string, passphrase?: string): NodeIdentity {
  if (!existsSync(signingPath(home))) {
    throw new MoimError('not-initialised', 'this home is not a node yet', {
      remedy: 'Run `moim node init`.',
    });
  }
  const file = readSigningKey(signingPath(home), passphrase);
  const archive = readSealingPair(archivePath(home), passphrase);
  return {
    key: file.key,
    public: publicOf(file.key),
    fingerprint: fingerprint(publicOf(file.key)),
    archive,
    ...(file.rotations === undefined ? {} : { rotations: file.rotations, formerly: earlierKeys(file) }),
  };
}

/** The key of this node, present or former, that a document says it was signed with; the signature is still to be verified. */
export function ownKeyOf(identity: Pick<NodeIdentity, 'public' | 'formerly'>, jws: string): PublicKey {
  const kid = claimedKey(jws);
  return identity.formerly?.find((key) => thumbprint(key) === kid) ?? identity.public;
}

const closed = { additionalProperties: false } as const;

/** The hub as pinned at enrolment: where it is, its key, and the name it gave this site. */
export const PinnedHub = Type.Object(
  {
    url: Type.String({ pattern: '^https?://' }),
    site: SiteSlug,
    key: PublicKey,
    /** Keys that the hub's key followed, with the end of their time (node/trust/hub.ts). */
    earlier: Type.Optional(Type.Array(Type.Object({ key: PublicKey, until: Instant }, closed))),
  },
  closed,
);
export type PinnedHub = Static<typeof PinnedHub>;

/**
 * The name under which deliveries are numbered: another hub, or another name at it, starts anew. A hub whose key was rotated keeps the name of
 * the key that was pinned first.
 */
export const hubPeer = (hub: PinnedHub): string =>
  `hub:${fingerprint(hub.earlier?.[0]?.key ?? hub.key)}:${hub.site}`;

/** The keys the hub has, or had, the newest first. */
export const hubKeys = (hub: PinnedHub): PublicKey[] => [
  hub.key,
  ...(hub.earlier ?? []).map(({ key }) => key).reverse(),
];

/**
 * The key of the hub, present or former, that signed an envelope or a head of the roster. A former one counts where the document names an instant
 * of its time: what was on its way when the key changed still arrives. The signature is still to be verified.
 */
export function hubKeyOf(hub: PinnedHub, jws: string): PublicKey {
  const former = hub.earlier?.find(({ key }) => thumbprint(key) === claimedKey(jws));
  if (!former) return hub.key;
  const { sentAt, issuedAt = sentAt } = Object(claimedPayload(jws)) as Record<string, unknown>;
  const inTime =
    typeof issuedAt === 'string' && Date.parse(issuedAt) <= Date.parse(former.until) + allowedSkewMs;
  return inTime ? former.key : hub.key;
}

export function pinHub(home: string, hub: PinnedHub): void {
  writeWhole(hubPath(home), `${JSON.stringify(hub, null, 2)}\n`, 0o644);
}

export function readPinnedHub(home: string): PinnedHub | undefined {
  if (!existsSync(hubPath(home))) return undefined;
  return parser(PinnedHub).parse(
    parseJson(readText(hubPath(home), 'pinned hub'), hubPath(home)),
    hubPath(home),
  );
}
