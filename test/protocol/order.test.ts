import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { fingerprint, type PublicKey, publicOf } from '#protocol/keys.ts';
import {
  claimedOrder,
  claimedOrderLead,
  openOrder,
  type StudyOrder,
  signOrder,
  standingOf,
} from '#protocol/order.ts';
import { sign } from '#protocol/sign.ts';
import { fixedIds, instant, json, leadKey, strangerKey } from '#test/vectors/fixed.ts';
import { makeOrders, orderFile } from '#test/vectors/make-order.ts';

const order: StudyOrder = {
  schema: 'moim-order/1',
  study: fixedIds('study')(),
  version: 2,
  order: 'pause',
  n: 3,
  at: instant(),
};
const trusted = publicOf(leadKey);
const jws = await signOrder(order, leadKey);

test('an order of version 1 is written and read as it was then', async () => {
  const kept = readFileSync(orderFile, 'utf8');
  assert.equal(await makeOrders(), kept);
  const { key, orders } = JSON.parse(kept) as {
    key: PublicKey;
    orders: { order: StudyOrder; jws: string }[];
  };
  for (const each of orders) assert.deepEqual(await openOrder(each.jws, key), each.order);
});

test('an order opens under its lead’s key, which it names', async () => {
  assert.deepEqual(await openOrder(jws, trusted), order);
  assert.equal(claimedOrderLead(jws), fingerprint(trusted));
  assert.deepEqual(claimedOrder(jws), order);
});

test('an order of another key, for another purpose, or altered is refused', async () => {
  const refused = { code: 'bad-signature' };
  await assert.rejects(openOrder(await signOrder(order, strangerKey), trusted), refused);
  await assert.rejects(openOrder(await sign(json(order), 'moim-study', leadKey), trusted), refused);
  const [head, , tail] = jws.split('.');
  const other = Buffer.from(JSON.stringify({ ...order, order: 'resume' })).toString('base64url');
  await assert.rejects(openOrder([head, other, tail].join('.'), trusted), refused);
  assert.equal(claimedOrderLead('nonsense'), undefined);
});

test('an order with a word too many or too few, an odd number or another verb is none', async () => {
  for (const change of [
    { more: 1 },
    { n: 0 },
    { n: 1.5 },
    { version: 0 },
    { order: 'stop' },
    { at: 'now' },
    { study: 'x' },
    { schema: 'moim-order/2' },
  ])
    await assert.rejects(
      sign(json({ ...order, ...change }), 'moim-order', leadKey).then((made) => openOrder(made, trusted)),
      { code: 'bad-input' },
    );
});

test('the highest number counts, whatever the order they came in', () => {
  const given = (kind: StudyOrder['order'], n: number, version = 1) => ({ order: kind, n, version });
  assert.equal(standingOf(1, []), 'open');
  assert.equal(standingOf(1, [given('resume', 2), given('pause', 1)]), 'open');
  assert.equal(standingOf(1, [given('pause', 3), given('resume', 2)]), 'paused');
  assert.equal(standingOf(2, [given('pause', 3)]), 'open', 'an amended version stands on its own');
  assert.equal(standingOf(1, [given('pause', 3, 2)]), 'paused', 'an order is about the older versions too');
});

test('what was withdrawn stays withdrawn', () => {
  const any = fc.record({
    order: fc.constantFrom('pause' as const, 'resume' as const, 'withdraw' as const),
    n: fc.integer({ min: 1, max: 50 }),
    version: fc.integer({ min: 1, max: 4 }),
  });
  fc.assert(
    fc.property(fc.array(any), fc.integer({ min: 1, max: 4 }), (orders, version) => {
      const withdrawn = orders.some((each) => each.order === 'withdraw' && each.version >= version);
      assert.equal(standingOf(version, orders) === 'withdrawn', withdrawn);
    }),
  );
});
