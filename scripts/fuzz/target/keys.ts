/** Keys of the fuzzed parties, the same in every run; worthless outside them. And signatures over any bytes at all. */

import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { type PrivateKey, type PublicKey, publicOf, type SealingPair, thumbprint } from '#protocol/keys.ts';
import type { SignedType } from '#protocol/sign.ts';

export interface Party {
  readonly key: PrivateKey;
  /** One object, so that the engine's form of it is made once. */
  readonly public: PublicKey;
  readonly kid: string;
  readonly secret: KeyObject;
}

export const hub = party('hub');
export const site = party('site');
export const lead = party('lead');
export const newKey = party('new');
export const reader: SealingPair = (() => {
  const { x, d } = pair('reader', '302e020100300506032b656e04220420');
  return { public: x, secret: d };
})();

/** A compact JWS over `payload`, whatever that is. */
export function signBytes(payload: Uint8Array, type: SignedType, by: Party): string {
  const header = Buffer.from(JSON.stringify({ alg: 'EdDSA', kid: by.kid, typ: `${type}+jws` }));
  const signed = `${header.toString('base64url')}.${Buffer.from(payload).toString('base64url')}`;
  return `${signed}.${sign(null, Buffer.from(signed), by.secret).toString('base64url')}`;
}

function party(name: string): Party {
  const { x, d, secret } = pair(name, '302e020100300506032b657004220420');
  const key: PrivateKey = { kty: 'OKP', crv: 'Ed25519', x, d };
  return { key, public: publicOf(key), kid: thumbprint(publicOf(key)), secret };
}

/** `prefix`: of a PKCS #8 Ed25519 or X25519 key (RFC 8410). */
function pair(name: string, prefix: string) {
  const raw = createHash('sha256').update(`moim fuzz ${name}`).digest();
  const secret = createPrivateKey({
    key: Buffer.concat([Buffer.from(prefix, 'hex'), raw]),
    format: 'der',
    type: 'pkcs8',
  });
  const { x = '' } = createPublicKey(secret).export({ format: 'jwk' });
  return { x, d: raw.toString('base64url'), secret };
}
