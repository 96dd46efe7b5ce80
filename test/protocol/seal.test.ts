import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fromBase64url, fromUtf8, toBase64url, utf8 } from '#protocol/bytes.ts';
import type { Json } from '#protocol/canonical.ts';
import { parser } from '#protocol/schema.ts';
import { open, Sealed, seal } from '#protocol/seal.ts';
import { archiveSealing, fixedRandom, strangerSealing, studySealing } from '#test/vectors/fixed.ts';

const context = {
  schema: 'moim-reply/1',
  study: 'a',
  version: 1,
  job: 'b',
  site: 'seoul',
  policy: 'c',
  recipients: 'd',
};
const marker = 'persons:128';
const readers = [studySealing.public, archiveSealing.public];
const sealed = await seal(utf8(marker), readers, context);

/** One code, one text, whatever was wrong: it says neither what failed nor what was inside. */
const closed = (cause: Error & { code?: string }): boolean => {
  assert.equal(cause.code, 'cannot-open');
  assert.equal(cause.message, 'A sealed message cannot be opened.');
  assert.ok(!`${cause.stack} ${String(cause.cause)}`.includes(marker));
  return true;
};

/** The same text with one bit of one of its bytes turned. */
function flip(text: string, at: number): string {
  const bytes = fromBase64url(text);
  const place = at % bytes.length;
  bytes[place] = (bytes[place] ?? 0) ^ (1 << (at % 8));
  return toBase64url(bytes);
}

const withRecipient = (i: number, change: Partial<Sealed['recipients'][number]>): Sealed => ({
  ...sealed,
  recipients: sealed.recipients.map((each, at) => (at === i ? { ...each, ...change } : each)),
});

test('each recipient opens it', async () => {
  assert.ok(parser(Sealed).check(sealed));
  for (const pair of [studySealing, archiveSealing])
    assert.equal(fromUtf8(await open(sealed, pair, context)), marker);
});

test('any bytes come back, to any number of readers', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
      const made = await seal(bytes, readers, context);
      assert.deepEqual([...(await open(made, archiveSealing, context))], [...bytes]);
    }),
    { numRuns: 20 },
  );
});

test('nobody else opens it, also not with a recipient’s name and another secret', async () => {
  await assert.rejects(open(sealed, strangerSealing, context), closed);
  await assert.rejects(
    open(sealed, { public: studySealing.public, secret: strangerSealing.secret }, context),
    closed,
  );
  await assert.rejects(
    open(withRecipient(0, { key: strangerSealing.public }), strangerSealing, context),
    closed,
  );
});

test('opens under no other context: each member altered, taken out or added', async () => {
  for (const name of Object.keys(context)) {
    await assert.rejects(open(sealed, studySealing, { ...context, [name]: 'other' }), closed);
    const { [name]: _, ...less } = context as Record<string, Json>;
    await assert.rejects(open(sealed, studySealing, less), closed);
  }
  await assert.rejects(open(sealed, studySealing, { ...context, more: 1 }), closed);
  await assert.rejects(open(sealed, studySealing, { ...context, version: Number.NaN }), closed);
  assert.ok(await open(sealed, studySealing, Object.fromEntries(Object.entries(context).reverse())));
});

test('a turned bit anywhere closes it', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(4000),
      fc.constantFrom('ciphertext', 'nonce', 'wrapped', 'wrapNonce', 'ephemeral'),
      async (at, part) => {
        const [first] = sealed.recipients;
        assert.ok(first);
        const changed = {
          ciphertext: () => ({ ...sealed, ciphertext: flip(sealed.ciphertext, at) }),
          nonce: () => ({ ...sealed, nonce: flip(sealed.nonce, at) }),
          wrapped: () => withRecipient(0, { wrapped: flip(first.wrapped, at) }),
          wrapNonce: () => withRecipient(0, { nonce: flip(first.nonce, at) }),
          ephemeral: () => withRecipient(0, { ephemeral: flip(first.ephemeral, at) }),
        }[part]();
        await assert.rejects(open(changed, studySealing, context), closed);
      },
    ),
  );
});

