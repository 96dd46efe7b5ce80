import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { utf8 } from '#protocol/bytes.ts';
import type { Json } from '#protocol/canonical.ts';
import { type PrivateKey, publicOf } from '#protocol/keys.ts';
import {
  openReply,
  type ReplyContext,
  type ReplyHeader,
  type SiteAnswer,
  sealedHash,
  verifyReply,
  WireCell,
} from '#protocol/reply.ts';
import { parser } from '#protocol/schema.ts';
import { type Sealed, seal } from '#protocol/seal.ts';
import { sign } from '#protocol/sign.ts';
import { signStudy } from '#protocol/study.ts';
import * as fixed from '#test/vectors/fixed.ts';

const { leadKey, siteKey, strangerKey, studySealing, archiveSealing, strangerSealing, json } = fixed;
const signed = await signStudy(fixed.draft, {
  key: leadKey,
  sealingKey: studySealing.public,
  signedAt: fixed.instant(),
  nextId: fixed.fixedIds('study'),
});
const answer = fixed.siteAnswer(signed);
const context = fixed.replyContext(signed);
const site = publicOf(siteKey);

interface Forgery {
  readonly answer?: object;
  readonly context?: ReplyContext;
  readonly plaintext?: Uint8Array;
  readonly by?: PrivateKey;
}

/** A reply as a site makes it, or with one thing wrong inside. The header is always the site's own. */
async function reply(forgery: Forgery = {}): Promise<{ header: string; sealed: Sealed }> {
  const inner = await sign(json({ ...answer, ...forgery.answer }), 'moim-result', forgery.by ?? siteKey);
  const bound = forgery.context ?? context;
  const sealed = await seal(
    forgery.plaintext ?? utf8(inner),
    [studySealing.public, archiveSealing.public],
    json(bound),
  );
  const header: ReplyHeader = { context: bound, sealedAt: answer.answeredAt, ciphertext: sealedHash(sealed) };
  return { header: await sign(json(header), 'moim-reply', siteKey), sealed };
}

const good = await reply();

async function openIt(
  { header, sealed }: { header: string; sealed: Sealed },
  pair = studySealing,
): Promise<SiteAnswer> {
  return openReply(await verifyReply(header, sealed, site), sealed, pair, site);
}

test('the lead and the site’s own archive open a reply; nobody else does', async () => {
  assert.deepEqual(await openIt(good), answer);
  assert.deepEqual(await openIt(good, archiveSealing), answer);
  await assert.rejects(openIt(good, strangerSealing), { code: 'cannot-open' });
});

test('the hub checks sender and ciphertext unread', async () => {
  const header = await verifyReply(good.header, good.sealed, site);
  assert.deepEqual(header.context, context);
  await assert.rejects(verifyReply(good.header, good.sealed, publicOf(strangerKey)), {
    code: 'bad-signature',
  });
});

test('a header tells no figure: neither counts nor a hash of the plaintext', async () => {
  const header = await verifyReply(good.header, good.sealed, site);
  assert.deepEqual(Object.keys(header).sort(), ['ciphertext', 'context', 'sealedAt']);
  const again = await reply();
  assert.notEqual((await verifyReply(again.header, again.sealed, site)).ciphertext, header.ciphertext);
});

test('a sealed body that is not the one the header was signed over is refused', async () => {
  const other = await reply({ answer: { minimumCell: 6 } });
  const [first, second] = good.sealed.recipients;
  assert.ok(first && second);
  const changed: readonly Sealed[] = [
    other.sealed,
    { ...good.sealed, ciphertext: other.sealed.ciphertext },
    { ...good.sealed, nonce: other.sealed.nonce },
    { ...good.sealed, recipients: [second, first] },
    { ...good.sealed, recipients: [first] },
  ];
  for (const sealed of changed)
    await assert.rejects(verifyReply(good.header, sealed, site), { code: 'bad-signature' });
});

