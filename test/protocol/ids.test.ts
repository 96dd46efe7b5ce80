import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { TSchema } from 'typebox';
import {
  CalendarDate,
  Fingerprint,
  Instant,
  Sha256,
  SiteSlug,
  secureRandom,
  Uuid,
  uuidv7,
} from '#protocol/ids.ts';
import { parser } from '#protocol/schema.ts';
import { fixedRandom } from '#test/vectors/fixed.ts';

const ms = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const sixteen = fc.uint8Array({ minLength: 16, maxLength: 16 });

test('a UUIDv7 has the instant in its first 48 bits, version 7 and variant 10, and randomness in the rest', () => {
  fc.assert(
    fc.property(ms, sixteen, (now, random) => {
      const bytes = Buffer.from(uuidv7(now, () => Uint8Array.from(random)).replaceAll('-', ''), 'hex');
      assert.equal(bytes.readUIntBE(0, 6), now);
      assert.equal((bytes[6] ?? 0) >> 4, 7);
      assert.equal((bytes[8] ?? 0) >> 6, 0b10);
      assert.equal((bytes[6] ?? 0) & 0x0f, (random[6] ?? 0) & 0x0f);
      assert.deepEqual([...bytes.subarray(9)], [...random.subarray(9)]);
    }),
  );
});

test('the example of RFC 9562 appendix A.6 comes out', () => {
  const random = Buffer.from('0000000000000cc398c4dc0c0c07398f', 'hex');
  assert.equal(
    uuidv7(0x017f22e279b0, () => Uint8Array.from(random)),
    '017f22e2-79b0-7cc3-98c4-dc0c0c07398f',
  );
});

test('a later millisecond gives a greater id, as text too', () => {
  fc.assert(
    fc.property(ms, ms, (a, b) => {
      fc.pre(a < b);
      const random = fixedRandom('ids');
      assert.ok(uuidv7(a, random) < uuidv7(b, random));
    }),
  );
});

test('ids of one millisecond differ', () => {
  const ids = Array.from({ length: 1000 }, () => uuidv7(1_700_000_000_000, secureRandom));
  assert.equal(new Set(ids).size, 1000);
});

const cases: readonly [name: string, schema: TSchema, good: readonly string[], bad: readonly string[]][] = [
  [
    'uuid',
    Uuid,
    ['017f22e2-79b0-7cc3-98c4-dc0c0c07398f'],
    [
      '017F22E2-79B0-7CC3-98C4-DC0C0C07398F',
      '017f22e2-79b0-4cc3-98c4-dc0c0c07398f',
      '017f22e2-79b0-7cc3-c8c4-dc0c0c07398f',
      '017f22e279b07cc398c4dc0c0c07398f',
      '017f22e2-79b0-7cc3-98c4-dc0c0c07398f\n',
      '{017f22e2-79b0-7cc3-98c4-dc0c0c07398f}',
      '',
    ],
  ],
  [
    'site',
    SiteSlug,
    ['ab', 'seoul-1', 'a'.repeat(32)],
    ['a', 'Seoul', 'a'.repeat(33), 'a b', 'a_b', '서울', 'ab\n', '../x'],
  ],
  ['sha256', Sha256, ['0'.repeat(64)], ['0'.repeat(63), '0'.repeat(65), 'A'.repeat(64), 'g'.repeat(64)]],
  [
    'fingerprint',
    Fingerprint,
    ['ABCD-EFGH-2345-67ZZ'],
    ['abcd-efgh-2345-67zz', 'ABCD-EFGH-2345', 'ABCD-EFGH-0189-ABCD', 'ABCDEFGH234567ZZ'],
  ],
  [
    'instant',
    Instant,
    ['2026-01-15T09:30:00.000Z', '2024-02-29T23:59:59.999Z'],
    [
      '2026-01-15T09:30:00Z',
      '2026-01-15T09:30:00.000+09:00',
      '2026-13-01T00:00:00.000Z',
      '2026-00-01T00:00:00.000Z',
      '2026-01-32T00:00:00.000Z',
      '2026-01-15T24:30:00.000Z',
      '2026-01-15T09:60:00.000Z',
      '2026-01-15T09:30:60.000Z',
      '2026-01-15 09:30:00.000Z',
    ],
  ],
  [
    'date',
    CalendarDate,
    ['2026-01-31', '2024-02-29'],
    ['2026-1-31', '2026-13-01', '2026-00-10', '2026-01-00', '2026-01-32', '26-01-01'],
  ],
];

for (const [name, schema, good, bad] of cases) {
  test(`a ${name} has one form`, () => {
    const { check } = parser(schema);
    for (const text of good) assert.ok(check(text), text);
    for (const text of bad) assert.ok(!check(text), text);
  });
}

test('what is made passes its own pattern, and an instant that passes is one', () => {
  const [uuids, instants] = [parser(Uuid), parser(Instant)];
  fc.assert(fc.property(ms, (now) => assert.ok(uuids.check(uuidv7(now)))));
  fc.assert(
    fc.property(
      fc.date({ min: new Date('0000-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }),
      (at) => assert.ok(instants.check(at.toISOString())),
    ),
  );
});
