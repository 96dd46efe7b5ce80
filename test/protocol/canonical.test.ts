import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { canonical, canonicalHash, hash, type Json } from '#protocol/canonical.ts';

const refused = { code: 'not-canonical' };

test('writes the example of RFC 8785 §3.2.2', () => {
  const text = String.raw`{"numbers": [333333333.33333329, 4.50, 2e-3, 0.000000000000000000000000001],
    "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/", "literals": [null, true, false]}`;
  const expected = String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`;
  assert.equal(canonical(JSON.parse(text) as Json), expected);
});

test('orders members by UTF-16 code units, as RFC 8785 §3.2.3 shows', () => {
  const text = String.raw`{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One",
    "\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}`;
  assert.deepEqual(Object.values(JSON.parse(canonical(JSON.parse(text) as Json)) as object).toSorted(), [
    'Carriage Return',
    'Control',
    'Emoji: Grinning Face',
    'Euro Sign',
    'Hebrew Letter Dalet With Dagesh',
    'Latin Small Letter O With Diaeresis',
    'One',
  ]);
  const order = [...canonical(JSON.parse(text) as Json).matchAll(/:"(\w+)/g)].map(([, word]) => word);
  assert.deepEqual(order, ['Carriage', 'One', 'Control', 'Latin', 'Euro', 'Emoji', 'Hebrew']);
});

/** RFC 8785 appendix B: the bits of a double, and its text. */
const doubles: readonly [bits: string, text: string | undefined][] = [
  ['0000000000000000', '0'],
  ['8000000000000000', '0'],
  ['0000000000000001', '5e-324'],
  ['8000000000000001', '-5e-324'],
  ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
  ['3eb0c6f7a0b5ed8d', '0.000001'],
  ['41b3de4355555553', '333333333.3333332'],
  ['41b3de4355555554', '333333333.33333325'],
  ['41b3de4355555555', '333333333.3333333'],
  ['41b3de4355555556', '333333333.3333334'],
  ['41b3de4355555557', '333333333.33333343'],
  ['becbf647612f3696', '-0.0000033333333333333333'],
  ['43143ff3c1cb0959', '1424953923781206.2'],
  // Moim refuses whole numbers beyond 2^53 − 1, and what is no number.
  ['7fefffffffffffff', undefined],
  ['ffefffffffffffff', undefined],
  ['4340000000000000', undefined],
  ['c340000000000000', undefined],
  ['4430000000000000', undefined],
  ['44b52d02c7e14af6', undefined],
  ['444b1ae4d6e2ef50', undefined],
  ['7fffffffffffffff', undefined],
  ['7ff0000000000000', undefined],
  ['fff0000000000000', undefined],
];

test('writes the numbers of RFC 8785 appendix B, and refuses those that would not survive every reader', () => {
  for (const [bits, text] of doubles) {
    const value = Buffer.from(bits, 'hex').readDoubleBE();
    if (text === undefined) assert.throws(() => canonical(value), refused, bits);
    else assert.equal(canonical(value), text, bits);
  }
  assert.equal(canonical(Number.MAX_SAFE_INTEGER), '9007199254740991');
  assert.equal(canonical(Number.MIN_SAFE_INTEGER), '-9007199254740991');
});

test('refuses a lone surrogate in a text, a name, or deep inside', () => {
  for (const value of ['\ud800', { '\udc00': 1 }, { a: [{ b: 'x\ud83d' }] }])
    assert.throws(() => canonical(value), refused);
  assert.equal(canonical('\ud83d\ude00'), '"😀"');
});

test('refuses what has no place in JSON, a hole in a list among it; leaves out members that are undefined', () => {
  const strange: readonly unknown[] = [undefined, () => 1, 1n, Symbol('s'), [undefined], new Array(2)];
  for (const value of strange) assert.throws(() => canonical(value as Json), refused);
  assert.equal(canonical({ b: undefined, a: 1 }), '{"a":1}');
});

const json = fc.jsonValue({ maxDepth: 4 }).filter((value) => {
  try {
    canonical(value as Json);
    return true;
  } catch {
    return false;
  }
});

test('is a fixed point, keeps the value, and does not depend on the order of members', () => {
  fc.assert(
    fc.property(json, (value) => {
      const text = canonical(value as Json);
      assert.equal(canonical(JSON.parse(text) as Json), text);
      assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)));
      assert.equal(canonical(reversed(value) as Json), text);
    }),
  );
});

test('two values have the same text exactly where they are the same value', () => {
  const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
  fc.assert(
    fc.property(json, json, (a, b) => {
      assert.equal(canonical(a as Json) === canonical(b as Json), isDeepStrictEqual(plain(a), plain(b)));
    }),
  );
});

test('carries a member called __proto__ like any other', () => {
  const value = JSON.parse('{"b":1,"__proto__":{"x":2}}') as Json;
  assert.equal(canonical(value), '{"__proto__":{"x":2},"b":1}');
});

test('hashes are SHA-256 of the UTF-8 bytes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      assert.equal(hash(text), createHash('sha256').update(text, 'utf8').digest('hex'));
    }),
  );
  assert.equal(canonicalHash({ b: 1, a: 2 }), hash('{"a":2,"b":1}'));
});

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  const turned: Record<string, unknown> = Object.create(null);
  for (const [key, item] of Object.entries(value).reverse()) turned[key] = reversed(item);
  return turned;
}