test('a reply cut out of its job opens in no other: every member of the context', async () => {
  const header = await verifyReply(good.header, good.sealed, site);
  const others: ReplyContext = {
    schema: 'moim-reply/1',
    study: fixed.fixedIds('other')(),
    version: 2,
    studyHash: 'd'.repeat(64),
    job: fixed.fixedIds('another')(),
    site: 'busan',
    recipients: 'e'.repeat(64),
    policy: 'f'.repeat(64),
  };
  for (const name of Object.keys(context).filter((each) => each !== 'schema') as (keyof ReplyContext)[]) {
    const moved = { ...header, context: { ...context, [name]: others[name] } };
    await assert.rejects(openReply(moved, good.sealed, studySealing, site), { code: 'cannot-open' }, name);
  }
});

test('an answer that speaks of another job, study, version or site than its header is refused', async () => {
  const others = {
    job: fixed.fixedIds('another')(),
    study: fixed.fixedIds('other')(),
    version: 2,
    studyHash: 'd'.repeat(64),
    site: 'busan',
  };
  for (const [name, value] of Object.entries(others)) {
    await assert.rejects(openIt(await reply({ answer: { [name]: value } })), { code: 'bad-signature' }, name);
  }
});

test('an answer signed by another key, not signed at all, or signed for another purpose is refused', async () => {
  await assert.rejects(openIt(await reply({ by: strangerKey })), { code: 'bad-signature' });
  const asReply = await sign(json(answer), 'moim-reply', siteKey);
  for (const plaintext of [
    utf8(JSON.stringify(answer)),
    utf8(asReply),
    utf8(''),
    Uint8Array.of(0xff, 0xfe, 0x00),
  ]) {
    await assert.rejects(openIt(await reply({ plaintext })), { code: 'bad-signature' });
  }
});

test('an answer carries cells and no text of the hospital’s making', async () => {
  const [cohort] = answer.cohorts;
  const cell = { id: 'persons', kind: 'persons', state: 'value', value: 7 };
  const cells = (list: readonly object[]) => ({ cohorts: [{ ...cohort, cells: list }] });
  const wrong: readonly object[] = [
    { note: 'free text' },
    cells([{ ...cell, note: 'free text' }]),
    cells([{ ...cell, id: 'Kim Min-su' }]),
    cells([{ ...cell, id: '' }]),
    cells([{ ...cell, value: -1 }]),
    cells([{ ...cell, value: 1.5 }]),
    cells([{ ...cell, value: '7' }]),
    cells([{ ...cell, state: 'zero' }]),
    cells([{ ...cell, state: 'suppressed' }]),
    cells([{ ...cell, state: 'suppressed', low: 0, high: 9 }]),
    cells([{ ...cell, state: 'error' }]),
    { schema: 'moim-result/2' },
    { dataVersion: 'now' },
    { minimumCell: 0 },
  ];
  for (const change of wrong)
    await assert.rejects(
      openIt(await reply({ answer: change })),
      { code: 'bad-input' },
      JSON.stringify(change),
    );
});

test('a withheld cell cannot smuggle its value: every state has its own members and no others', () => {
  const { check } = parser(WireCell);
  const count = fc.nat();
  const members = fc.record(
    { value: count, low: count, high: count, n: count, note: fc.string() },
    { requiredKeys: [] },
  );
  const allowed: Readonly<Record<string, readonly string[]>> = {
    value: ['value'],
    zero: ['value'],
    suppressed: ['low', 'high'],
    'not-applicable': [],
    error: [],
  };
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(allowed)), members, (state, more) => {
      const fits =
        Object.keys(more).sort().join() === [...(allowed[state] ?? [])].sort().join() &&
        (state !== 'zero' || more.value === 0);
      assert.equal(check({ id: 'persons', kind: 'persons', state, ...more }), fits);
    }),
  );
});

test('a header with a member more, or of another version, is refused though truly signed', async () => {
  const header = await verifyReply(good.header, good.sealed, site);
  for (const change of [
    { note: 'x' },
    { context: { ...context, schema: 'moim-reply/2' } },
    { context: { ...context, note: 'x' } },
    { ciphertext: 'x' },
  ]) {
    const forged = await sign(
      { ...(json(header) as { [key: string]: Json }), ...change },
      'moim-reply',
      siteKey,
    );
    await assert.rejects(verifyReply(forged, good.sealed, site), { code: 'bad-input' });
  }
});
