import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalHash, type Json } from '#protocol/canonical.ts';
import { chain, emptyHead, genesis, LedgerEntry, verifyLedger } from '#protocol/ledger.ts';
import { parser } from '#protocol/schema.ts';

const at = '2026-01-15T09:30:00.000Z';

function ledger(length: number, kind = 'job-answered'): LedgerEntry[] {
  const entries: LedgerEntry[] = [];
  for (let i = 0; i < length; i += 1)
    entries.push(chain(entries.at(-1) ?? emptyHead, at, kind, { cells: i }));
  return entries;
}

const fault = (entries: readonly LedgerEntry[]) => {
  const verdict = verifyLedger(entries);
  return verdict.ok ? 'ok' : `${verdict.fault} ${verdict.entry}`;
};

/** The entry after `change`, with the hash that a forger would give it. */
function rehashed(entry: LedgerEntry, change: Partial<LedgerEntry>): LedgerEntry {
  const { hash: _, ...open } = { ...entry, ...change };
  return { ...open, hash: canonicalHash(open as unknown as Json) };
}

const replace = (entries: readonly LedgerEntry[], n: number, change: (entry: LedgerEntry) => LedgerEntry) =>
  entries.map((entry) => (entry.n === n ? change(entry) : entry));

test('a ledger begins at genesis and verifies, empty or not', () => {
  assert.deepEqual(verifyLedger([]), { ok: true, entries: 0, head: genesis });
  const five = ledger(5);
  assert.equal(five[0]?.previous, genesis);
  assert.ok(five.every((entry) => parser(LedgerEntry).check(entry)));
  assert.deepEqual(verifyLedger(five), { ok: true, entries: 5, head: five[4]?.hash });
});

const five = ledger(5);
const places = [1, 2, 3, 4, 5];

for (const n of places) {
  test(`names entry ${n} where its body, instant, kind, number or hash was changed`, () => {
    const changes: readonly Partial<LedgerEntry>[] = [
      { body: { cells: 99 } },
      { body: { ...five[n - 1]?.body, more: 1 } },
      { body: {} },
      { at: '2026-01-15T09:30:00.001Z' },
      { kind: 'job-refused' },
      { n: n + 10 },
      { hash: 'f'.repeat(64) },
      { body: { cells: 2 ** 60 } },
    ];
    for (const change of changes) {
      assert.equal(
        fault(replace(five, n, (entry) => ({ ...entry, ...change }))),
        `changed ${n}`,
        JSON.stringify(change),
      );
    }
  });
}

test('names the entry whose `previous` was changed, and not the one before it', () => {
  for (const n of [2, 3, 4, 5]) {
    assert.equal(
      fault(replace(five, n, (entry) => ({ ...entry, previous: 'e'.repeat(64) }))),
      `changed ${n}`,
    );
  }
});

test('names an entry that was rewritten with a hash of its own, by the entry after it', () => {
  for (const n of [1, 2, 3, 4]) {
    assert.equal(
      fault(replace(five, n, (entry) => rehashed(entry, { body: { cells: 99 } }))),
      `changed ${n}`,
    );
  }
});

test('a rewritten last entry, and a ledger rewritten from some entry on, show only by their head', () => {
  const forged = replace(five, 5, (entry) => rehashed(entry, { body: { cells: 99 } }));
  const verdict = verifyLedger(forged);
  assert.ok(verdict.ok);
  assert.notEqual(verdict.head, five[4]?.hash);
});

test('names the first entry that is missing, at the beginning or within', () => {
  for (const n of [1, 2, 3, 4]) assert.equal(fault(five.filter((entry) => entry.n !== n)), `missing ${n}`);
  assert.equal(fault(five.slice(2)), 'missing 1');
  assert.equal(fault([...five.slice(0, 1), ...five.slice(4)]), 'missing 2');
});

test('a tail that was cut off does not show here: a witness must hold a later head', () => {
  for (const length of places)
    assert.deepEqual(verifyLedger(five.slice(0, length)), {
      ok: true,
      entries: length,
      head: five[length - 1]?.hash,
    });
});

