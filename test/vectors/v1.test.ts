import assert from 'node:assert/strict';
import { createDecipheriv, createPublicKey, verify } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import sodium from 'libsodium-wrappers';
import { fromBase64url, fromUtf8, utf8 } from '#protocol/bytes.ts';
import { canonical, canonicalHash, type Json } from '#protocol/canonical.ts';
import { type Envelope, openEnvelope } from '#protocol/envelope.ts';
import { type Frame, readFrame, writeFrame } from '#protocol/frame.ts';
import {
  fingerprint,
  type PrivateKey,
  type PublicKey,
  publicOf,
  type SealingPair,
  thumbprint,
} from '#protocol/keys.ts';
import { type LedgerEntry, verifyLedger } from '#protocol/ledger.ts';
import { openReply, type SiteAnswer, verifyReply } from '#protocol/reply.ts';
import type { Sealed } from '#protocol/seal.ts';
import { verifySignature } from '#protocol/sign.ts';
import { openStudy, type Study } from '#protocol/study.ts';
import * as fixed from './fixed.ts';
import { makeVectors, type VectorName, vectorFile, vectorNames } from './make-v1.ts';

/** A file of this test's own making, in the shape that make-v1.ts gives it. */
const read = <T>(name: VectorName): T => JSON.parse(readFileSync(vectorFile(name), 'utf8')) as T;

test('today’s code writes every message of version 1 as it was written then', async () => {
  const today = await makeVectors();
  for (const name of vectorNames) {
    assert.equal(JSON.stringify(JSON.parse(today[name])), JSON.stringify(read<unknown>(name)), name);
  }
});

test('every file of version 1 is one that is tested', () => {
  const files = readdirSync(fileURLToPath(new URL('v1', import.meta.url)));
  assert.deepEqual(files.sort(), vectorNames.map((name) => `${name}.json`).sort());
});

test('canonical bytes and their hash are those of version 1', () => {
  for (const each of read<{ value: Json; canonical: string; sha256: string }[]>('canonical')) {
    assert.equal(canonical(each.value), each.canonical);
    assert.equal(canonicalHash(each.value), each.sha256);
  }
});

test('keys are named as in version 1', () => {
  for (const each of read<{ key: PrivateKey; thumbprint: string; fingerprint: string }[]>('keys')) {
    assert.equal(thumbprint(publicOf(each.key)), each.thumbprint);
    assert.equal(fingerprint(publicOf(each.key)), each.fingerprint);
  }
});

test('a study signed in version 1 opens', async () => {
  const { key, study, jws, hash } = read<{ key: PublicKey; study: Study; jws: string; hash: string }>(
    'study',
  );
  assert.deepEqual(await openStudy(jws, key), { study, jws, hash, whole: hash });
});

test('an envelope of version 1 opens until it is past its time', async () => {
  const { key, envelope, jws } = read<{ key: PublicKey; envelope: Envelope; jws: string }>('envelope');
  assert.deepEqual(await openEnvelope(jws, { from: 'hub', to: 'seoul', key, now: fixed.noon }), envelope);
});

interface ReplyVector {
  readonly key: PublicKey;
  readonly readers: readonly SealingPair[];
  readonly answer: SiteAnswer;
  readonly inner: string;
  readonly sealed: Sealed;
  readonly header: string;
}

test('a reply sealed in version 1 opens for the lead and for the archive', async () => {
  const { key, readers, answer, sealed, header } = read<ReplyVector>('reply');
  assert.equal(readers.length, 2);
  for (const reader of readers) {
    assert.deepEqual(await openReply(await verifyReply(header, sealed, key), sealed, reader, key), answer);
  }
});

test('the seal is the construction its comment describes, put together from other parts', async () => {
  const { key, readers, inner, sealed, header } = read<ReplyVector>('reply');
  const { context } = await verifyReply(header, sealed, key);
  const { blake2b } = await import('@noble/hashes/blake2.js');
  const associated = utf8(canonical(fixed.json(context)));
  await sodium.ready;
  for (const reader of readers) {
    const wrap = sealed.recipients.find((each) => each.key === reader.public);
    assert.ok(wrap);
    const shared = sodium.crypto_scalarmult(fromBase64url(reader.secret), fromBase64url(wrap.ephemeral));
    const parts = [
      utf8('moim-seal-1'),
      fromBase64url(wrap.ephemeral),
      fromBase64url(reader.public),
      utf8(canonicalHash(fixed.json(context))),
    ];
    const wrapKey = blake2b(Buffer.concat(parts), { key: shared, dkLen: 32 });
    const contentKey = openXChaCha(
      wrapKey,
      fromBase64url(wrap.nonce),
      fromBase64url(wrap.wrapped),
      associated,
    );
    const plain = openXChaCha(
      contentKey,
      fromBase64url(sealed.nonce),
      fromBase64url(sealed.ciphertext),
      associated,
    );
    assert.equal(fromUtf8(plain), inner);
  }
});

