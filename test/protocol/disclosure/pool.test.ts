import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReleasedCell } from '#protocol/cell.ts';
import { pool } from '#protocol/disclosure/pool.ts';

const value = (id: string, number: number): ReleasedCell =>
  number === 0
    ? { id, kind: 'persons', state: 'zero', value: 0 }
    : { id, kind: 'persons', state: 'value', value: number };
const range = (id: string, low: number, high: number): ReleasedCell => ({
  id,
  kind: 'persons',
  state: 'suppressed',
  low,
  high,
});
const error = (id: string): ReleasedCell => ({ id, kind: 'persons', state: 'error' });
const absent = (id: string): ReleasedCell => ({ id, kind: 'persons', state: 'not-applicable' });

/** Pools one cell `n` as each site gives it; an empty list is a site without it. */
function pooled(...sites: ReleasedCell[][]) {
  const others = [value('other', 1)];
  const cells = pool(
    sites.map((cells, at) => ({ site: `s${at}`, cells: [...cells, ...others] })),
    { of: 12 },
  );
  const { id, kind, ...rest } = cells.find((cell) => cell.id === 'n')!;
  assert.equal(`${id} ${kind}`, 'n persons');
  return rest;
}

test('values and zeros add up exactly', () => {
  assert.deepEqual(pooled([value('n', 12)], [value('n', 0)], [value('n', 30)]), {
    state: 'value',
    value: 42,
    sites: 3,
  });
  assert.deepEqual(pooled([value('n', 0)], [value('n', 0)]), { state: 'zero', value: 0, sites: 2 });
});

test('a suppressed part makes a range of the sum of bounds', () => {
  assert.deepEqual(pooled([value('n', 12)], [range('n', 1, 6)], [value('n', 0)]), {
    state: 'range',
    low: 13,
    high: 18,
    sites: 3,
  });
});

test('is suppressed where every part that is not zero is', () => {
  assert.deepEqual(pooled([range('n', 0, 5)], [value('n', 0)], [range('n', 1, 6)]), {
    state: 'suppressed',
    low: 1,
    high: 11,
    sites: 3,
  });
});

test('sites that lack the cell, failed or have no such thing are not counted', () => {
  assert.deepEqual(pooled([value('n', 12)], [error('n')], [absent('n')], []), {
    state: 'value',
    value: 12,
    sites: 1,
  });
  assert.deepEqual(pooled([absent('n')], [error('n')]), { state: 'error', sites: 0 });
  assert.deepEqual(pooled([absent('n')], []), { state: 'not-applicable', sites: 0 });
});

test('keeps the order in which cells are first met', () => {
  const ids = pool(
    [
      { site: 'a', cells: [value('y', 9)] },
      { site: 'b', cells: [value('x', 9), value('y', 9)] },
    ],
    { of: 2 },
  );
  assert.deepEqual(
    ids.map((cell) => cell.id),
    ['y', 'x'],
  );
  assert.deepEqual(pool([], { of: 3 }), []);
});

test('refuses what cannot be added up', () => {
  const refused = (...sites: [string, ReleasedCell[]][]) =>
    assert.throws(
      () =>
        pool(
          sites.map(([site, cells]) => ({ site, cells })),
          { of: 2 },
        ),
      { code: 'bad-input' },
    );
  refused(['a', []], ['a', []]);
  refused(['a', []], ['b', []], ['c', []]);
  refused(['a', [value('n', 9), value('n', 9)]]);
  refused(['a', [value('n', 9)]], ['b', [{ ...value('n', 9), kind: 'rows' }]]);
  refused(['a', [value('n', -9)]]);
  refused(['a', [value('n', 9.5)]]);
  refused(['a', [range('n', 9, 4)]]);
});
