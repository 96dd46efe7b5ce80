/**
 * Hashes over exact figures that are kept: keyed with a secret of this home, since figures are few enough to be guessed from a plain hash. Each
 * use has its own key.
 */

import { createHmac, hkdfSync } from 'node:crypto';
import { fromBase64url } from '#protocol/bytes.ts';
import type { NodeIdentity } from './identity.ts';

export type KeyedHash = (text: string) => string;

/** `use` is the label of the key, and is never given to two uses. Gives 64 hex digits. */
export function keyedHash({ archive }: Pick<NodeIdentity, 'archive'>, use: string): KeyedHash {
  const key = Buffer.from(hkdfSync('sha256', fromBase64url(archive.secret), 'moim', use, 32));
  return (text) => createHmac('sha256', key).update(text).digest('hex');
}
