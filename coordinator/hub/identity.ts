/** Who the hub is: its signing key, from its home, and the keys that it followed. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { earlierKeys, readSigningKey, writeSigningKey } from '#host/key-file.ts';
import { MoimError } from '#protocol/errors.ts';
import { createSigningKey, fingerprint, type PrivateKey, type PublicKey, publicOf } from '#protocol/keys.ts';

export interface HubIdentity {
  readonly key: PrivateKey;
  readonly public: PublicKey;
  readonly fingerprint: string;
  /** Where the key followed others: each rotation as the key before signed it, and those keys; the oldest first. */
  readonly rotations?: readonly string[];
  readonly formerly?: readonly PublicKey[];
}

const path = (home: string): string => join(home, 'keys', 'hub.json');

/** Makes the hub's key where there is none yet. */
export async function makeHubIdentity(home: string, passphrase?: string): Promise<HubIdentity> {
  if (!existsSync(path(home))) writeSigningKey(path(home), 'hub', await createSigningKey(), passphrase);
  return readHubIdentity(home, passphrase);
}

export function readHubIdentity(home: string, passphrase?: string): HubIdentity {
  if (!existsSync(path(home)))
    throw new MoimError('not-initialised', 'this home is not a hub yet', { remedy: 'Run `moim hub init`.' });
  const file = readSigningKey(path(home), passphrase);
  return {
    key: file.key,
    public: publicOf(file.key),
    fingerprint: fingerprint(publicOf(file.key)),
    ...(file.rotations === undefined ? {} : { rotations: file.rotations, formerly: earlierKeys(file) }),
  };
}
