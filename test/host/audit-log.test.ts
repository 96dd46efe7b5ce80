import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { Kysely, PostgresDialect, sql } from 'kysely';
import { auditEntries, auditHead, record } from '#host/audit-log.ts';
import type { Json } from '#protocol/canonical.ts';
import { emptyHead, LedgerEntry, verifyLedger } from '#protocol/ledger.ts';
import { parser } from '#protocol/schema.ts';
import type { MoimTables } from '#sql/tables/moim.ts';
import { testDatabase } from '#test/support/database.ts';

const { pool } = await testDatabase({ after }, { streams: ['moim'] });
const db = new Kysely<MoimTables>({ dialect: new PostgresDialect({ pool }) }).withSchema('moim');
const at = '2026-01-15T09:30:00.123Z';
const write = (body: Record<string, Json>, kind = 'job-answered') =>
  db.transaction().execute((transaction) => record(transaction, at, kind, body));

test('is empty at first', async () => {
  assert.deepEqual(await auditHead(db), emptyHead);
  assert.deepEqual(verifyLedger(await auditEntries(db)), { ok: true, entries: 0, head: emptyHead.hash });
});

test('gives back what was recorded, and the new head', async () => {
  const head = await write({ job: 'x', cells: 3 });
  const [entry] = await auditEntries(db);
  assert.deepEqual(
    { at: entry?.at, kind: entry?.kind, body: entry?.body, n: entry?.n },
    { at, kind: 'job-answered', body: { job: 'x', cells: 3 }, n: 1 },
  );
  assert.deepEqual(await auditHead(db), head);
  assert.ok(parser(LedgerEntry).check(entry));
});

test('stays one whole chain under eight writers at once, some of whose acts fail', async () => {
  const before = (await auditHead(db)).n;
  const writers = Array.from({ length: 8 }, (_, writer) => async () => {
    for (let i = 0; i < 6; i += 1) {
      await db
        .transaction()
        .execute(async (transaction) => {
          await record(transaction, at, 'job-answered', { writer, i });
          if (i === 3) throw new Error('the act failed');
        })
        .catch((cause: Error) => assert.equal(cause.message, 'the act failed'));
    }
  });
  await Promise.all(writers.map((writer) => writer()));
  const entries = await auditEntries(db);
  assert.equal(verifyLedger(entries).ok, true);
  assert.equal(entries.length, before + 40);
  assert.ok(
    entries.every(({ body }) => body.i !== 3),
    'an act that failed is not on record',
  );
  for (let writer = 0; writer < 8; writer += 1) {
    assert.deepEqual(
      entries.filter(({ body }) => body.writer === writer).map(({ body }) => body.i),
      [0, 1, 2, 4, 5],
    );
  }
});

test('whatever facts are recorded, the chain verifies after the trip through the database', async () => {
  const text = fc.string({ unit: 'grapheme' }).filter((value) => !value.includes('\0'));
  const number = fc.oneof(
    fc.maxSafeInteger(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).filter((n) => !Number.isInteger(n)),
  );
  const bodies = fc.dictionary(
    text,
    fc.oneof(text, number, fc.boolean(), fc.constant(null), fc.array(text, { maxLength: 3 })),
    { maxKeys: 5 },
  );
  await fc.assert(
    fc.asyncProperty(bodies, async (body) => {
      await write(body as Record<string, Json>);
    }),
    { numRuns: 60 },
  );
  assert.equal(verifyLedger(await auditEntries(db)).ok, true);
});

test('an entry changed or taken out behind our back shows', async () => {
  const whole = await auditEntries(db);
  const inside = async (statement: string): Promise<ReturnType<typeof verifyLedger>> => {
    const undo = new Error('undo');
    let verdict: ReturnType<typeof verifyLedger> | undefined;
    await db
      .transaction()
      .execute(async (transaction) => {
        await sql.raw(statement).execute(transaction);
        verdict = verifyLedger(await auditEntries(transaction));
        throw undo;
      })
      .catch((cause: unknown) => assert.equal(cause, undo));
    assert.ok(verdict);
    return verdict;
  };
  assert.deepEqual(await inside(`update moim.audit set body = '{"cells": 4}' where n = 1`), {
    ok: false,
    entry: 1,
    fault: 'changed',
  });
  assert.deepEqual(await inside(`update moim.audit set at = at + interval '1 ms' where n = 5`), {
    ok: false,
    entry: 5,
    fault: 'changed',
  });
  assert.deepEqual(await inside(`delete from moim.audit where n = 7`), {
    ok: false,
    entry: 7,
    fault: 'missing',
  });
  assert.deepEqual(await inside(`delete from moim.audit where n = 1`), {
    ok: false,
    entry: 1,
    fault: 'missing',
  });
  const cut = await inside(`delete from moim.audit where n = ${whole.length}`);
  assert.deepEqual(
    cut,
    { ok: true, entries: whole.length - 1, head: whole.at(-2)?.hash },
    'a cut tail shows only to a witness',
  );
});
