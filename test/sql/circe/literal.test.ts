import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  dateLiteral,
  decimalNumber,
  idArray,
  identifier,
  plusDays,
  textLiteral,
  wholeNumber,
} from '#sql/circe/literal.ts';

test('quotes names, and refuses those PostgreSQL cannot hold', () => {
  assert.equal(identifier('cdm'), '"cdm"');
  assert.equal(identifier('a"; drop schema cdm; --'), '"a""; drop schema cdm; --"');
  for (const name of ['', 'a\0', '가'.repeat(22)]) assert.throws(() => identifier(name), RangeError);
});

test('writes a text with a backslash so that no setting changes its meaning', () => {
  assert.equal(textLiteral("it's"), "'it''s'");
  assert.equal(textLiteral("a\\' or 1=1 --"), "E'a\\\\'' or 1=1 --'");
  assert.throws(() => textLiteral('a\0b'), RangeError);
});

test('dates and numbers are nothing else', () => {
  assert.throws(() => dateLiteral("2020-01-01' or true --"), RangeError);
  assert.throws(() => wholeNumber(Number.NaN), RangeError);
  assert.equal(wholeNumber(-3), '(-3)');
  assert.equal(plusDays('d', -3), 'd - 3');
  assert.equal(plusDays('d', 0), 'd');
});

test('ids beyond 32 bits make the array wider', () => {
  assert.equal(idArray([1, 2]), "'{1,2}'::int[]");
  assert.equal(idArray([1, 9007199254740993n]), "'{1,9007199254740993}'::bigint[]");
});

test('rounds thresholds half up on their decimal form, as Java does', () => {
  const rounded = [1.00015, 0.00005, 1e-7, -2.34565, 7, 1.499, 0.1 + 0.2, 123456.99995].map((n) =>
    decimalNumber(n, 4),
  );
  assert.deepEqual(rounded, [
    '1.0002',
    '0.0001',
    '0.0000',
    '(-2.3457)',
    '7.0000',
    '1.4990',
    '0.3000',
    '123457.0000',
  ]);
  assert.throws(() => decimalNumber(Infinity, 4), RangeError);
});

test('no rounding is further from the number than half a unit', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), (value) => {
      assert.ok(Math.abs(Number(decimalNumber(value, 4)) - value) <= 0.00005 + value * 1e-15);
    }),
  );
});
