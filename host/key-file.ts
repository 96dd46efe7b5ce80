/**
 * Key files: JSON, mode 0600; with a passphrase the secret half is encrypted (scrypt N=2^17, r=8, p=1; AES-256-GCM, `node:crypto`).
 * One file holds one key: a signing key (role hub, site, lead, vendor) or a site's archive sealing pair.
 */

import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  randomBytes,
  scryptSync,
} from 'node:crypto';
import { existsSync } from 'node:fs';
import Type, { type Static } from 'typebox';
import { fromBase64url, toBase64url } from '#protocol/bytes.ts';
import { MoimError } from '#protocol/errors.ts';
import { Fingerprint } from '#protocol/ids.ts';
import { fingerprint, PrivateKey, PublicKey, publicOf, SealingKey, SealingPair } from '#protocol/keys.ts';
import { oneOf, parseJson, parser } from '#protocol/schema.ts';
import { readText, writeWhole } from './home.ts';

const closed = { additionalProperties: false } as const;
const Text = Type.String({ pattern: '^[A-Za-z0-9_-]+$' });
const Encrypted = Type.Object(
  { kdf: Type.Literal('scrypt-17-8-1'), salt: Text, nonce: Text, ciphertext: Text, tag: Text },
  closed,
);
const KeyRole = oneOf(['hub', 'site', 'lead', 'vendor']);
export type KeyRole = Static<typeof KeyRole>;

const SigningFile = Type.Object(
  {
    format: Type.Literal('moim-key/1'),
    role: KeyRole,
    fingerprint: Fingerprint,
    public: PublicKey,
    secret: Type.Optional(PrivateKey),
    encrypted: Type.Optional(Encrypted),
  },
  closed,
);
const SealingFile = Type.Object(
  {
    format: Type.Literal('moim-sealing-key/1'),
    public: SealingKey,
    secret: Type.Optional(SealingPair),
    encrypted: Type.Optional(Encrypted),
  },
  closed,
);
const PublicFile = Type.Union([
  PublicKey,
  Type.Object(
    { role: Type.Optional(KeyRole), fingerprint: Type.Optional(Fingerprint), key: PublicKey },
    closed,
  ),
  SigningFile,
]);

const signingFiles = parser(SigningFile);
const sealingFiles = parser(SealingFile);
const publicFiles = parser(PublicFile);

/** Writes a signing key. Refuses to replace a file: `key-exists`. */
export function writeSigningKey(path: string, role: KeyRole, key: PrivateKey, passphrase?: string): void {
  const open = {
    format: 'moim-key/1' as const,
    role,
    fingerprint: fingerprint(publicOf(key)),
    public: publicOf(key),
  };
  writeNew(path, { ...open, ...lock(key, passphrase) });
}

export interface SigningKeyFile {
  readonly role: KeyRole;
  readonly key: PrivateKey;
}

export function readSigningKey(path: string, passphrase?: string): SigningKeyFile {
  const file = signingFiles.parse(parseJson(readText(path, 'key file'), path), path);
  const key = parser(PrivateKey).parse(file.secret ?? unlock(path, file.encrypted, passphrase), path);
  if (fingerprint(publicOf(key)) !== file.fingerprint || key.x !== file.public.x) throw mismatch(path);
  checkHalves(path, 'Ed25519', key.x, key.d);
  return { role: file.role, key };
}

export function writeSealingPair(path: string, pair: SealingPair, passphrase?: string): void {
  writeNew(path, { format: 'moim-sealing-key/1', public: pair.public, ...lock(pair, passphrase) });
}

export function readSealingPair(path: string, passphrase?: string): SealingPair {
  const file = sealingFiles.parse(parseJson(readText(path, 'key file'), path), path);
  const pair = parser(SealingPair).parse(file.secret ?? unlock(path, file.encrypted, passphrase), path);
  if (pair.public !== file.public) throw mismatch(path);
  checkHalves(path, 'X25519', pair.public, pair.secret);
  return pair;
}

/**
 * The public key of a bare JWK, of what `key show` prints, or of a key file (whose secret half is not looked at). Throws MoimError
 * `bad-key-file` where the fingerprint that stands beside the key is another key's.
 */
export function readPublicKey(path: string): PublicKey {
  const value = publicFiles.parse(parseJson(readText(path, 'key file'), path), path);
  if ('kty' in value) return { kty: value.kty, crv: value.crv, x: value.x };
  const key = 'public' in value ? value.public : value.key;
  if (value.fingerprint !== undefined && value.fingerprint !== fingerprint(key)) {
    throw new MoimError('bad-key-file', `${path}: the fingerprint is not the key’s`);
  }
  return key;
}

const mismatch = (path: string): MoimError =>
  new MoimError('bad-key-file', `${path}: the halves do not match`);

/** The public half is made again from the secret one: a file put together by hand, or damaged, is caught before it is used. */
function checkHalves(path: string, crv: 'Ed25519' | 'X25519', x: string, d: string): void {
  let made: string | undefined;
  try {
    const secret = createPrivateKey({ key: { kty: 'OKP', crv, x, d }, format: 'jwk' });
    const pem = secret.export({ format: 'pem', type: 'pkcs8' });
    made = createPublicKey(pem).export({ format: 'jwk' }).x;
  } catch {
    // Not a key at all: refused below, without the words of the library.
  }
  if (made !== x) throw mismatch(path);
}

function writeNew(path: string, value: object): void {
  if (existsSync(path)) throw new MoimError('key-exists', `${path} is there already`);
  writeWhole(path, `${JSON.stringify(value, null, 2)}\n`, 0o600);
}

function lock(
  secret: object,
  passphrase?: string,
): { secret: object } | { encrypted: Static<typeof Encrypted> } {
  if (passphrase === undefined) return { secret };
  const salt = randomBytes(16);
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', derive(passphrase, salt), nonce);
  const ciphertext = Buffer.concat([cipher.update(JSON.stringify(secret), 'utf8'), cipher.final()]);
  const [s, n, c, t] = [salt, nonce, ciphertext, cipher.getAuthTag()].map((bytes) => toBase64url(bytes)) as [
    string,
    string,
    string,
    string,
  ];
  return { encrypted: { kdf: 'scrypt-17-8-1', salt: s, nonce: n, ciphertext: c, tag: t } };
}

function unlock(path: string, locked: Static<typeof Encrypted> | undefined, passphrase?: string): unknown {
  if (!locked) throw new MoimError('bad-key-file', `${path} holds no secret half`);
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
