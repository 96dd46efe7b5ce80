/** Signing keys (Ed25519, RFC 8037 JWK), sealing keys (X25519) and the fingerprints people compare. */

import { sha256 } from '@noble/hashes/sha2.js';
import { exportJWK, generateKeyPair } from 'jose';
import sodium from 'libsodium-wrappers';
import Type, { type Static } from 'typebox';
import { toBase32, toBase64url, utf8 } from './bytes.ts';
import { canonical } from './canonical.ts';
import type { Fingerprint } from './ids.ts';

/** 32 bytes in the one base64url form they have: a second spelling of a key would have a second fingerprint. */
const Key32 = Type.String({ pattern: '^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$' });

/** A public signing key. Closed: a JWK that carries a private part does not pass. */
export const PublicKey = Type.Object(
  { kty: Type.Literal('OKP'), crv: Type.Literal('Ed25519'), x: Key32 },
  { additionalProperties: false },
);
export type PublicKey = Static<typeof PublicKey>;

export const PrivateKey = Type.Object(
  { kty: Type.Literal('OKP'), crv: Type.Literal('Ed25519'), x: Key32, d: Key32 },
  { additionalProperties: false },
);
export type PrivateKey = Static<typeof PrivateKey>;

/** A public X25519 sealing key, base64url. */
export const SealingKey = Key32;

export const SealingPair = Type.Object(
  { public: SealingKey, secret: Key32 },
  { additionalProperties: false },
);
export type SealingPair = Static<typeof SealingPair>;

export async function createSigningKey(): Promise<PrivateKey> {
  const { privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  const { x, d } = await exportJWK(privateKey);
  return { kty: 'OKP', crv: 'Ed25519', x: x as string, d: d as string };
}

export async function createSealingPair(): Promise<SealingPair> {
  await sodium.ready;
  const pair = sodium.crypto_box_keypair();
  return { public: toBase64url(pair.publicKey), secret: toBase64url(pair.privateKey) };
}

export const publicOf = (key: PrivateKey): PublicKey => ({ kty: key.kty, crv: key.crv, x: key.x });

/** RFC 7638 thumbprint, base64url: the key's name in every signed header. */
export function thumbprint(key: PublicKey): string {
  return toBase64url(sha256(utf8(canonical({ crv: key.crv, kty: key.kty, x: key.x }))));
}

/** First 80 bits of the thumbprint, base32, in groups of four: what two people read to each other. */
export function fingerprint(key: PublicKey): Fingerprint {
  const text = toBase32(sha256(utf8(canonical({ crv: key.crv, kty: key.kty, x: key.x }))).subarray(0, 10));
  return text.match(/.{4}/g)?.join('-') ?? text;
}
