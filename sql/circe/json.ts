/** JSON as Circe needs it: integers beyond 2^53 come as bigint instead of being rounded. */

import { readMessages } from '#sql/circe/read/messages.ts';
import type { Told } from '#sql/circe/told.ts';

/** Why a text is no definition, in words that do not quote it. */
export class Unreadable extends Error {
  readonly why: Told;
  constructor(why: Told) {
    super(why.en);
    this.why = why;
  }
}

export type Json =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly Json[]
  | { readonly [name: string]: Json };

type Reviver = (
  this: unknown,
  name: string,
  value: unknown,
  context: { readonly source?: string },
) => unknown;

/**
 * Parses JSON text; a byte order mark at the start is accepted. Throws Unreadable with the position only: the message
 * of `JSON.parse` quotes the text, which a log need not repeat.
 */
export function parseJson(text: string): Json {
  // The third argument of a reviver (ES2026, in Node 24) is missing in TypeScript's library.
  const parse = JSON.parse as (text: string, reviver: Reviver) => Json;
  const bare = text.startsWith('\uFEFF') ? text.slice(1) : text;
  try {
    // A number that needs more than 15 digits is rare (codes of concepts are texts), and a reviver slow.
    if (!/\d{16}/.test(bare) || !/(?:^|[:[,])\s*-?\d{16}/.test(bare)) return JSON.parse(bare);
    return parse(bare, (_name, value, context) => {
      const source = context.source;
      if (typeof value !== 'number' || source === undefined || Number.isSafeInteger(value)) return value;
      return /^-?\d+$/.test(source) ? BigInt(source) : value;
    });
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : '';
    if (/end of JSON/.test(message)) throw new Unreadable(readMessages.breaksOff);
    const at = /position (\d+)/.exec(message)?.[1] ?? firstUnexpected(bare);
    throw new Unreadable(readMessages.notJsonAt(at));
  }
}

/** Where the message of `JSON.parse` quotes the text instead of the position: the shortest beginning that is refused so. */
function firstUnexpected(text: string): number {
  let [fine, refused] = [0, text.length];
  while (fine + 1 < refused) {
    const middle = Math.floor((fine + refused) / 2);
    try {
      JSON.parse(text.slice(0, middle));
      fine = middle;
    } catch (cause) {
      if (cause instanceof Error && /^Unexpected token/.test(cause.message)) refused = middle;
      else fine = middle;
    }
  }
  return fine;
}
