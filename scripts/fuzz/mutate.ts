/** Changes an input: by bytes whatever it is, by lines and fields where it is text of a known form. */

import { mutateJson } from './mutate-json.ts';
import type { Draw } from './random.ts';

export type Form = 'json' | 'toml' | 'csv' | 'text';

const mostBytes = 1 << 20;

/** `others`: inputs of the same kind, to splice from. */
export function mutate(input: Buffer, form: Form, others: readonly Buffer[], draw: Draw): Buffer {
  let bytes = input;
  const aware = draw.fraction();
  if (aware < 0.75) bytes = mutateForm(bytes, form, draw);
  if (aware >= 0.75 || draw.chance(0.1)) {
    for (let times = 1 + draw.below(4); times > 0; times -= 1) bytes = mutateBytes(bytes, others, draw);
  }
  return bytes.length > mostBytes ? bytes.subarray(0, mostBytes) : bytes;
}

function mutateForm(bytes: Buffer, form: Form, draw: Draw): Buffer {
  switch (form) {
    case 'json':
      return Buffer.from(mutateJson(bytes.toString('utf8'), draw));
    case 'toml':
      return Buffer.from(mutateLines(bytes.toString('utf8'), draw, tomlLine));
    case 'csv':
      return Buffer.from(mutateLines(bytes.toString('utf8'), draw, csvLine));
    case 'text':
      return mutateBytes(bytes, [bytes], draw);
  }
}

function mutateBytes(bytes: Buffer, others: readonly Buffer[], draw: Draw): Buffer {
  const at = draw.below(bytes.length + 1);
  const length = Math.min(1 + draw.below(draw.pick([2, 8, 64, 1024])), bytes.length - at);
  switch (draw.below(8)) {
    case 0: {
      const flipped = Buffer.from(bytes);
      if (at < bytes.length) flipped[at]! ^= 1 << draw.below(8);
      return flipped;
    }
    case 1:
      return bytes.subarray(0, at);
    case 2:
      return bytes.subarray(at);
    case 3:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
    case 4:
      return Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
    case 5: {
      const other = draw.pick(others);
      const from = draw.below(other.length + 1);
      return Buffer.concat([
        bytes.subarray(0, at),
        other.subarray(from, from + 1 + draw.below(2000)),
        bytes.subarray(at),
      ]);
    }
    case 6: {
      const odd = draw.pick([
        [0],
        [255],
        [0xed, 0xa0, 0x80],
        [0xc0, 0xaf],
        [0xef, 0xbb, 0xbf],
        [34],
        [92],
        [10],
        [13, 10],
        [123],
        [93],
        [44],
      ]);
      return Buffer.concat([bytes.subarray(0, at), Buffer.from(odd), bytes.subarray(at)]);
    }
    default:
      return Buffer.concat([
        bytes.subarray(0, at),
        Buffer.alloc(draw.pick([1, 40, 3_000]), draw.below(256)),
        bytes.subarray(at),
      ]);
  }
}

function mutateLines(text: string, draw: Draw, change: (line: string, draw: Draw) => string): string {
  const lines = text.split('\n');
  for (let times = 1 + draw.below(3); times > 0; times -= 1) {
    const at = draw.below(lines.length);
    switch (draw.below(6)) {
      case 0:
        lines.splice(at, 1);
        break;
      case 1:
        lines.splice(at, 0, lines[draw.below(lines.length)] ?? '');
        break;
      case 2:
        lines.splice(at, 0, ...Array.from({ length: draw.pick([2, 30, 400]) }, () => lines[at] ?? ''));
        break;
      default:
        lines[at] = change(lines[at] ?? '', draw);
    }
  }
  return lines.join(draw.chance(0.1) ? '\r\n' : '\n');
}

const tomlValues = [
  '""',
  '"x',
  "'''",
  '[',
  '[[',
  '{}',
  '{a=1,a=2}',
  '0x',
  '1_000',
  '1e400',
  '99999999999999999999',
  'nan',
  '-inf',
  'true',
  '1979-05-27T07:32:00Z',
  '"\\ud800"',
  '"\\u0000"',
  '[1, "a", [[]]]',
  `${'['.repeat(300)}${']'.repeat(300)}`,
  '-1',
  '1001',
  '["count", "count"]',
  '"a\\nb"',
];
const tomlNames = [
  '__proto__',
  '"__proto__"',
  'constructor',
  'a.b.c',
  '"a b"',
  '',
  'toString',
  '[__proto__]',
  '[a.b]',
  '[[a]]',
];

function tomlLine(line: string, draw: Draw): string {
  const equals = line.indexOf('=');
  if (equals < 0 || draw.chance(0.2)) return `${draw.pick(tomlNames)} = ${draw.pick(tomlValues)}`;
  if (draw.chance(0.6)) return `${line.slice(0, equals)}= ${draw.pick(tomlValues)}`;
  return `${draw.chance(0.5) ? draw.pick(tomlNames) : line.slice(0, equals).trim()}${draw.pick(['x', '.x', ' ', ''])} ${line.slice(equals)}`;
}

const csvValues = [
  '',
  '"',
  '""',
  '"a""b"',
  '"a\nb"',
  '"open',
  'a"b',
  '-0',
  '1e5',
  '99999999999999999999',
  '9223372036854775808',
  '2147483648',
  '0001-01-01',
  '2021-02-29',
  '10000-01-01',
  '2020-01-01 25:00',
  '2020-01-01T10:00:00.5+09',
  'NaN',
  '\\N',
  '\\.',
  '\t',
  '\u0000',
  '모임',
  'é',
  '  7 ',
  '+5',
  '.5',
  '1.',
  "'",
];

function csvLine(line: string, draw: Draw): string {
  const fields = line.split(',');
  const at = draw.below(fields.length);
  switch (draw.below(5)) {
    case 0:
      fields.splice(at, 1);
      break;
    case 1:
      fields.splice(at, 0, draw.pick(csvValues));
      break;
    case 2:
      fields.push(...Array.from({ length: draw.pick([1, 70, 500]) }, () => draw.pick(csvValues)));
      break;
    default:
      fields[at] = draw.pick(csvValues);
  }
  return fields.join(draw.chance(0.05) ? '\t' : ',');
}
