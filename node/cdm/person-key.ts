/**
 * The key of a person that outlives a load: HMAC-SHA256 over what the source calls the person (`person_source_value`), under a key made from
 * the node's archive secret. Two hospitals, or two homes, never have a key in common; without the secret no source value can be tried.
 */

import { hash, hkdfSync } from 'node:crypto';
import { fromBase64url } from '#protocol/bytes.ts';

const blockBytes = 64;
/** `person_source_value` has at most 50 characters of at most 4 bytes; longer ones are hashed in a buffer of their own. */
const usualBytes = 256;

/** Takes the archive pair's secret half (base64url); gives the function from a source value's bytes to the key, 64 hex digits. */
export function personKeyMaker(archiveSecret: string): (sourceValue: Uint8Array) => string {
  const secret = Buffer.from(
    hkdfSync('sha256', fromBase64url(archiveSecret), 'moim', 'moim person key 1', 32),
  );
  // RFC 2104 spelled out: Node's own Hmac object costs three times as much a person.
  const inner = Buffer.alloc(blockBytes + usualBytes, 0x36);
  const outer = Buffer.alloc(blockBytes + 32, 0x5c);
  for (const [at, byte] of secret.entries()) {
    inner[at]! ^= byte;
    outer[at]! ^= byte;
  }
  return (sourceValue) => {
    const fits = sourceValue.length <= usualBytes;
    const message = fits
      ? inner.subarray(0, blockBytes + sourceValue.length)
      : Buffer.concat([inner.subarray(0, blockBytes), sourceValue]);
    if (fits) inner.set(sourceValue, blockBytes);
    outer.set(hash('sha256', message, 'buffer'), blockBytes);
    return hash('sha256', outer, 'hex');
  };
}
