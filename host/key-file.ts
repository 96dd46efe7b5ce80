/**
 * Key files: JSON, mode 0600; with a passphrase the secret half is encrypted (host/key-lock.ts). One file holds one key: a signing key (role
 * hub, site, lead, vendor) with the rotations that led to it, or a site's archive sealing pair.
 */

import { createPrivateKey, createPublicKey } from 'node:crypto';
import { existsSync } from 'node:fs';
import Type, { type Static } from 'typebox';
import { MoimError } from '#protocol/errors.ts';
import { Fingerprint } from '#protocol/ids.ts';
import {
  createSigningKey,
  fingerprint,
  PrivateKey,
  PublicKey,
  publicOf,
  SealingKey,
  SealingPair,
} from '#protocol/keys.ts';
import { formerKeys, RotationChain, signRotation } from '#protocol/rotation.ts';
import { oneOf, parseJson, parser } from '#protocol/schema.ts';
import { readText, writeWhole } from './home.ts';
import { Locked, lock, unlock } from './key-lock.ts';

const closed = { additionalProperties: false } as const;
const KeyRole = oneOf(['hub', 'site', 'lead', 'vendor']);
export type KeyRole = Static<typeof KeyRole>;

const SigningFile = Type.Object(
  {
    format: Type.Literal('moim-key/1'),
    role: KeyRole,
    fingerprint: Fingerprint,
    public: PublicKey,
    secret: Type.Optional(PrivateKey),
    encrypted: Type.Optional(Locked),
    /** How this key came to follow others; public. */
    rotations: Type.Optional(RotationChain),
  },
  closed,
);
const SealingFile = Type.Object(
  {
    format: Type.Literal('moim-sealing-key/1'),
    public: SealingKey,
    secret: Type.Optional(SealingPair),
    encrypted: Type.Optional(Locked),
  },
  closed,
);
const PublicFile = Type.Union([
  PublicKey,
  Type.Object(
    {
      role: Type.Optional(KeyRole),
      fingerprint: Type.Optional(Fingerprint),
      key: PublicKey,
      rotations: Type.Optional(RotationChain),
    },
    closed,
  ),
  SigningFile,
]);

const signingFiles = parser(SigningFile);
const sealingFiles = parser(SealingFile);
const publicFiles = parser(PublicFile);
const keyFiles = parser(Type.Union([SigningFile, SealingFile]));

/** Writes a signing key. Refuses to replace a file: `key-exists`. */
export function writeSigningKey(path: string, role: KeyRole, key: PrivateKey, passphrase?: string): void {
  refuseExisting(path);
  writeSigningFile(path, role, key, [], passphrase);
}

export interface SigningKeyFile {
  readonly role: KeyRole;
  readonly key: PrivateKey;
  /** Where the key follows others: each rotation as the key before signed it, the oldest first. */
  readonly rotations?: readonly string[];
}

export function readSigningKey(path: string, passphrase?: string): SigningKeyFile {
  const file = signingFiles.parse(parseJson(readText(path, 'key file'), path), path);
  const key = parser(PrivateKey).parse(file.secret ?? open(path, file.encrypted, passphrase), path);
  if (fingerprint(publicOf(key)) !== file.fingerprint || key.x !== file.public.x) throw mismatch(path);
  checkHalves(path, 'Ed25519', key.x, key.d);
  return { role: file.role, key, ...(file.rotations === undefined ? {} : { rotations: file.rotations }) };
}

/**
 * Puts a new key in the place of the one in the file: written whole or not at all, the old private key is gone after it and its word for the
 * new one is kept. Where a passphrase is given the new key is locked under it. Gives both fingerprints.
 */
export async function rotateSigningKey(
  path: string,
  at: string,
  passphrase?: string,
): Promise<{ readonly role: KeyRole; readonly from: string; readonly to: string }> {
  const { role, key: old, rotations = [] } = readSigningKey(path, passphrase);
  const key = await createSigningKey();
  writeSigningFile(path, role, key, [...rotations, await signRotation(role, old, key, at)], passphrase);
  return { role, from: fingerprint(publicOf(old)), to: fingerprint(publicOf(key)) };
}

/** The keys that this file's key followed, the oldest first. */
export const earlierKeys = (file: Pick<SigningKeyFile, 'rotations'>): PublicKey[] =>
  formerKeys(file.rotations ?? []);

export function writeSealingPair(path: string, pair: SealingPair, passphrase?: string): void {
  refuseExisting(path);
  writeJson(path, { format: 'moim-sealing-key/1', public: pair.public, ...secretHalf(pair, passphrase) });
}

export function readSealingPair(path: string, passphrase?: string): SealingPair {
  const file = sealingFiles.parse(parseJson(readText(path, 'key file'), path), path);
  const pair = parser(SealingPair).parse(file.secret ?? open(path, file.encrypted, passphrase), path);
  if (pair.public !== file.public) throw mismatch(path);
  checkHalves(path, 'X25519', pair.public, pair.secret);
  return pair;
}

/** What somebody else may know of a key. */
export interface PublicKeyFile {
  readonly key: PublicKey;
  readonly role?: KeyRole;
  readonly rotations: readonly string[];
}

/**
 * The public key of a bare JWK, of what `key show` prints, or of a key file (whose secret half is not looked at). Throws MoimError
 * `bad-key-file` where the fingerprint that stands beside the key is another key's.
 */
export function readPublicKeyFile(path: string): PublicKeyFile {
  const value = publicFiles.parse(parseJson(readText(path, 'key file'), path), path);
  if ('kty' in value) return { key: { kty: value.kty, crv: value.crv, x: value.x }, rotations: [] };
  const key = 'public' in value ? value.public : value.key;
  if (value.fingerprint !== undefined && value.fingerprint !== fingerprint(key)) {
    throw new MoimError('bad-key-file', `${path}: the fingerprint is not the key’s`);
  }
  return {
    key,
    ...(value.role === undefined ? {} : { role: value.role }),
    rotations: value.rotations ?? [],
  };
}

export const readPublicKey = (path: string): PublicKey => readPublicKeyFile(path).key;

/** Throws MoimError `bad-input` where the text is no key file. */
export const checkKeyFile = (path: string, text: string): void =>
  void keyFiles.parse(parseJson(text, path), path);

/** Throws MoimError `key-exists`. */
export function refuseExisting(path: string): void {
  if (existsSync(path)) throw new MoimError('key-exists', `${path} is there already`);
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

function writeSigningFile(
  path: string,
  role: KeyRole,
  key: PrivateKey,
  rotations: readonly string[],
  passphrase: string | undefined,
): void {
  writeJson(path, {
    format: 'moim-key/1',
    role,
    fingerprint: fingerprint(publicOf(key)),
    public: publicOf(key),
    ...secretHalf(key, passphrase),
    ...(rotations.length === 0 ? {} : { rotations }),
  });
}

const writeJson = (path: string, value: object): void =>
  writeWhole(path, `${JSON.stringify(value, null, 2)}\n`, 0o600);

const secretHalf = (secret: object, passphrase: string | undefined) =>
  passphrase === undefined ? { secret } : { encrypted: lock(secret, passphrase) };

function open(path: string, locked: Locked | undefined, passphrase: string | undefined): unknown {
  if (!locked) throw new MoimError('bad-key-file', `${path} holds no secret half`);
  return unlock(path, locked, passphrase);
}
