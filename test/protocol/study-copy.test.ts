import assert from 'node:assert/strict';
import { test } from 'node:test';
import { uuidv7 } from '#protocol/ids.ts';
import { createSealingPair, createSigningKey, publicOf } from '#protocol/keys.ts';
import { openStudy, readStudyDraft, signStudy } from '#protocol/study.ts';
import { assembleCopies, copyHash, signCopies } from '#protocol/study-copy.ts';

const draft = readStudyDraft({
  title: 'Copies',
  purpose: 'A test.',
  sponsor: 'Nobody',
  ethicsReference: 'none',
  start: '2026-01-01',
  end: '2026-12-31',
  retentionDays: 10,
  cohorts: [{ name: 'all', definition: { ConceptSets: [] } }],
  analyses: [{ kind: 'count' }],
  minimumCell: 5,
  completion: { kind: 'at-least', sites: 2 },
  recipients: [{ name: 'Lead', organisation: 'Org' }],
  sites: ['north', 'south', 'west'],
});

async function signed() {
  const key = await createSigningKey();
  const sealingKey = (await createSealingPair()).public;
  const study = await signStudy(draft, {
    key,
    sealingKey,
    signedAt: '2026-01-02T00:00:00.000Z',
    nextId: () => uuidv7(Date.now()),
  });
  return { key, study };
}

test('a copy opens as a study of the same lead that names its site alone and the whole it stands for', async () => {
  const { key, study } = await signed();
  const copies = [...assembleCopies(study, await signCopies(study, key))].flat();
  assert.equal(copies.length, 3);
  for (const [i, site] of study.study.sites.entries()) {
    const copy = await openStudy(copies[i] ?? '', publicOf(key));
    assert.deepEqual(copy.study.sites, [site]);
    assert.deepEqual(copy.study.copyOf, { hash: study.hash, sites: 3 });
    assert.equal(copy.whole, study.hash);
    assert.equal(copy.hash, copyHash(study, site));
    assert.deepEqual(
      { ...copy.study, sites: study.study.sites, copyOf: undefined },
      { ...study.study, copyOf: undefined },
    );
    assert.ok(!JSON.stringify(copy.study).includes(study.study.sites[(i + 1) % 3]?.site ?? '?'));
  }
  assert.equal(study.whole, study.hash);
});

test('a signature over one site’s copy opens no other copy, and none is missing unseen', async () => {
  const { key, study } = await signed();
  const signatures = await signCopies(study, key);
  const swapped = [...assembleCopies(study, [...signatures].reverse())].flat();
  await assert.rejects(openStudy(swapped[0] ?? '', publicOf(key)), { code: 'bad-signature' });
  assert.throws(() => [...assembleCopies(study, signatures.slice(1))], { code: 'bad-input' });
  assert.throws(() => [...assembleCopies(study, ['x', ...signatures.slice(1)])], { code: 'bad-input' });
});

test('a copy signed by another key is refused', async () => {
  const { key, study } = await signed();
  const copies = [...assembleCopies(study, await signCopies(study, await createSigningKey()))].flat();
  await assert.rejects(openStudy(copies[0] ?? '', publicOf(key)), { code: 'bad-signature' });
});
