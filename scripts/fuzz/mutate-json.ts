/** Changes a JSON document as an attacker who knows JSON would: types, depth, numbers, names, members twice over. */

import type { Draw } from './random.ts';

/** Where the text of a value that JSON.stringify cannot write goes. */
const hole = '\u0001hole\u0001';

const numbers = [
  '1e999',
  '-1e999',
  '1e-999',
  '-0',
  '9007199254740993',
  '123456789012345678901234567890',
  '2147483648',
  '-2147483649',
  '0.1e1',
  '1E400',
  '3.0',
  '4294967296',
  '-1',
  '0',
  '1e21',
  '99999999999999999999.5',
] as const;

const names = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'valueOf',
  '',
  ' ',
  'kind',
  't',
  'v',
  '\u0000',
  '$ref',
  'then',
  'length',
] as const;

const texts = [
  '',
  '\u0000',
  '\ud800',
  '\udfff\ud800',
  '\u202e',
  '모임',
  'é',
  'e\u0301',
  '😀',
  '../../etc/passwd',
  "'; drop table person; --",
  '#{7*7}',
  '%s%n',
  '2026-02-30',
  '9999-99-99',
  '-0001-01-01',
  '2026-01-15T09:30:00.000Z',
  '00000000-0000-7000-8000-000000000000',
  'a.b.c',
  '..',
  '\r\n',
  '"',
  '\\',
] as const;

type Value = unknown;
type Place = { readonly holder: Record<string, Value> | Value[]; readonly key: string | number };

/** Gives other JSON text; what is not JSON is given back as it is. */
export function mutateJson(text: string, draw: Draw): string {
  let root: { value: Value };
  try {
    root = { value: JSON.parse(text) };
  } catch {
    return text;
  }
  const holes: string[] = [];
  for (let times = 1 + draw.below(3); times > 0; times -= 1) change(root, draw, holes);
  let out = JSON.stringify(root.value) ?? '';
  for (const filling of holes) out = out.replace(JSON.stringify(hole), () => filling);
  return draw.chance(0.1) ? twice(out, draw) : out;
}

function change(root: { value: Value }, draw: Draw, holes: string[]): unknown {
  const places = placesOf(root);
  const { holder, key } = draw.pick(places);
  const at = holder as Record<string | number, Value>;
  const fill = (text: string) => {
    holes.push(text);
    put(at, key, hole);
  };
  switch (draw.below(12)) {
    case 0:
      return fill(draw.pick(numbers));
    case 1:
      return put(at, key, draw.pick([null, true, false, 0, 1, -1, '', [], {}, 'x', 1.5]));
    case 2:
      return put(at, key, draw.pick(texts));
    case 3: {
      const other = draw.pick(places);
      return put(at, key, structuredClone((other.holder as Record<string | number, Value>)[other.key]));
    }
    case 4:
      return put(at, key, draw.chance(0.5) ? [at[key]] : { [draw.pick(names)]: at[key] });
    case 5: {
      const depth = rarely(draw, 20_000, [2, 20, 50, 199, 201, 1000]);
      return fill(
        draw.chance(0.5)
          ? '['.repeat(depth) + ']'.repeat(depth)
          : `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`,
      );
    }
    case 6:
      if (Array.isArray(holder)) holder.splice(Number(key), 1);
      else delete holder[key];
      return undefined;
    case 7: {
      const value = at[key];
      if (typeof value !== 'object' || value === null || Array.isArray(value))
        return put(at, key, draw.pick(texts));
      return put(value as Record<string, Value>, draw.pick(names), draw.pick([1, 'x', null, {}, []]));
    }
    case 8:
      if (!Array.isArray(holder)) {
        const value = holder[key];
        delete holder[key];
        put(
          holder,
          draw.chance(0.5) ? draw.pick(names) : `${String(key)}${draw.pick(['x', ' ', '\u0000'])}`,
          value,
        );
      }
      return undefined;
    case 9: {
      const value = at[key];
      return put(
        at,
        key,
        typeof value === 'string'
          ? bend(value, draw)
          : typeof value === 'number'
            ? value + draw.pick([1, -1, 0.5, 1e9])
            : value,
      );
    }
    case 10: {
      const value = at[key];
      const copies = rarely(draw, 300, [1, 2, 20]);
      if (Array.isArray(value) && JSON.stringify(value).length * copies < 200_000)
        put(at, key, Array.from({ length: copies }, () => structuredClone(value)).flat());
      return undefined;
    }
    default:
      return put(at, key, 'x'.repeat(rarely(draw, 70_000, [1, 33, 201, 256, 2_001])));
  }
}

/** What is large costs as much as a hundred others. */
const rarely = (draw: Draw, large: number, usual: readonly number[]): number =>
  draw.chance(0.01) ? large : draw.pick(usual);

/** As a member of its own: `__proto__` too. */
function put(holder: object, key: string | number, value: Value): void {
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
}

function bend(value: string, draw: Draw): string {
  const at = draw.below(value.length + 1);
  const cut = draw.chance(0.5) ? 1 : 0;
  return `${value.slice(0, at)}${draw.pick(['', ' ', ...texts])}${value.slice(at + cut)}`;
}

/** One member written twice. */
function twice(text: string, draw: Draw): string {
  const members = [...text.matchAll(/"(?:[^"\\]|\\.)*":(?:"(?:[^"\\]|\\.)*"|[-0-9.eE+]+|true|false|null)/g)];
  if (members.length === 0) return text;
  const { 0: member, index } = draw.pick(members);
  return `${text.slice(0, index)}${member},${text.slice(index)}`;
}

/** Every place of a value in the document; the document itself is one. */
function placesOf(root: { value: Value }): Place[] {
  const found: Place[] = [{ holder: root as Record<string, Value>, key: 'value' }];
  for (let next = 0; next < found.length && next < 3_000; next += 1) {
    const { holder, key } = found[next]!;
    const value = (holder as Record<string | number, Value>)[key];
    if (typeof value !== 'object' || value === null) continue;
    if (Array.isArray(value))
      for (let at = 0; at < value.length; at += 1) found.push({ holder: value, key: at });
    else
      for (const name of Object.keys(value))
        found.push({ holder: value as Record<string, Value>, key: name });
  }
  return found;
}
