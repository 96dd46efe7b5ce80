import assert from 'node:assert/strict';
import { test } from 'node:test';
import { publicOf } from '#protocol/keys.ts';
import { follow, formerKeys, openChain, openRotation, signRotation } from '#protocol/rotation.ts';
import { claimedPayload, sign } from '#protocol/sign.ts';
import { hubKey, instant, json, leadKey, siteKey, strangerKey } from '../vectors/fixed.ts';

const chain = [
  await signRotation('lead', leadKey, siteKey, instant()),
  await signRotation('lead', siteKey, hubKey, instant()),
];

test('a chain leads from any of its keys to the newest, and from no other', async () => {
  for (const [trusted, steps] of [
    [leadKey, 2],
    [siteKey, 1],
  ] as const) {
    const found = await follow(chain, 'lead', publicOf(trusted));
    assert.deepEqual(found?.key, publicOf(hubKey));
    assert.equal(found?.steps.length, steps);
  }
  assert.equal(await follow(chain, 'lead', publicOf(strangerKey)), undefined);
  assert.equal(await follow(chain, 'lead', publicOf(hubKey)), undefined, 'the newest leads nowhere');
  assert.deepEqual(formerKeys(chain), [publicOf(leadKey), publicOf(siteKey)]);
});

test('a rotation is of one role', async () => {
  for (const role of ['hub', 'site', 'vendor'] as const)
    await assert.rejects(openRotation(chain[0] ?? '', role), { code: 'bad-signature' });
});

test('a chain with a link missing, reordered or of another’s making does not hold', async () => {
  const other = await signRotation('lead', strangerKey, hubKey, instant());
  for (const bad of [[...chain].reverse(), [chain[0] ?? '', other], [chain[0] ?? '', chain[0] ?? '']])
    await assert.rejects(openChain(bad, 'lead'), { code: 'bad-signature' });
});

test('the old key signs, the new key proves itself; without either it is nobody’s word', async () => {
  const { proof, ...open } = claimedPayload(chain[0] ?? '') as Record<string, unknown> & { proof: string };
  const signedBy = (key: typeof leadKey, payload: object) => sign(json(payload), 'moim-rotation', key);
  const forged = [
    await signedBy(strangerKey, { ...open, proof }),
    await signedBy(siteKey, { ...open, proof }),
    await signedBy(leadKey, { ...open, proof: await signedBy(leadKey, open) }),
    await signedBy(leadKey, { ...open, to: publicOf(strangerKey), proof }),
    await signedBy(leadKey, { ...open, at: instant(0), proof }),
    `${(chain[0] ?? '').split('.').slice(0, 2).join('.')}.`,
  ];
  for (const jws of forged) await assert.rejects(openRotation(jws, 'lead'), { code: 'bad-signature' });
  await assert.rejects(openRotation(await signedBy(leadKey, open), 'lead'), { code: 'bad-input' });
  await assert.rejects(openRotation(await signRotation('lead', leadKey, leadKey, instant()), 'lead'), {
    code: 'bad-signature',
  });
});
