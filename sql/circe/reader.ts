/**
 * Reads JSON objects property by property, collecting every fault with its JSON path. A property that nobody asked
 * for is an error: a definition must never lose a condition on the way to SQL.
 */

import type { Json } from '#sql/circe/json.ts';
import { expected, readRemedies, readMessages as says } from '#sql/circe/read/messages.ts';
import type { Found, Told } from '#sql/circe/told.ts';

export interface Reader {
  readonly findings: Found[];
  /** What was read and says nothing, so that the definition cannot show it any more. */
  readonly warnings: Found[];
  error(path: string, code: string, message: Told, remedy?: Told): void;
}

export function createReader(): Reader {
  const findings: Found[] = [];
  return {
    findings,
    warnings: [],
    error(path, code, message, remedy) {
      findings.push({ code, severity: 'error', path, message, ...(remedy === undefined ? {} : { remedy }) });
    },
  };
}

/** One JSON object being read. `null` counts as absent, as in Circe. */
export interface ObjectReader {
  readonly path: string;
  at(name: string): string;
  /** The value, marked as known; undefined where absent or null. */
  take(name: string): Json | undefined;
  /** Marks names as known without reading them (names and captions that change no result). */
  skip(...names: readonly string[]): void;
  names(): readonly string[];
  /** Reports every property that was not taken. */
  done(): void;
}

/** Begins to read an object; an error and an empty object where the value is no object. */
export function openObject(reader: Reader, path: string, value: Json | undefined): ObjectReader {
  let object: { readonly [name: string]: Json } = {};
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) object = value as typeof object;
  else reader.error(path, 'not-an-object', says.expected(expected.object, value));
  const known = new Set<string>();
  const at = (name: string): string =>
    /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? `${path}.${name}` : `${path}[${JSON.stringify(name)}]`;
  return {
    path,
    at,
    take(name) {
      known.add(name);
      return Object.hasOwn(object, name) ? (object[name] ?? undefined) : undefined;
    },
    skip(...names) {
      for (const name of names) known.add(name);
    },
    names: () => Object.keys(object),
    done() {
      for (const name of Object.keys(object)) {
        if (known.has(name)) continue;
        reader.error(at(name), 'unknown-property', says.unknownProperty, readRemedies.spelling);
      }
    },
  };
}

/** The items of a list with their paths; absent gives none. */
export function listOf(
  reader: Reader,
  path: string,
  value: Json | undefined,
): readonly (readonly [string, Json])[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) {
    reader.error(path, 'not-a-list', says.expected(expected.list, value));
    return [];
  }
  return value.map((item: Json, index) => [`${path}[${index}]`, item] as const);
}

const int4 = 2147483647;

/**
 * A whole number of 32 bits, also in quotes (as Circe's JSON library takes it); undefined (with an error) for anything
 * else, undefined alone where absent.
 */
export function integerOf(reader: Reader, path: string, given: Json | undefined): number | undefined {
  if (given === undefined) return undefined;
  const value = typeof given === 'string' && /^[-+]?\d{1,10}$/.test(given) ? Number(given) : given;
  if (typeof value === 'number' && Number.isInteger(value) && Math.abs(value) <= int4) return value;
  reader.error(path, 'not-an-integer', says.expected(expected.integer, value));
  return undefined;
}

/** More days than any life: what is beyond could only overflow a date, and so tell by failing whether a row is there. */
const mostDays = 100_000;

/** A number of days, of either sign; undefined (with an error) for anything else, undefined alone where absent. */
export function daysOf(reader: Reader, path: string, value: Json | undefined): number | undefined {
  const days = integerOf(reader, path, value);
  if (days === undefined || Math.abs(days) <= mostDays) return days;
  reader.error(path, 'too-large', says.mostDays(mostDays));
  return undefined;
}

export function booleanOf(reader: Reader, path: string, value: Json | undefined): boolean | undefined {
  if (value === undefined || typeof value === 'boolean') return value;
  reader.error(path, 'not-a-boolean', says.expected(expected.boolean, value));
  return undefined;
}

/** A text that PostgreSQL can hold (no NUL, well-formed Unicode). */
export function textOf(reader: Reader, path: string, value: Json | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string') {
    reader.error(path, 'not-a-text', says.expected(expected.text, value));
    return undefined;
  }
  if (value.includes('\0') || !value.isWellFormed()) {
    reader.error(path, 'bad-text', says.badText);
    return undefined;
  }
  return value;
}

/** One of the given words, compared without case where `anyCase` (Circe does so for some). */
export function wordOf<Word extends string>(
  reader: Reader,
  path: string,
  value: Json | undefined,
  words: readonly Word[],
  anyCase = false,
): Word | undefined {
  const text = textOf(reader, path, value);
  if (text === undefined) return undefined;
  const word = words.find((one) => one === text || (anyCase && one.toLowerCase() === text.toLowerCase()));
  if (word === undefined) reader.error(path, 'unknown-word', says.oneOf(words));
  return word;
}

/** A calendar date; `2014-8-5` becomes `2014-08-05` as in Circe. An empty text is an error: it says nothing. */
export function dateOf(reader: Reader, path: string, value: Json | undefined): string | undefined {
  const text = textOf(reader, path, value);
  if (text === undefined) return undefined;
  const [, year, month, day] = /^(\d{1,4})-(\d{1,2})-(\d{1,2})$/.exec(text) ?? [];
  if (year !== undefined && month !== undefined && day !== undefined) {
    const date = `${year.padStart(4, '0')}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
    if (isDate(date)) return date;
  }
  reader.error(path, 'not-a-date', says.date);
  return undefined;
}

function isDate(date: string): boolean {
  const [year = 0, month = 0, day = 0] = date.split('-').map(Number);
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1];
  return year > 0 && days !== undefined && day >= 1 && day <= days;
}

/** Freezes data through and through. */
export function deepFreeze<Data>(data: Data): Data {
  if (data !== null && typeof data === 'object' && !Object.isFrozen(data)) {
    Object.freeze(data);
    for (const name in data) deepFreeze(data[name]);
  }
  return data;
}
