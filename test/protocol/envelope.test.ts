import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json } from '#protocol/canonical.ts';
import { allowedSkewMs, openEnvelope, sealEnvelope } from '#protocol/envelope.ts';
import { publicOf } from '#protocol/keys.ts';
import { sign } from '#protocol/sign.ts';
import { signStudy } from '#protocol/study.ts';
import {
  draft,
  fixedIds,
  hubKey,
  instant,
  jobEnvelope,
  json,
  leadKey,
  noon,
  siteKey,
  studySealing,
} from '#test/vectors/fixed.ts';

const signed = await signStudy(draft, {
  key: leadKey,
  sealingKey: studySealing.public,
  signedAt: instant(),
  nextId: fixedIds('study'),
});
const envelope = jobEnvelope(signed);
const jws = await sealEnvelope(envelope, hubKey);
const expect = { from: 'hub', to: 'seoul', key: publicOf(hubKey), now: noon };
const forged = (change: object): Promise<string> =>
  sign({ ...(json(envelope) as { [key: string]: Json }), ...change }, 'moim-envelope', hubKey);

test('opens for whom it is addressed to', async () => {
  assert.deepEqual(await openEnvelope(jws, expect), envelope);
});

test('refuses an envelope for another, from another, or sent back to its sender', async () => {
  const misaddressed = { code: 'misaddressed' };
  await assert.rejects(openEnvelope(jws, { ...expect, to: 'busan' }), misaddressed);
  await assert.rejects(openEnvelope(jws, { ...expect, from: 'busan' }), misaddressed);
  await assert.rejects(openEnvelope(jws, { ...expect, from: 'seoul', to: 'hub' }), misaddressed);
  await assert.rejects(openEnvelope(await forged({ to: 'hub' }), expect), misaddressed);
});

test('refuses an envelope of another key, or signed for another purpose', async () => {
  await assert.rejects(openEnvelope(jws, { ...expect, key: publicOf(siteKey) }), { code: 'bad-signature' });
  await assert.rejects(openEnvelope(await sign(json(envelope), 'moim-reply', hubKey), expect), {
    code: 'bad-signature',
  });
});

test('is good until five minutes past its time by the reader’s clock, and not a millisecond longer', async () => {
  assert.equal(allowedSkewMs, 5 * 60_000);
  const edge = Date.parse(envelope.expiresAt) + allowedSkewMs;
  for (const now of [noon, Date.parse(envelope.expiresAt), edge - 1, edge])
    assert.ok(await openEnvelope(jws, { ...expect, now }));
  for (const now of [edge + 1, edge + 1e12, Number.NaN])
    await assert.rejects(openEnvelope(jws, { ...expect, now }), { code: 'expired' });
});

test('an envelope of a time to come is refused, beyond the five minutes that clocks may differ', async () => {
  const edge = Date.parse(envelope.sentAt) - allowedSkewMs;
  assert.ok(await openEnvelope(jws, { ...expect, now: edge }));
  for (const now of [0, edge - 1])
    await assert.rejects(openEnvelope(jws, { ...expect, now }), { code: 'bad-input', message: /clocks/ });
});

test('an instant that is none never makes an envelope last for ever', async () => {
  for (const expiresAt of [
    '2026-13-01T00:00:00.000Z',
    '9999-99-99T99:99:99.999Z',
    '+275760-09-13T00:00:00.000Z',
    'never',
    '',
  ]) {
    await assert.rejects(openEnvelope(await forged({ expiresAt }), expect), { code: 'bad-input' });
  }
});

test('refuses kinds and members it does not know', async () => {
  const { body } = envelope;
  const changes: readonly object[] = [
    { v: 2 },
    { id: 'x' },
    { to: 'A Hospital' },
    { sentAt: 'now' },
    { note: 'free text' },
    { body: { ...body, kind: 'query' } },
    { body: { ...body, sql: 'select 1' } },
    { body: { ...body, kind: 'reply' } },
    { body: { kind: 'job', job: 'x', study: 'a.b.c' } },
    { body: { ...body, study: 'not signed' } },
    { body: null },
    { body: [body] },
  ];
  for (const change of changes)
    await assert.rejects(
      openEnvelope(await forged(change), expect),
      { code: 'bad-input' },
      JSON.stringify(change),
    );
  assert.ok(await openEnvelope(await forged({}), expect));
});
