import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fromBase64url, fromUtf8, toBase32, toBase64url, toHex, utf8 } from '#protocol/bytes.ts';

test('base64url, hex and UTF-8 are what Node makes of the same bytes, and read back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      assert.equal(toBase64url(bytes), Buffer.from(bytes).toString('base64url'));
      assert.equal(toHex(bytes), Buffer.from(bytes).toString('hex'));
      assert.deepEqual([...fromBase64url(toBase64url(bytes))], [...bytes]);
    }),
  );
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => assert.equal(fromUtf8(utf8(text)), text)));
});

test('bytes longer than one call’s arguments are encoded whole', () => {
  const bytes = new Uint8Array(0x8000 * 2 + 5).fill(7);
  assert.equal(toBase64url(bytes), Buffer.from(bytes).toString('base64url'));
});

test('base32 is RFC 4648’s, without padding', () => {
  const examples = {
    f: 'MY',
    fo: 'MZXQ',
    foo: 'MZXW6',
    foob: 'MZXW6YQ',
    fooba: 'MZXW6YTB',
    foobar: 'MZXW6YTBOI',
  };
  for (const [text, expected] of Object.entries(examples)) assert.equal(toBase32(utf8(text)), expected);
});

test('refuses base64url that is padded, of the other alphabet, spaced, or not in its one form', () => {
  for (const text of ['AA==', 'A+A_', 'A/AA', 'AA A', 'A', 'AB', 'AAB', 'ÀA']) {
    assert.throws(() => fromBase64url(text), text);
  }
  assert.deepEqual([...fromBase64url('AA')], [0]);
});

test('refuses bytes that are not UTF-8, and keeps a byte order mark apart from none', () => {
  assert.throws(() => fromUtf8(Uint8Array.of(0xff)), TypeError);
  assert.throws(() => fromUtf8(Uint8Array.of(0xed, 0xa0, 0x80)), TypeError);
  assert.notEqual(fromUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x7b)), '{');
});
