import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { toBase64url, utf8 } from '#protocol/bytes.ts';
import { canonical, canonicalHash } from '#protocol/canonical.ts';
import { MoimError } from '#protocol/errors.ts';
import { type PrivateKey, publicOf } from '#protocol/keys.ts';
import { sign } from '#protocol/sign.ts';
import {
  claimedLead,
  openStudy,
  readStudyDraft,
  recipientsHash,
  type Study,
  signStudy,
} from '#protocol/study.ts';
import {
  draft,
  fixedIds,
  instant,
  json,
  leadKey,
  strangerKey,
  strangerSealing,
  studySealing,
} from '#test/vectors/fixed.ts';

const needs = {
  key: leadKey,
  sealingKey: studySealing.public,
  signedAt: instant(),
  nextId: fixedIds('study'),
};
const trusted = publicOf(leadKey);
const signed = await signStudy(draft, needs);

function faultOf(value: unknown): string {
  try {
    readStudyDraft(value);
  } catch (cause) {
    assert.ok(cause instanceof Error && 'code' in cause);
    assert.equal(cause.code, 'bad-input');
    return cause.message;
  }
  return assert.fail('the draft was accepted');
}

const resigned = (change: object, by: PrivateKey = leadKey): Promise<string> =>
  sign(json({ ...signed.study, ...change }), 'moim-study', by);

test('a good draft is read as it is, sites as slugs or with their fingerprint', () => {
  assert.deepEqual(readStudyDraft(draft), draft);
  assert.deepEqual(readStudyDraft({ ...draft, completion: { kind: 'all' } }).completion, { kind: 'all' });
});

test('every fault of a draft is named with its path, at once', () => {
  const message = faultOf({
    ...draft,
    title: '',
    purpose: 5,
    start: '2026-02-40',
    retentionDays: 0,
    minimumCell: 0,
    cohorts: [{ name: 'x', definition: 'not an object' }],
    analyses: [],
    completion: { kind: 'at-least', sites: 0 },
    recipients: [],
    sites: ['seoul', 'Not A Slug', { site: 'busan', job: 'x' }],
    extra: true,
  });
  const paths = [
    '/title',
    '/purpose',
    '/start',
    '/retentionDays',
    '/minimumCell',
    '/cohorts/0/definition',
    '/analyses',
  ];
  for (const path of [
    ...paths,
    '/completion/sites',
    '/recipients',
    '/sites/1',
    '/sites/2/job: not a known member',
    '/extra: not a known member',
  ]) {
    assert.ok(message.includes(`${path}`), `${path} in: ${message}`);
  }
});

test('members that are missing are named', () => {
  for (const name of Object.keys(draft)) {
    const { [name]: _, ...less } = draft as Record<string, unknown>;
    assert.ok(faultOf(less).includes(name), name);
  }
});

test('no fault quotes what stood there', () => {
  const marker = 'SECRET-KIM-1980';
  for (const name of Object.keys(draft)) {
    for (const value of [`${marker}\u0001`, { a: marker }, [marker, { name: marker }], [{ site: marker }]]) {
      assert.ok(!faultOf({ ...draft, [name]: value }).includes(marker), name);
    }
  }
});

test('an unknown member is refused at every level, never dropped', () => {
  const more = { note: 'x' };
  const drafts: readonly object[] = [
    { ...draft, ...more },
    { ...draft, cohorts: [{ ...draft.cohorts[0], ...more }] },
    { ...draft, analyses: [{ kind: 'count', ...more }] },
    { ...draft, completion: { kind: 'all', ...more } },
    { ...draft, recipients: [{ ...draft.recipients[0], ...more }] },
    { ...draft, sites: [{ site: 'seoul', ...more }] },
    { ...draft, id: 'x', lead: {} },
  ];
  for (const each of drafts) assert.match(faultOf(each), /not a known member/);
  const definition = { PrimaryCriteria: {}, anything: { goes: [1, 'here'] } };
  assert.ok(
    readStudyDraft({ ...draft, cohorts: [{ name: 'x', definition }] }),
    'a Circe definition is only carried',
  );
});

