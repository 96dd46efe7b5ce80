import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { publicOf } from '#protocol/keys.ts';
import { sign } from '#protocol/sign.ts';
import { openHead, openReceipt, signHead, signReceipt } from '#protocol/witness.ts';
import { hubKey, instant, siteKey, strangerKey } from '#test/vectors/fixed.ts';
import { makeWitness, witnessFile } from '#test/vectors/make-witness.ts';

const facts = { site: 'seoul', epoch: 2, n: 41, hash: 'c'.repeat(64), at: instant() };
const jws = await signHead(facts, siteKey);
const head = await openHead(jws, publicOf(siteKey));

test('a head opens with its site’s key alone', async () => {
  assert.deepEqual(head, { schema: 'moim-head/1', ...facts });
  await assert.rejects(openHead(jws, publicOf(strangerKey)), { code: 'bad-signature' });
});

test('a receipt opens with any of the hub’s keys, and says what the head says', async () => {
  const receipt = await signReceipt(head, jws, instant(), hubKey);
  const opened = await openReceipt(receipt, [publicOf(strangerKey), publicOf(hubKey)]);
  const { at, ...entry } = facts;
  assert.deepEqual(opened, { schema: 'moim-receipt/1', head: jws, ...entry, receivedAt: instant() });
  assert.equal(at, instant());
  await assert.rejects(openReceipt(receipt, [publicOf(strangerKey)]), { code: 'bad-signature' });
  await assert.rejects(openReceipt(receipt, []), { code: 'bad-signature' });
});

test('a receipt that says otherwise than the head inside is refused, part by part', async () => {
  for (const change of [{ n: 42 }, { epoch: 1 }, { hash: 'd'.repeat(64) }, { site: 'busan' }]) {
    const receipt = await signReceipt({ ...head, ...change }, jws, instant(), hubKey);
    await assert.rejects(openReceipt(receipt, [publicOf(hubKey)]), { code: 'bad-signature' });
  }
});

test('a head is no receipt, and neither is anything else that a hub signs', async () => {
  await assert.rejects(openReceipt(jws, [publicOf(siteKey)]), { code: 'bad-signature' });
  const other = await sign({ schema: 'moim-receipt/1', head: jws }, 'moim-receipt', hubKey);
  await assert.rejects(openReceipt(other, [publicOf(hubKey)]), { code: 'bad-input' });
});

test('heads and receipts are written as they were first written, and open', async () => {
  const kept = readFileSync(witnessFile, 'utf8');
  assert.equal(await makeWitness(), kept);
  const { site, hub, head, jws, receipt } = JSON.parse(kept) as Record<'head' | 'jws' | 'receipt', string> &
    Record<'site' | 'hub', ReturnType<typeof publicOf>>;
  assert.deepEqual(await openHead(jws, site), head);
  assert.equal((await openReceipt(receipt, [hub])).head, jws);
});
