import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CompactSign, importJWK } from 'jose';
import { fromBase64url, toBase64url, utf8 } from '#protocol/bytes.ts';
import type { Json } from '#protocol/canonical.ts';
import { type PrivateKey, publicOf, thumbprint } from '#protocol/keys.ts';
import { claimedKey, claimedPayload, type SignedType, sign, verifySignature } from '#protocol/sign.ts';
import { leadKey, strangerKey } from '#test/vectors/fixed.ts';

const key = publicOf(leadKey);
const refused = { code: 'bad-signature' };
const good = await sign({ b: 1, a: 'ö' }, 'moim-study', leadKey);

/** A JWS truly signed by the key, whose header and payload are whatever one likes. */
async function forge(
  payload: string | Uint8Array,
  header: object = {},
  by: PrivateKey = leadKey,
): Promise<string> {
  const bytes = typeof payload === 'string' ? utf8(payload) : payload;
  const ours = { alg: 'EdDSA', kid: thumbprint(publicOf(leadKey)), typ: 'moim-study+jws' };
  return new CompactSign(bytes)
    .setProtectedHeader({ ...ours, ...header })
    .sign(await importJWK({ ...by }, 'EdDSA'));
}

test('gives back what was signed, whatever JSON it is', async () => {
  const objects = fc.dictionary(
    fc.string({ unit: 'grapheme' }),
    fc.oneof(fc.integer(), fc.boolean(), fc.string({ unit: 'grapheme' })),
  );
  await fc.assert(
    fc.asyncProperty(objects, async (value) => {
      const jws = await sign(value, 'moim-result', leadKey);
      assert.deepEqual(await verifySignature(jws, 'moim-result', key), JSON.parse(JSON.stringify(value)));
    }),
    { numRuns: 30 },
  );
});

test('the same payload and key give the same document', async () => {
  assert.equal(await sign({ a: 'ö', b: 1 }, 'moim-study', leadKey), good);
});

test('refuses another key, and a signature of another key under this one’s name', async () => {
  await assert.rejects(verifySignature(good, 'moim-study', publicOf(strangerKey)), refused);
  await assert.rejects(verifySignature(await forge('{"a":1}', {}, strangerKey), 'moim-study', key), refused);
});

test('refuses a signature made for another purpose, for every pair of purposes', async () => {
  const types: readonly SignedType[] = [
    'moim-study',
    'moim-envelope',
    'moim-result',
    'moim-reply',
    'moim-link-hub',
    'moim-link-node',
    'moim-enrol',
  ];
  for (const made of types) {
    const jws = await sign({ a: 1 }, made, leadKey);
    for (const wanted of types) {
      if (made === wanted) assert.deepEqual(await verifySignature(jws, wanted, key), { a: 1 });
      else await assert.rejects(verifySignature(jws, wanted, key), refused);
    }
  }
});

test('refuses any document of which one character was changed', async () => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n';
  const place = fc.nat(good.length - 1);
  await fc.assert(
    fc.asyncProperty(place, fc.constantFrom(...alphabet), async (at, character) => {
      fc.pre(good[at] !== character);
      await assert.rejects(
        verifySignature(good.slice(0, at) + character + good.slice(at + 1), 'moim-study', key),
        refused,
      );
    }),
  );
});

test('refuses a signature spelled a second way: the last character has bits that count for nothing', async () => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const last = alphabet.indexOf(good.at(-1) ?? '');
  for (let bits = 1; bits < 16; bits += 1) {
    await assert.rejects(
      verifySignature(good.slice(0, -1) + alphabet[last ^ bits], 'moim-study', key),
      refused,
    );
  }
});

test('refuses an altered payload under the old signature', async () => {
  const [header, , signature] = good.split('.');
  const jws = [header, toBase64url(utf8('{"a":"ö","b":2}')), signature].join('.');
  await assert.rejects(verifySignature(jws, 'moim-study', key), refused);
});