test('the rules that no schema says are all named at once', () => {
  const message = faultOf({
    ...draft,
    start: '2026-06-01',
    end: '2026-05-31',
    cohorts: [draft.cohorts[0], draft.cohorts[0]],
    sites: ['seoul', { site: 'seoul' }],
    completion: { kind: 'at-least', sites: 3 },
  });
  assert.match(message, /\/end: before \/start/);
  assert.match(message, /\/cohorts: a name stands twice/);
  assert.match(message, /\/sites: a site stands twice/);
  assert.match(message, /\/completion\/sites: more than the study has sites/);
  assert.ok(
    readStudyDraft({
      ...draft,
      start: '2026-06-01',
      end: '2026-06-01',
      completion: { kind: 'at-least', sites: 2 },
    }),
  );
});

test('a count may ask for parts, years with the part that needs them', () => {
  const faultsOf = (...analyses: object[]) => {
    try {
      readStudyDraft({ ...draft, analyses });
      return '';
    } catch (cause) {
      return cause instanceof MoimError ? cause.message : assert.fail(String(cause));
    }
  };
  const years = { from: 2010, to: 2020 };
  assert.equal(faultsOf({ kind: 'count', parts: ['events', 'gain', 'standalone', 'rows'] }), '');
  assert.equal(faultsOf({ kind: 'count', parts: ['year'], years }), '');
  assert.match(faultsOf({ kind: 'count', parts: ['year'] }), /\/analyses\/0\/years: goes with/);
  assert.match(faultsOf({ kind: 'count', parts: ['gain'], years }), /\/analyses\/0\/years: goes with/);
  for (const wrong of [
    { from: 2020, to: 2010 },
    { from: 1900, to: 2000 },
  ])
    assert.match(faultsOf({ kind: 'count', parts: ['year'], years: wrong }), /from 1 to 60 years/);
  assert.match(faultsOf({ kind: 'count', parts: [] }), /\/analyses\/0\/parts/);
  assert.match(faultsOf({ kind: 'count', parts: ['everything'] }), /\/analyses\/0\/parts/);
  assert.match(faultsOf({ kind: 'count' }, { kind: 'count', parts: ['gain'] }), /stands alone/);
});

test('texts hold no control characters but line ends and tabs', () => {
  assert.ok(readStudyDraft({ ...draft, purpose: 'one\n\ttwo — 둘' }));
  for (const text of ['\u0000', 'a\u001b[31m', 'a\rb'])
    assert.match(faultOf({ ...draft, title: text }), /\/title/);
});

test('signing adds an id, a job a site, the lead’s key and the sealing key; the hospital opens exactly that', async () => {
  const { study, jws, hash, whole } = await openStudy(signed.jws, trusted);
  assert.deepEqual({ study, jws, hash, whole }, signed);
  assert.equal(hash, canonicalHash(json(study)));
  assert.deepEqual(study.lead, { name: 'A. Lead', key: trusted });
  assert.deepEqual(study.recipients, [
    { name: 'A. Lead', organisation: 'A university', sealingKey: studySealing.public },
  ]);
  assert.equal(new Set([study.id, ...study.sites.map(({ job }) => job)]).size, 3);
  assert.equal(study.version, 1);
  assert.equal(study.sites[1]?.fingerprint, 'ABCD-EFGH-IJKL-MNOP');
  assert.ok(!JSON.stringify(study).includes(leadKey.d));
});

test('a study signed by another key is refused, whatever key it names', async () => {
  const stranger = publicOf(strangerKey);
  const foreign = await signStudy(draft, { ...needs, key: strangerKey });
  await assert.rejects(openStudy(foreign.jws, trusted), { code: 'bad-signature' });
  // The stranger names the trusted lead inside; and the trusted lead's signature under a study that names the stranger.
  await assert.rejects(openStudy(await resigned({}, strangerKey), trusted), { code: 'bad-signature' });
  await assert.rejects(openStudy(await resigned({}, strangerKey), stranger), { code: 'bad-signature' });
  await assert.rejects(openStudy(await resigned({ lead: { name: 'x', key: stranger } }), trusted), {
    code: 'bad-signature',
  });
  assert.deepEqual(claimedLead(foreign.jws), stranger, 'a claim only says whom to look for');
});

