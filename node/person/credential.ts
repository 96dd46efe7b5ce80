/** A person's credential: 256 random bits, shown once, kept as a scrypt hash. */

import { randomBytes, scryptSync, timingSafeEqual } from 'node:crypto';

/** Few commands a day are run; a guess is as dear. The credential itself is beyond guessing, the hash is the second net. */
const cost = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 };

export function makeCredential(): { readonly credential: string; readonly stored: string } {
  const credential = randomBytes(32).toString('base64url');
  const salt = randomBytes(16);
  return {
    credential,
    stored: `scrypt-15-8-1$${salt.toString('base64url')}$${derive(credential, salt).toString('base64url')}`,
  };
}

/** Compares in constant time. A person who is not there (`stored` undefined) takes as long as one whose credential is wrong. */
export function isCredential(given: string, stored: string | undefined): boolean {
  const [kind, salt = '', hash = ''] = (stored ?? 'scrypt-15-8-1$AAAAAAAAAAAAAAAAAAAAAA$').split('$');
  const expected = Buffer.from(hash, 'base64url');
  const derived = derive(given, Buffer.from(salt, 'base64url'));
  return kind === 'scrypt-15-8-1' && expected.length === derived.length && timingSafeEqual(expected, derived);
}

const derive = (credential: string, salt: Buffer): Buffer => scryptSync(credential, salt, 32, cost);