/** XChaCha20-Poly1305 as its draft builds it: HChaCha20 for a subkey, then the IETF cipher (RFC 8439), which OpenSSL has. */
function openXChaCha(
  key: Uint8Array,
  nonce: Uint8Array,
  sealed: Uint8Array,
  associated: Uint8Array,
): Uint8Array {
  const subkey = hchacha20(key, nonce.subarray(0, 16));
  const short = new Uint8Array([0, 0, 0, 0, ...nonce.subarray(16)]);
  const decipher = createDecipheriv('chacha20-poly1305', subkey, short, { authTagLength: 16 });
  decipher.setAAD(associated, { plaintextLength: sealed.length - 16 });
  decipher.setAuthTag(sealed.subarray(-16));
  return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
}

function hchacha20(key: Uint8Array, input: Uint8Array): Uint8Array {
  const state = new Uint32Array(16);
  state.set([0x61707865, 0x3320646e, 0x79622d32, 0x6b206574]);
  const words = (bytes: Uint8Array) =>
    Array.from({ length: bytes.length / 4 }, (_, i) => Buffer.from(bytes).readUInt32LE(4 * i));
  state.set(words(key), 4);
  state.set(words(input), 12);
  const at = (i: number): number => state[i] ?? 0;
  const mix = (a: number, b: number, d: number, turn: number) => {
    state[a] = at(a) + at(b);
    const x = at(d) ^ at(a);
    state[d] = (x << turn) | (x >>> (32 - turn));
  };
  const quarter = (a: number, b: number, c: number, d: number) => {
    mix(a, b, d, 16);
    mix(c, d, b, 12);
    mix(a, b, d, 8);
    mix(c, d, b, 7);
  };
  for (let round = 0; round < 10; round += 1) {
    for (let i = 0; i < 4; i += 1) quarter(i, i + 4, i + 8, i + 12);
    for (let i = 0; i < 4; i += 1) quarter(i, 4 + ((i + 1) % 4), 8 + ((i + 2) % 4), 12 + ((i + 3) % 4));
  }
  return new Uint8Array(Uint32Array.from([...state.subarray(0, 4), ...state.subarray(12)]).buffer);
}

test('both signatures of the handshake verify, each for its own side only', async () => {
  const { hub, node, transcript, challenge, proof } = read<{
    hub: PublicKey;
    node: PublicKey;
    transcript: unknown;
    challenge: string;
    proof: string;
  }>('handshake');
  assert.deepEqual(await verifySignature(challenge, 'moim-link-hub', hub), transcript);
  assert.deepEqual(await verifySignature(proof, 'moim-link-node', node), transcript);
  await assert.rejects(verifySignature(challenge, 'moim-link-node', hub), { code: 'bad-signature' });
});

test('signatures are plain JWS with EdDSA: another implementation verifies them', () => {
  const { key, jws } = read<{ key: PublicKey; jws: string }>('study');
  const [header = '', payload = '', signature = ''] = jws.split('.');
  const open = createPublicKey({ key: { ...key }, format: 'jwk' });
  assert.ok(verify(null, Buffer.from(`${header}.${payload}`), open, Buffer.from(signature, 'base64url')));
  assert.deepEqual(JSON.parse(Buffer.from(header, 'base64url').toString()), {
    alg: 'EdDSA',
    kid: thumbprint(key),
    typ: 'moim-study+jws',
  });
});

test('every frame of version 1 is read, and written as it was', () => {
  for (const { frame, line } of read<{ frame: Frame; line: string }[]>('frames')) {
    assert.deepEqual(readFrame(line), frame);
    assert.equal(writeFrame(frame), line);
  }
});

test('an audit log of version 1 verifies, and shows when it is touched', () => {
  const entries = read<LedgerEntry[]>('ledger');
  assert.deepEqual(verifyLedger(entries), { ok: true, entries: 3, head: entries.at(-1)?.hash });
  const touched = entries.map((entry) =>
    entry.n === 2 ? { ...entry, body: { ...entry.body, cells: 4 } } : entry,
  );
  assert.equal(verifyLedger(touched).ok, false);
});