test('a study altered after signing is refused: cohort, recipient, site, minimum cell', async () => {
  const [header, , signature] = signed.jws.split('.');
  const { study } = signed;
  const altered: readonly Partial<Study>[] = [
    { cohorts: [{ name: 'Type 2 diabetes', definition: { PrimaryCriteria: { all: true } } }] },
    { recipients: study.recipients.map((each) => ({ ...each, sealingKey: strangerSealing.public })) },
    { sites: study.sites.slice(0, 1) },
    { minimumCell: 1 },
    { end: '2036-12-31' },
  ];
  for (const change of altered) {
    const payload = toBase64url(utf8(canonical(json({ ...study, ...change }))));
    await assert.rejects(openStudy([header, payload, signature].join('.'), trusted), {
      code: 'bad-signature',
    });
    assert.notEqual(canonicalHash(json({ ...study, ...change })), signed.hash);
  }
});

test('a truly signed study that breaks a rule is refused all the same', async () => {
  const [first, second] = signed.study.sites;
  const changes: readonly object[] = [
    { note: 'x' },
    { schema: 'moim-study/2' },
    { version: 0 },
    { id: 'x' },
    { start: '2027-01-01' },
    { sites: [] },
    { sites: [first, first] },
    { sites: [first, { ...second, job: first?.job }] },
    { sites: [{ site: 'seoul' }] },
    { completion: { kind: 'at-least', sites: 3 } },
    { lead: { name: 'A. Lead', key: leadKey } },
    { recipients: [...signed.study.recipients, ...signed.study.recipients] },
    { recipients: [{ name: 'A', organisation: 'B', sealingKey: 'short' }] },
    { signedAt: 'yesterday' },
  ];
  for (const change of changes)
    await assert.rejects(
      openStudy(await resigned(change), trusted),
      { code: 'bad-input' },
      JSON.stringify(change),
    );
  assert.ok(await openStudy(await resigned({}), trusted));
});

test('a document signed for another purpose is no study', async () => {
  await assert.rejects(openStudy(await sign(json(signed.study), 'moim-result', leadKey), trusted), {
    code: 'bad-signature',
  });
});

test('the hash of the readers changes with any of them', () => {
  const { study } = signed;
  const other = {
    ...study,
    recipients: study.recipients.map((each) => ({ ...each, sealingKey: strangerSealing.public })),
  };
  assert.notEqual(recipientsHash(study), recipientsHash(other));
  assert.equal(recipientsHash(study), recipientsHash({ ...study, title: 'another' }));
});

test('any text of a title is signed and comes back as written', async () => {
  const title = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(title, async (text) => {
      const read = { ...draft, title: text };
      const made = await signStudy(read, needs);
      assert.equal((await openStudy(made.jws, trusted)).study.title, text);
    }),
    { numRuns: 20 },
  );
});

test('an amendment keeps the study’s id, names the version it follows, and has jobs of its own', async () => {
  const second = await signStudy(draft, { ...needs, amends: signed });
  assert.deepEqual(
    [second.study.id, second.study.version, second.study.amends],
    [signed.study.id, 2, signed.hash],
  );
  const jobs = [...signed.study.sites, ...second.study.sites].map(({ job }) => job);
  assert.equal(new Set(jobs).size, 4);
  await openStudy(second.jws, trusted);
  await assert.rejects(openStudy(await resigned({ amends: signed.hash }), trusted), { code: 'bad-input' });
  await assert.rejects(openStudy(await resigned({ version: 2 }), trusted), { code: 'bad-input' });
});

test('a day of the completion rule lies within the study’s own', () => {
  for (const completion of [
    { kind: 'by-date', date: '2027-01-01' },
    { kind: 'at-least', sites: 1, by: '2025-12-31' },
  ])
    assert.match(faultOf({ ...draft, completion }), /\/completion: its day lies outside/);
});
