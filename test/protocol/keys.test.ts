import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromBase64url, toBase32 } from '#protocol/bytes.ts';
import {
  createSealingPair,
  createSigningKey,
  fingerprint,
  PrivateKey,
  PublicKey,
  publicOf,
  SealingPair,
  thumbprint,
} from '#protocol/keys.ts';
import { parser } from '#protocol/schema.ts';
import { leadKey } from '#test/vectors/fixed.ts';

test('the key of RFC 8037 appendix A.3 has its thumbprint, and our fingerprint is the first 80 bits of it', () => {
  assert.equal(thumbprint(publicOf(leadKey)), 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k');
  const first = toBase32(fromBase64url('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k').subarray(0, 10));
  assert.equal(fingerprint(publicOf(leadKey)).replaceAll('-', ''), first);
  assert.match(fingerprint(publicOf(leadKey)), /^[A-Z2-7]{4}(-[A-Z2-7]{4}){3}$/);
});

test('the thumbprint names the public key alone', () => {
  assert.equal(thumbprint(leadKey), thumbprint(publicOf(leadKey)));
  assert.deepEqual(Object.keys(publicOf(leadKey)), ['kty', 'crv', 'x']);
});

test('new keys pass their schemas and are new', async () => {
  const [a, b] = await Promise.all([createSigningKey(), createSigningKey()]);
  assert.ok(parser(PrivateKey).check(a));
  assert.notEqual(fingerprint(publicOf(a)), fingerprint(publicOf(b)));
  const [c, d] = await Promise.all([createSealingPair(), createSealingPair()]);
  assert.ok(parser(SealingPair).check(c));
  assert.notEqual(c.public, d.public);
});

test('a public key with a private half, of another curve or with more members is refused', () => {
  const { check } = parser(PublicKey);
  const good = publicOf(leadKey);
  assert.ok(check(good));
  for (const bad of [
    leadKey,
    { ...good, crv: 'X25519' },
    { ...good, kty: 'EC' },
    { ...good, kid: 'a' },
    { ...good, x: `${good.x}A` },
    {},
  ]) {
    assert.ok(!check(bad));
  }
});

test('a key has one spelling: bits beyond its 32 bytes are refused, since they would make a second fingerprint', () => {
  const { x } = leadKey;
  assert.equal(x.at(-1), 'o');
  for (const last of ['p', 'q', 'r'])
    assert.ok(!parser(PublicKey).check({ ...publicOf(leadKey), x: x.slice(0, -1) + last }));
});
