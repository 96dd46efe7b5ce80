/** Who the node is: its signing key, its archive pair, and the hub it pinned at enrolment. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import Type, { type Static } from 'typebox';
import { readText, writeWhole } from '#host/home.ts';
import { readSealingPair, readSigningKey, writeSealingPair, writeSigningKey } from '#host/key-file.ts';
import { MoimError } from '#protocol/errors.ts';
import { SiteSlug } from '#protocol/ids.ts';
import {
  createSealingPair,
  createSigningKey,
  fingerprint,
  type PrivateKey,
  PublicKey,
  publicOf,
  type SealingPair,
} from '#protocol/keys.ts';
import { parseJson, parser } from '#protocol/schema.ts';

export interface NodeIdentity {
  readonly key: PrivateKey;
  readonly public: PublicKey;
  readonly fingerprint: string;
  /** Opens what left: every reply is sealed to it too. */
  readonly archive: SealingPair;
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
  const { key } = readSigningKey(signingPath(home), passphrase);
  const archive = readSealingPair(archivePath(home), passphrase);
  return { key, public: publicOf(key), fingerprint: fingerprint(publicOf(key)), archive };
}

/** The hub as pinned at enrolment: where it is, its key, and the name it gave this site. */
export const PinnedHub = Type.Object(
  { url: Type.String({ pattern: '^https?://' }), site: SiteSlug, key: PublicKey },
  { additionalProperties: false },
);
export type PinnedHub = Static<typeof PinnedHub>;

/** The name under which deliveries are numbered: another hub, or another name at it, starts anew. */
export const hubPeer = (hub: PinnedHub): string => `hub:${fingerprint(hub.key)}:${hub.site}`;

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
