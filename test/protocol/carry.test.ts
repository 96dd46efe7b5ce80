import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type Carry, openCarry, signCarry } from '#protocol/carry.ts';
import { type PublicKey, publicOf } from '#protocol/keys.ts';
import * as fixed from '#test/vectors/fixed.ts';
import { carryVectorFile, makeCarryVector } from '#test/vectors/make-carry.ts';

interface Vector {
  readonly hub: PublicKey;
  readonly site: PublicKey;
  readonly toSite: { readonly carry: Carry; readonly jws: string };
  readonly toHub: { readonly carry: Carry; readonly jws: string };
}
const text = readFileSync(carryVectorFile, 'utf8');
const { hub, site, toSite, toHub } = JSON.parse(text) as Vector;
const fromHub = { from: 'hub', to: 'seoul', key: hub, hub };
const fromSite = { from: 'seoul', to: 'hub', key: site, hub };

test('a carried file is written as it was, and opens', async () => {
  assert.equal(await makeCarryVector(), text);
  assert.deepEqual(await openCarry(toSite.jws, fromHub), toSite.carry);
  assert.deepEqual(await openCarry(toHub.jws, fromSite), toHub.carry);
});

test('refuses another sender, another receiver, another hub, and a document signed for something else', async () => {
  const misaddressed = { code: 'misaddressed' };
  await assert.rejects(openCarry(toSite.jws, { ...fromHub, to: 'busan' }), misaddressed);
  await assert.rejects(openCarry(toSite.jws, { ...fromHub, from: 'busan' }), misaddressed);
  await assert.rejects(openCarry(toSite.jws, { ...fromHub, hub: site }), misaddressed);
  await assert.rejects(openCarry(toSite.jws, { ...fromHub, key: site }), { code: 'bad-signature' });
  const [delivery] = toSite.carry.deliveries;
  assert.ok(delivery);
  await assert.rejects(openCarry(delivery.envelope, fromHub), { code: 'bad-signature' });
});

test('refuses members and values it does not know', async () => {
  for (const change of [
    { more: 1 },
    { v: 2 },
    { ack: { epoch: 1, seq: -1 } },
    { states: [{ job: toHub.carry.id, state: 'asleep' }] },
    { states: [{ job: toHub.carry.id, state: 'refused', code: 'said so' }] },
    { receipts: ['no jws'] },
  ]) {
    const jws = await signCarry({ ...toSite.carry, ...change } as Carry, fixed.hubKey);
    await assert.rejects(openCarry(jws, { ...fromHub, key: publicOf(fixed.hubKey) }), { code: 'bad-input' });
  }
});
