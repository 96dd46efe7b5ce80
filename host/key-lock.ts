/** How secrets in key files are locked under a passphrase: scrypt N=2^17, r=8, p=1; AES-256-GCM; both of `node:crypto`. */

import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from 'node:crypto';
import Type, { type Static } from 'typebox';
import { fromBase64url, toBase64url } from '#protocol/bytes.ts';
import { MoimError } from '#protocol/errors.ts';

const Text = Type.String({ pattern: '^[A-Za-z0-9_-]+$' });
export const Locked = Type.Object(
  { kdf: Type.Literal('scrypt-17-8-1'), salt: Text, nonce: Text, ciphertext: Text, tag: Text },
  { additionalProperties: false },
);
export type Locked = Static<typeof Locked>;

/** Encrypts a JSON value. */
export function lock(secret: object, passphrase: string): Locked {
  const salt = randomBytes(16);
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', derive(passphrase, salt), nonce);
  const ciphertext = Buffer.concat([cipher.update(JSON.stringify(secret), 'utf8'), cipher.final()]);
  return {
    kdf: 'scrypt-17-8-1',
    salt: toBase64url(salt),
    nonce: toBase64url(nonce),
    ciphertext: toBase64url(ciphertext),
    tag: toBase64url(cipher.getAuthTag()),
  };
}

/** Gives the value back. `path` names the file to the person. Throws MoimError `key-locked`. */
export function unlock(path: string, locked: Locked, passphrase: string | undefined): unknown {
  if (passphrase === undefined) throw new MoimError('key-locked', `${path} needs its passphrase`);
  try {
    const decipher = createDecipheriv(
      'aes-256-gcm',
      derive(passphrase, fromBase64url(locked.salt)),
      fromBase64url(locked.nonce),
    );
    decipher.setAuthTag(fromBase64url(locked.tag));
    const text = Buffer.concat([
      decipher.update(fromBase64url(locked.ciphertext)),
      decipher.final(),
    ]).toString('utf8');
    return JSON.parse(text);
  } catch {
    throw new MoimError('key-locked', `${path}: the passphrase does not open it`);
  }
}

const derive = (passphrase: string, salt: Uint8Array): Buffer =>
  scryptSync(passphrase.normalize('NFKC'), salt, 32, { N: 2 ** 17, r: 8, p: 1, maxmem: 256 * 1024 * 1024 });
