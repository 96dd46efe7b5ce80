/** The rule in a thread of its own: what it gives, what ends it, and that the rest of the process goes on meanwhile. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { loadSolver } from '#node/disclosure/solver.ts';
import { withholdingApart } from '#node/disclosure/withhold.ts';
import type { RawCells } from '#protocol/cell.ts';
import { audit } from '#protocol/disclosure/audit.ts';
import { protect } from '#protocol/disclosure/protect.ts';
import { MoimError } from '#protocol/errors.ts';

const rule = { minimumCell: 5, showZero: true };
const persons = (id: string, value: number) =>
  ({ id, kind: 'persons', visibility: 'published', n: value, value }) as const;
const table = (...values: readonly number[]): RawCells => ({
  cells: [
    persons(
      'all',
      values.reduce((sum, one) => sum + one, 0),
    ),
    ...values.map((n, i) => persons(`c${i}`, n)),
  ],
  links: [{ total: 'all', parts: values.map((_, i) => `c${i}`) }],
});
const never = new AbortController().signal;
const codeOf = (cause: unknown) => (cause instanceof MoimError ? `${cause.code}: ${cause.message}` : cause);

test('gives for each table what the rule and the audit give here, in order', async () => {
  const solve = await loadSolver();
  const tables = [table(3, 40, 50), table(20, 30), table(1, 2, 70, 80)];
  const done = await withholdingApart(60_000)(tables, rule, never);
  const here = tables.map((one) => {
    const { cells } = protect(one, rule, solve);
    return { cells: [...cells], violations: audit(one, cells, rule, solve) };
  });
  assert.deepEqual(done, here);
  assert.ok(here[0]?.cells.some(({ state }) => state === 'suppressed'));
});

test('the process goes on while the thread works', async () => {
  let turns = 0;
  let working = true;
  const done = withholdingApart(60_000)([table(3, 40, 50)], rule, never).finally(() => {
    working = false;
  });
  while (working) {
    await setImmediate();
    turns++;
  }
  assert.equal((await done).length, 1);
  assert.ok(turns > 1, 'nothing else ran');
});

test('what takes too long is ended, and nothing leaves', async () => {
  // No thread starts in a millisecond.
  const withhold = withholdingApart(1);
  await assert.rejects(withhold([table(3, 40)], rule, never), (cause) => {
    assert.match(String(codeOf(cause)), /^disclosure-failed: .*cohort 1: took more than 0\.001 s/);
    return true;
  });
});

test('a stop ends the thread', async () => {
  const stop = new AbortController();
  const withheld = withholdingApart(60_000)([table(3, 40)], rule, stop.signal);
  stop.abort();
  await assert.rejects(withheld, { code: 'interrupted' });
  await assert.rejects(withholdingApart(60_000)([table(3)], rule, stop.signal), {
    code: 'interrupted',
  });
});

test('cells that do not hang together as they say fail, named by the cohort', async () => {
  const odd: RawCells = {
    cells: [persons('all', 9), persons('a', 3)],
    links: [{ total: 'all', parts: ['a'] }],
  };
  const withheld = withholdingApart(60_000)([table(30, 40), odd], rule, never);
  await assert.rejects(withheld, (cause) => {
    assert.match(String(codeOf(cause)), /^disclosure-failed: .*cohort 2: /);
    return true;
  });
});

test('tables without cells ask no thread', async () => {
  const done = await withholdingApart(1)([{ cells: [], links: [] }], rule, never);
  assert.deepEqual(done, [{ cells: [], violations: [] }]);
});