test('a missing entry whose place is papered over by renumbering does not pass', () => {
  const without = five
    .filter((entry) => entry.n !== 3)
    .map((entry) => (entry.n > 3 ? { ...entry, n: entry.n - 1 } : entry));
  assert.notEqual(fault(without), 'ok');
  const rehashedToo = five
    .filter((entry) => entry.n !== 3)
    .map((entry) => (entry.n > 3 ? rehashed(entry, { n: entry.n - 1 }) : entry));
  assert.notEqual(fault(rehashedToo), 'ok');
});

test('entries swapped, doubled, turned round or numbered anew do not pass', () => {
  const [a, b, c, d, e] = five as [LedgerEntry, LedgerEntry, LedgerEntry, LedgerEntry, LedgerEntry];
  assert.equal(fault([b, a, c, d, e]), 'reordered 1');
  assert.equal(fault([a, c, b, d, e]), 'reordered 2');
  assert.equal(fault([a, b, c, e, d]), 'reordered 4');
  assert.equal(fault([e, d, c, b, a]), 'reordered 1');
  assert.equal(fault([a, a, b, c, d, e]), 'reordered 2');
  assert.equal(fault([a, b, c, d, e, e]), 'reordered 6');
  assert.equal(fault([a, b, c, { ...d, n: 5 }, { ...e, n: 4 }]), 'changed 4');
  assert.equal(fault([a, { ...b, n: 3 }, { ...c, n: 2 }, d, e]), 'changed 2');
});

test('two ledgers joined together do not pass', () => {
  const others = ledger(3, 'other');
  assert.notEqual(fault([...five, ...others]), 'ok');
  assert.notEqual(fault([...five.slice(0, 2), ...others.slice(2)]), 'ok');
});

const bodies = fc.dictionary(
  fc.string({ minLength: 1, maxLength: 8 }),
  fc.oneof(fc.maxSafeInteger(), fc.string({ unit: 'grapheme' }), fc.boolean(), fc.constant(null)),
);
const ledgers = fc.array(bodies, { minLength: 1, maxLength: 12 }).map((list) => {
  const entries: LedgerEntry[] = [];
  for (const body of list) {
    entries.push(chain(entries.at(-1) ?? emptyHead, at, 'job-answered', body as Record<string, Json>));
  }
  return entries;
});

test('whatever is recorded verifies, also after a trip through JSON', () => {
  fc.assert(
    fc.property(ledgers, (entries) =>
      assert.equal(fault(JSON.parse(JSON.stringify(entries)) as LedgerEntry[]), 'ok'),
    ),
  );
});

test('any other order, or any set of entries but a beginning, is at fault', () => {
  const picked = ledgers.chain((entries) =>
    fc.tuple(fc.constant(entries), fc.array(fc.nat(entries.length - 1), { maxLength: entries.length + 2 })),
  );
  fc.assert(
    fc.property(picked, ([entries, order]) => {
      const taken = order.map((i) => entries[i]).filter((entry) => entry !== undefined);
      const beginning = order.every((i, place) => i === place);
      assert.equal(verifyLedger(taken).ok, beginning);
    }),
  );
});

test('any change of one member of one entry is at fault', () => {
  fc.assert(
    fc.property(
      ledgers,
      fc.nat(),
      fc.constantFrom('n', 'at', 'kind', 'body', 'previous', 'hash'),
      (entries, pick, member) => {
        const n = (pick % entries.length) + 1;
        const changed: LedgerEntry[] = replace(entries, n, (entry) => {
          const other = {
            n: entry.n + 1,
            at: `${entry.at}x`,
            kind: `${entry.kind}x`,
            body: { ...entry.body, odd: 'x' },
            previous: entry.hash,
            hash: entry.previous,
          };
          return { ...entry, [member]: other[member] };
        });
        assert.equal(verifyLedger(changed).ok, false);
      },
    ),
  );
});
