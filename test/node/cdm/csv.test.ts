import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { COMMA, CsvScanner, fieldText, TAB } from '#node/cdm/csv.ts';

interface Read {
  readonly fields: readonly string[];
  readonly line: number;
  readonly fault: string | undefined;
}

/** Reads text in pieces of `size` bytes, as a stream would bring it. */
function read(text: string, delimiter = COMMA, size = 7): Read[] {
  const bytes = Buffer.from(text);
  const scanner = new CsvScanner(delimiter);
  const records: Read[] = [];
  let rest: Buffer = Buffer.alloc(0);
  for (let from = 0; from < bytes.length || from === 0; from += size) {
    const last = from + size >= bytes.length;
    const joined = Buffer.concat([rest, bytes.subarray(from, from + size)]);
    const taken = scanner.scan(joined, last, (record) => {
      const fields = Array.from({ length: record.count }, (_, index) => fieldText(record, index));
      records.push({ fields, line: record.line, fault: record.fault });
      return true;
    });
    rest = joined.subarray(taken);
  }
  return records;
}

const fieldsOf = (text: string, delimiter = COMMA) => read(text, delimiter).map((record) => record.fields);

test('reads quoted fields with commas, quotes and newlines, LF and CRLF', () => {
  assert.deepEqual(fieldsOf('a,"b,c"\r\n"d ""e""","f\ng"\n'), [
    ['a', 'b,c'],
    ['d "e"', 'f\ng'],
  ]);
});

test('reads the last record without a newline, and empty fields', () => {
  assert.deepEqual(fieldsOf('a,,\n,"",'), [
    ['a', '', ''],
    ['', '', ''],
  ]);
});

test('passes over blank lines but not over a quoted empty field', () => {
  assert.deepEqual(fieldsOf('a\n\n\r\nb\n""\n'), [['a'], ['b'], ['']]);
});

test('counts physical lines across quoted newlines', () => {
  const lines = read('a,"1\n2\n3"\nb,c\n\n"x\r\ny",d\ne,f').map((record) => record.line);
  assert.deepEqual(lines, [1, 4, 6, 8]);
});

test('takes a quote in a tab-separated file for a character, as Athena writes it', () => {
  assert.deepEqual(fieldsOf('1\t"Blood" type\n2\t6" rule\n', TAB), [
    ['1', '"Blood" type'],
    ['2', '6" rule'],
  ]);
});

test('finds broken quoting and goes on with the next line', () => {
  const records = read('a,b\nc,d"e\nf,"g"h\ni,j\nk,"never\nends');
  assert.deepEqual(
    records.map((record) => [record.line, record.fault]),
    [
      [1, undefined],
      [2, 'a quote inside an unquoted field'],
      [3, 'text after a closing quote'],
      [4, undefined],
      [5, 'a quoted field that never closes'],
    ],
  );
});

const quote = (text: string, always: boolean) =>
  always || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;

test('gives back what any writer of RFC 4180 wrote, in pieces of any size', () => {
  const field = fc.oneof(
    fc.string(),
    fc.string({ unit: fc.constantFrom('"', ',', '\n', '\r\n', 'a', 'é', '한', '\t') }),
  );
  const record = fc.array(fc.tuple(field, fc.boolean()), { minLength: 2, maxLength: 5 });
  fc.assert(
    fc.property(
      fc.array(record, { minLength: 1, maxLength: 8 }),
      fc.constantFrom('\n', '\r\n'),
      fc.integer({ min: 1, max: 40 }),
      fc.boolean(),
      (records, newline, size, ended) => {
        const lines = records.map((fields) => fields.map(([text, always]) => quote(text, always)).join(','));
        const text = lines.join(newline) + (ended ? newline : '');
        const found = read(text, COMMA, size);
        assert.deepEqual(
          found.map((each) => each.fields),
          records.map((fields) => fields.map(([each]) => each)),
        );
        assert.ok(found.every((each) => each.fault === undefined));
      },
    ),
  );
});
