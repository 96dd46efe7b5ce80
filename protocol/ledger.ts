/**
 * The audit log's pure half: a hash chain. Each entry's hash covers its number, instant, kind, body and the hash before it,
 * so that a changed, missing or reordered entry shows. (A cut-off tail shows only to a witness that holds a later head.)
 */

import Type, { type Static } from 'typebox';
import { canonicalHash, type Json } from './canonical.ts';
import { Instant, Sha256 } from './ids.ts';

export const LedgerEntry = Type.Object(
  {
    n: Type.Integer({ minimum: 1 }),
    at: Instant,
    kind: Type.String({ pattern: '^[a-z][a-z-]{1,40}$' }),
    body: Type.Record(Type.String(), Type.Unknown()),
    previous: Sha256,
    hash: Sha256,
  },
  { additionalProperties: false },
);
export type LedgerEntry = Static<typeof LedgerEntry>;

/** The head of an empty ledger. */
export const genesis = '0'.repeat(64);

export interface LedgerHead {
  readonly n: number;
  readonly hash: string;
}

export const emptyHead: LedgerHead = { n: 0, hash: genesis };

/** The entry that follows `head`. */
export function chain(head: LedgerHead, at: string, kind: string, body: Record<string, Json>): LedgerEntry {
  const open = { n: head.n + 1, at, kind, body, previous: head.hash };
  return { ...open, hash: canonicalHash(open) };
}

export type LedgerVerdict =
  | { readonly ok: true; readonly entries: number; readonly head: string }
  | { readonly ok: false; readonly entry: number; readonly fault: 'changed' | 'missing' | 'reordered' };

/** Verifies a whole ledger in the order given; names the first entry at fault. */
export function verifyLedger(entries: readonly LedgerEntry[]): LedgerVerdict {
  const hashes = new Set(entries.map((entry) => entry.hash));
  let head = emptyHead;
  for (const entry of entries) {
    const expected = head.n + 1;
    const { hash, ...open } = entry;
    const intact = hashOf(open as unknown as Json) === hash;
    if (entry.previous !== head.hash) {
      // What it follows is still here, elsewhere: the order was changed. It is nowhere and a number is skipped: an entry
      // was taken out. It is nowhere and no number is skipped: the entry before was rewritten, hash and all.
      if (hashes.has(entry.previous) || entry.previous === genesis)
        return { ok: false, entry: expected, fault: 'reordered' };
      if (entry.n !== expected || head.n === 0) return { ok: false, entry: expected, fault: 'missing' };
      return { ok: false, entry: intact ? head.n : expected, fault: 'changed' };
    }
    if (entry.n !== expected) return { ok: false, entry: expected, fault: 'changed' };
    if (!intact) return { ok: false, entry: expected, fault: 'changed' };
    head = { n: expected, hash };
  }
  return { ok: true, entries: head.n, head: head.hash };
}

/** A body that has no canonical form (an integer beyond 2^53, say) cannot be what was chained. */
function hashOf(value: Json): string | undefined {
  try {
    return canonicalHash(value);
  } catch {
    return undefined;
  }
}