test('wraps that were swapped between recipients, or between two messages, do not open', async () => {
  const [a, b] = sealed.recipients;
  assert.ok(a && b);
  const swapped = {
    ...sealed,
    recipients: [
      { ...b, key: a.key },
      { ...a, key: b.key },
    ],
  };
  const other = await seal(utf8('another'), readers, context);
  for (const pair of [studySealing, archiveSealing]) {
    await assert.rejects(open(swapped, pair, context), closed);
    await assert.rejects(open({ ...sealed, recipients: other.recipients }, pair, context), closed);
    await assert.rejects(open({ ...other, recipients: sealed.recipients }, pair, context), closed);
  }
});

test('truncated, empty or ill-spelled parts do not open', async () => {
  const [first] = sealed.recipients;
  assert.ok(first);
  for (const cut of [
    (text: string) => text.slice(0, 4),
    () => '',
    (text: string) => text.slice(0, -4),
    (text: string) => `${text}AAAA`,
    () => '*',
  ]) {
    await assert.rejects(
      open({ ...sealed, ciphertext: cut(sealed.ciphertext) }, studySealing, context),
      closed,
    );
    await assert.rejects(open({ ...sealed, nonce: cut(sealed.nonce) }, studySealing, context), closed);
    for (const name of ['ephemeral', 'nonce', 'wrapped'] as const) {
      await assert.rejects(
        open(withRecipient(0, { [name]: cut(first[name]) }), studySealing, context),
        closed,
      );
    }
  }
  await assert.rejects(open({ ...sealed, recipients: [] }, studySealing, context), closed);
});

/** Points of small order on Curve25519: with them anybody could compute the shared secret. */
const smallOrder = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
].map((hex) => toBase64url(Buffer.from(hex, 'hex')));

test('a point of small order is refused as an ephemeral key, and as a recipient’s key before anything is sealed', async () => {
  for (const point of smallOrder) {
    await assert.rejects(open(withRecipient(0, { ephemeral: point }), studySealing, context), closed);
    await assert.rejects(seal(utf8(marker), [point], context), { code: 'bad-input' });
    await assert.rejects(seal(utf8(marker), [studySealing.public, point], context), { code: 'bad-input' });
  }
  for (const key of ['', 'AAAA', `${studySealing.public}AAAA`, '*'.repeat(43)]) {
    await assert.rejects(seal(utf8(marker), [key], context), { code: 'bad-input' });
  }
});

test('two seals of one answer share nothing an onlooker could compare', async () => {
  const again = await seal(utf8(marker), readers, context);
  assert.notEqual(again.ciphertext, sealed.ciphertext);
  assert.notEqual(again.nonce, sealed.nonce);
  assert.equal(
    new Set(
      [...again.recipients, ...sealed.recipients].flatMap((each) => [
        each.ephemeral,
        each.nonce,
        each.wrapped,
      ]),
    ).size,
    12,
  );
  const fixed = () => seal(utf8(marker), readers, context, fixedRandom('same'));
  assert.deepEqual(await fixed(), await fixed());
});

test('the sealed form is closed: no member more, sixteen readers at most, one at least', () => {
  const { check } = parser(Sealed);
  const [first] = sealed.recipients;
  assert.ok(!check({ ...sealed, note: 'free text' }));
  assert.ok(!check(withRecipient(0, { note: 'free text' } as object)));
  assert.ok(!check({ ...sealed, v: 2 }));
  assert.ok(!check({ ...sealed, recipients: [] }));
  assert.ok(check({ ...sealed, recipients: Array(16).fill(first) }));
  assert.ok(!check({ ...sealed, recipients: Array(17).fill(first) }));
  assert.ok(!check({ ...sealed, ciphertext: 'not base64url!' }));
});