test('refuses a header with one more member, critical or not, though truly signed', async () => {
  assert.deepEqual(await verifySignature(await forge('{"a":1}'), 'moim-study', key), { a: 1 });
  for (const more of [
    { crit: ['b64'], b64: true },
    { jwk: key },
    { x5u: 'https://example.org' },
    { cty: 'json' },
    { iat: 1 },
  ]) {
    await assert.rejects(verifySignature(await forge('{"a":1}', more), 'moim-study', key), refused);
  }
});

test('refuses `alg: none` and every other algorithm', async () => {
  const [, payload = '', signature = ''] = good.split('.');
  for (const alg of ['none', 'None', 'HS256', 'ES256', 'Ed25519', '']) {
    const header = toBase64url(utf8(JSON.stringify({ alg, kid: thumbprint(key), typ: 'moim-study+jws' })));
    for (const end of [signature, ''])
      await assert.rejects(verifySignature(`${header}.${payload}.${end}`, 'moim-study', key), refused);
  }
});

test('refuses a truly signed payload that is not canonical JSON, and quotes nothing of it', async () => {
  const payloads: readonly (string | Uint8Array)[] = [
    '{"b":1,"a":2}',
    '{"a": 1}',
    '{"a":1,"a":1}',
    '{"a":1.0}',
    '{"a":1e2}',
    '{"a":"\\u0041"}',
    '{"a":9007199254740993}',
    '{"a":1e999}',
    '{"a":"\\ud800"}',
    '{"a":SECRET}',
    'SECRET',
    '',
    '[1,]',
    `${'['.repeat(50_000)}${']'.repeat(50_000)}`,
    Uint8Array.of(0xff, 0xfe),
    Uint8Array.of(0xef, 0xbb, 0xbf, 0x7b, 0x7d),
  ];
  for (const payload of payloads) {
    await assert.rejects(
      verifySignature(await forge(payload), 'moim-study', key),
      (cause: Error & { code?: string }) => {
        assert.equal(cause.code, 'bad-signature');
        assert.doesNotMatch(`${cause.message} ${cause.stack}`, /SECRET/);
        return true;
      },
    );
  }
});

test('refuses what is no signed document at all', async () => {
  for (const text of [
    '',
    '.',
    '..',
    '...',
    'a.b',
    'a.b.c',
    `${good}.x`,
    `${good}.`,
    ` ${good}`,
    `${good}\n`,
    '{"payload":""}',
  ]) {
    await assert.rejects(verifySignature(text, 'moim-study', key), refused, text);
  }
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary-ascii' }), (text) =>
      assert.rejects(verifySignature(text, 'moim-study', key), refused),
    ),
  );
});

test('will not sign what has no canonical form, nor with halves of two keys', async () => {
  await assert.rejects(sign({ a: Number.NaN }, 'moim-study', leadKey), { code: 'not-canonical' });
  await assert.rejects(sign({ a: 2 ** 53 } as Json, 'moim-study', leadKey), { code: 'not-canonical' });
  await assert.rejects(sign({ a: 1 }, 'moim-study', { ...leadKey, d: strangerKey.d }));
});

test('what a document claims can be read without a key, and is no more than a claim', async () => {
  assert.equal(claimedKey(good), thumbprint(key));
  assert.deepEqual(claimedPayload(good), { a: 'ö', b: 1 });
  const [header, , signature] = good.split('.');
  const altered = [header, toBase64url(utf8('{"a":"forged"}')), signature].join('.');
  assert.deepEqual(claimedPayload(altered), { a: 'forged' });
  for (const text of [
    '',
    'a.b.c',
    `${header}.${toBase64url(utf8('SECRET'))}.${signature}`,
    `${header}.****.${signature}`,
  ]) {
    assert.throws(() => claimedPayload(text), refused);
  }
  assert.throws(() => claimedKey('a.b.c'), refused);
  assert.equal(fromBase64url(good.split('.')[2] ?? '').length, 64);
});
