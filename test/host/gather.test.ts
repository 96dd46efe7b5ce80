import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gather } from '#host/gather.ts';

test('what arrives together is served together, in order, each with its own outcome', async () => {
  const batches: number[][] = [];
  const add = gather<number, number>(3, async (items) => {
    batches.push([...items]);
    return items.map((item) =>
      item === 4 ? { ok: false as const, error: new Error('four') } : { ok: true as const, value: item * 2 },
    );
  });
  const outcomes = await Promise.allSettled([1, 2, 3, 4, 5].map(add));
  assert.deepEqual(batches, [
    [1, 2, 3],
    [4, 5],
  ]);
  assert.deepEqual(
    outcomes.map((each) => (each.status === 'fulfilled' ? each.value : each.reason.message)),
    [2, 4, 6, 'four', 10],
  );
});

test('a batch that fails fails its own items, and the next is served', async () => {
  let first = true;
  const add = gather<string, string>(1, async (items) => {
    if (first) {
      first = false;
      throw new Error('the database is away');
    }
    return items.map((value) => ({ ok: true as const, value }));
  });
  const outcomes = await Promise.allSettled([add('a'), add('b')]);
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['rejected', 'fulfilled'],
  );
  assert.equal(await add('c'), 'c');
});
