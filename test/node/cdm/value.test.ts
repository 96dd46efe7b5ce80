import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isDate, isDecimal, isWhole } from '#node/cdm/value.ts';

const at = (check: (bytes: Buffer, start: number, end: number) => boolean) => (text: string) => {
  const bytes = Buffer.from(`,${text},9`);
  return check(bytes, 1, bytes.length - 2);
};
const narrow = at((bytes, start, end) => isWhole(bytes, start, end, false));
const wide = at((bytes, start, end) => isWhole(bytes, start, end, true));
const decimal = at(isDecimal);
const date = at(isDate);

test('takes whole numbers of 32 and 64 bits and nothing beyond', () => {
  for (const text of ['0', '-1', '+7', '2147483647', '-2147483648', '0000000000012'])
    assert.ok(narrow(text), text);
  for (const text of ['2147483648', '-2147483649', '', '-', '1.0', '1e3', '0x1F', '1_000', 'NULL'])
    assert.ok(!narrow(text), text);
  assert.ok(wide('9223372036854775807') && wide('-9223372036854775808'));
  assert.ok(!wide('9223372036854775808') && !wide('-9223372036854775809'));
});

test('takes decimals with and without exponent, not words', () => {
  for (const text of ['1', '-1.5', '.5', '5.', '1e10', '2.5E-3', '+0.1']) assert.ok(decimal(text), text);
  for (const text of ['', '.', 'e5', '1e', '1,5', 'NaN', 'Infinity', 'NA', '1e99999'])
    assert.ok(!decimal(text), text);
});

test('takes days of the calendar in both spellings, with or without a time', () => {
  for (const text of [
    '2020-02-29',
    '20200229',
    '1900-01-01',
    '2020-01-31 23:59:59',
    '2020-01-31T00:00:00.000Z',
    '2020-01-01 10:00+02:00',
  ])
    assert.ok(date(text), text);
  for (const text of [
    '2021-02-29',
    '2020-13-01',
    '2020-00-10',
    '0000-01-01',
    '2020-1-1',
    '01/02/2020',
    'today',
    'infinity',
    '2020-01-01 25:00',
    '2020-01-01x',
    '2020-01-0',
    '2020010',
  ])
    assert.ok(!date(text), text);
});

test('agrees with the calendar on every day', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 9999 }),
      fc.integer({ min: 0, max: 13 }),
      fc.integer({ min: 0, max: 32 }),
      (year, month, day) => {
        const text = [
          String(year).padStart(4, '0'),
          String(month).padStart(2, '0'),
          String(day).padStart(2, '0'),
        ];
        const made = new Date(`${text.join('-')}T00:00:00Z`);
        const real = !Number.isNaN(made.getTime()) && made.toISOString().startsWith(text.join('-'));
        assert.equal(date(text.join('-')), real);
        assert.equal(date(text.join('')), real);
      },
    ),
  );
});
