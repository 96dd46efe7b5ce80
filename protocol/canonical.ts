/**
 * Canonical JSON (RFC 8785, JSON Canonicalization Scheme): the bytes that are hashed and signed. ECMAScript's own number
 * and string serialisation is the scheme's; members are ordered by UTF-16 code units.
 */

import { sha256 } from '@noble/hashes/sha2.js';
import { toHex, utf8 } from './bytes.ts';
import { MoimError } from './errors.ts';

export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json | undefined };

/**
 * Gives the canonical text of a JSON value; members that are undefined are left out. Throws MoimError `not-canonical`
 * for what JSON cannot carry exactly: a number that is not finite, an integer beyond ±(2⁵³−1), a lone surrogate.
 */
export function canonical(value: Json): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new MoimError('not-canonical', 'a number is not finite');
    if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
      throw new MoimError(
        'not-canonical',
        'a whole number is beyond 2^53 and would not survive every reader',
      );
    }
    return JSON.stringify(value);
  }
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw new MoimError('not-canonical', 'a text has a lone surrogate');
    return JSON.stringify(value);
  }
  if (typeof value !== 'object')
    throw new MoimError('not-canonical', `a ${typeof value} has no place in JSON`);
  if (Array.isArray(value)) return `[${Array.from(value, (item: Json) => canonical(item)).join(',')}]`;
  const members = Object.entries(value as { readonly [key: string]: Json | undefined });
  return `{${members
    .filter((member): member is [string, Json] => member[1] !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, item]) => `${canonical(key)}:${canonical(item)}`)
    .join(',')}}`;
}

/** SHA-256 of the canonical bytes, lower-case hex. */
export function canonicalHash(value: Json): string {
  return hash(canonical(value));
}

/** SHA-256 of text (as UTF-8) or bytes, lower-case hex. */
export function hash(data: string | Uint8Array): string {
  return toHex(sha256(typeof data === 'string' ? utf8(data) : data));
}
