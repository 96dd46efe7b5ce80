/** An audit log held against its witness: every entry that was countersigned is there with its hash, or its loss was admitted. */

import { type LedgerEntry, type LedgerVerdict, verifyLedger } from '#protocol/ledger.ts';

/** What a receipt says: entry `n`, in that epoch, had this hash. */
export interface WitnessedEntry {
  readonly epoch: number;
  readonly n: number;
  readonly hash: string;
}

/** An entry that the witness saw and the log does not hold, because the node was set back and a person said so. */
export interface LostEntry extends WitnessedEntry {
  readonly admittedBy: number;
}

export type WitnessedVerdict = LedgerVerdict & { readonly lost?: readonly LostEntry[] };

/** Verifies the chain, then each receipt; names the first entry at fault. */
export function verifyWitnessed(
  entries: readonly LedgerEntry[],
  receipts: readonly WitnessedEntry[],
): WitnessedVerdict {
  const verdict = verifyLedger(entries);
  if (!verdict.ok) return verdict;
  const openings = entries.filter(({ kind }) => kind === 'epoch-opened');
  const lost = new Map<string, LostEntry>();
  const sorted = [...receipts].sort((a, b) => a.n - b.n || a.epoch - b.epoch);
  for (const receipt of sorted) {
    const { epoch, n, hash } = receipt;
    const entry = entries[n - 1];
    if (entry?.hash === hash) continue;
    const admission = openings.find(
      (opening) => admits(opening, receipt) && answersNothing(entries.slice(n - 1, opening.n - 1)),
    );
    if (admission) lost.set(`${epoch} ${n} ${hash}`, { epoch, n, hash, admittedBy: admission.n });
    else return { ok: false, entry: n, fault: entry ? 'changed' : 'missing' };
  }
  return { ...verdict, lost: [...lost.values()] };
}

/**
 * Between the place where a log was cut off and the epoch that admits it, a node stands still and answers nothing. An answer there was written over
 * the one that the witness saw.
 */
const answersNothing = (entries: readonly LedgerEntry[]): boolean =>
  !entries.some(({ kind }) => answering.has(kind));

const answering: ReadonlySet<string> = new Set(['job-answered', 'reply-resent']);

/**
 * A new epoch admits the loss of entries of older ones, up to the newest head that it names as lost: what is missing beyond that was not
 * known when it was opened, and is not admitted.
 */
function admits({ body }: LedgerEntry, receipt: WitnessedEntry): boolean {
  const lost = Object(body.lost) as Partial<Record<'epoch' | 'n', unknown>>;
  return (
    Number(body.epoch) > receipt.epoch &&
    (Number(lost.epoch) > receipt.epoch ||
      (Number(lost.epoch) === receipt.epoch && receipt.n <= Number(lost.n)))
  );
}
