import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifyWitnessed, type WitnessedEntry } from '#host/audit-witness.ts';
import type { Json } from '#protocol/canonical.ts';
import { chain, emptyHead, type LedgerEntry, type LedgerHead } from '#protocol/ledger.ts';

const at = '2026-01-15T09:30:00.000Z';

function log(...facts: readonly (readonly [string, Record<string, Json>])[]): LedgerEntry[] {
  let head: LedgerHead = emptyHead;
  return facts.map(([kind, body]) => {
    const entry = chain(head, at, kind, body);
    head = entry;
    return entry;
  });
}

const fact = (i: number): readonly [string, Record<string, Json>] => ['job-answered', { i }];
const whole = log(fact(1), fact(2), fact(3), fact(4));
const seen = (entries: readonly LedgerEntry[], n: number, epoch = 1): WitnessedEntry => ({
  epoch,
  n,
  hash: entries[n - 1]?.hash ?? '',
});
/** A log that was set back to two entries and went on; what it lost up to `n` it admits. */
const reopened = (n: number) =>
  log(
    fact(1),
    fact(2),
    ['epoch-opened', { epoch: 2, reason: 'disk lost', lost: { epoch: 1, n, hash: 'x' } }],
    fact(5),
  );

test('a log that holds every entry the witness saw is whole', () => {
  assert.deepEqual(verifyWitnessed(whole, [seen(whole, 4), seen(whole, 2)]), {
    ok: true,
    entries: 4,
    head: whole[3]?.hash,
    lost: [],
  });
});

test('an entry the witness saw is missing where the tail is cut off, changed where another stands there', () => {
  assert.deepEqual(verifyWitnessed(whole.slice(0, 3), [seen(whole, 2), seen(whole, 4)]), {
    ok: false,
    entry: 4,
    fault: 'missing',
  });
  const other = log(fact(1), fact(9), fact(3));
  assert.deepEqual(verifyWitnessed(other, [seen(whole, 4), seen(whole, 2)]), {
    ok: false,
    entry: 2,
    fault: 'changed',
  });
  assert.deepEqual(verifyWitnessed([], [seen(whole, 1)]), { ok: false, entry: 1, fault: 'missing' });
});

test('a chain that is broken in itself is so, whatever the witness says', () => {
  const verdict = verifyWitnessed(whole.toSpliced(1, 1), [seen(whole, 1)]);
  assert.deepEqual(verdict, { ok: false, entry: 2, fault: 'missing' });
});

test('what was lost and admitted by a new epoch is named, not hidden', () => {
  const verdict = verifyWitnessed(reopened(4), [seen(whole, 2), seen(whole, 3), seen(whole, 4)]);
  assert.ok(verdict.ok);
  assert.deepEqual(
    verdict.lost?.map(({ epoch, n, admittedBy }) => [epoch, n, admittedBy]),
    [
      [1, 3, 3],
      [1, 4, 3],
    ],
  );
});

test('a new epoch admits no more than it names, and nothing of its own', () => {
  assert.deepEqual(verifyWitnessed(reopened(3), [seen(whole, 4)]), { ok: false, entry: 4, fault: 'changed' });
  const entries = reopened(4);
  const later = log(fact(1), fact(2), fact(3), fact(4), fact(5));
  assert.deepEqual(verifyWitnessed(entries, [seen(later, 5, 2)]), { ok: false, entry: 5, fault: 'missing' });
});

test('an epoch opened without knowing of a loss admits none', () => {
  const entries = log(fact(1), ['epoch-opened', { epoch: 2, reason: 'to be sure', lost: null }]);
  assert.deepEqual(verifyWitnessed(entries, [seen(whole, 2)]), { ok: false, entry: 2, fault: 'changed' });
});

test('an answer written over a witnessed entry is a change, whatever a later epoch admits', () => {
  for (const kind of ['job-answered', 'reply-resent']) {
    const rewritten = log(
      fact(1),
      fact(2),
      ['job-held', { i: 3 }],
      [kind, { i: 44 }],
      ['epoch-opened', { epoch: 2, reason: 'disk lost', lost: { epoch: 1, n: 4, hash: 'x' } }],
    );
    assert.deepEqual(verifyWitnessed(rewritten, [seen(whole, 2), seen(whole, 4)]), {
      ok: false,
      entry: 4,
      fault: 'changed',
    });
  }
  const still = log(
    fact(1),
    fact(2),
    ['restored', {}],
    ['set-back', {}],
    ['epoch-opened', { epoch: 2, reason: 'disk lost', lost: { epoch: 1, n: 4, hash: 'x' } }],
  );
  assert.equal(verifyWitnessed(still, [seen(whole, 3), seen(whole, 4)]).ok, true);
});
