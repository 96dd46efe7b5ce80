// Longer than 300 lines because one hospital, opened once, stands under every attack.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Json } from '#protocol/canonical.ts';
import { uuidv7 } from '#protocol/ids.ts';
import { createSealingPair, createSigningKey, type PrivateKey, publicOf } from '#protocol/keys.ts';
import { sign } from '#protocol/sign.ts';
import { type SignedStudy, type Study, signStudy } from '#protocol/study.ts';
import { fillCdm } from './cohort.ts';
import { jobEnvelope, openHostileHub, pinHostile } from './hostile-hub.ts';
import { openStandalone, rowsOf, trustLead } from './network.ts';
import { until } from './party.ts';
import { draftOf, type StudyOptions } from './study.ts';

// One hospital whose hub is in the hands of an enemy. It trusts one lead; every other key is a forger's.
const hub = await openHostileHub({ after });
const site = await openStandalone({ after }, 'alpha');
await fillCdm(site.pool, { persons: 60, salt: 1 });
pinHostile(site.home, hub, 'alpha');
const lead = await createSigningKey();
await trustLead(site, lead);
await site.start();

const named = { site: 'alpha', fingerprint: site.fingerprint };
const seals = await createSealingPair();

async function signed(key: PrivateKey, options: StudyOptions = {}): Promise<SignedStudy> {
  return signStudy(draftOf([named, { ...named, site: 'beta' }], options), {
    key,
    sealingKey: seals.public,
    signedAt: new Date().toISOString(),
    nextId: () => uuidv7(Date.now()),
  });
}

/** The same study after the enemy's hand; `key` signs it again, else the old signature stays on it. */
async function rewritten(
  study: SignedStudy,
  change: (study: Study) => Study,
  key?: PrivateKey,
): Promise<string> {
  const changed = change(structuredClone(study.study)) as unknown as Json;
  const jws = await sign(changed, 'moim-study', key ?? lead);
  if (key) return jws;
  const [head, payload] = jws.split('.');
  return [head, payload, study.jws.split('.')[2]].join('.');
}

const jobOf = (study: SignedStudy, slug = 'alpha'): string =>
  study.study.sites.find((each) => each.site === slug)?.job ?? '';

async function refusedFor(job: string, code: string, as = 'refused'): Promise<void> {
  const state = await hub.state(job, as);
  assert.equal(state.code, code);
  await assertNothingLeft(job);
  const [entry] = await rowsOf<{ code: string }>(
    site.pool,
    `select body->>'code' as code from moim.audit where kind = 'job-refused' and body->>'job' = $1`,
    [job],
  );
  assert.equal(entry?.code, code, 'the refusal is on record');
}

async function assertNothingLeft(job: string): Promise<void> {
  assert.deepEqual(await rowsOf(site.pool, 'select job from moim.released where job = $1', [job]), []);
  const left = hub.frames.some((frame) => frame.t === 'deliver' && claims(frame.envelope).includes(job));
  assert.equal(left, false, 'nothing left the hospital');
}

const claims = (jws: string): string => Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString();

/** What the audit log says of refused deliveries, in order. */
async function refusedDeliveries(): Promise<string[]> {
  const rows = await rowsOf<{ code: string }>(
    site.pool,
    `select body->>'code' as code from moim.audit where kind = 'delivery-refused' order by n`,
  );
  return rows.map(({ code }) => code);
}

async function answeredOnce(job: string): Promise<void> {
  await until('the answer to leave', () =>
    hub.frames.some((frame) => frame.t === 'deliver' && claims(frame.envelope).includes(job)),
  );
  const [row] = await rowsOf<{ entries: number; released: number }>(
    site.pool,
    `select (select count(*) from moim.audit where kind = 'job-answered' and body->>'job' = $1::text)::int as entries,
       (select count(*) from moim.released where job = $1::uuid)::int as released`,
    [job],
  );
  assert.deepEqual(row, { entries: 1, released: 1 });
  // A job that comes again gets the same sealed bytes again: never a second answer.
  const answers = hub.frames.flatMap((frame) => {
    if (frame.t !== 'deliver' || !claims(frame.envelope).includes(job)) return [];
    const { body } = JSON.parse(claims(frame.envelope)) as { body: { header: string; sealed: object } };
    return JSON.stringify([body.header, body.sealed]);
  });
  assert.equal(new Set(answers).size, 1, 'one answer left');
}

test('a study of a lead that the hospital did not accept is refused: lead-not-accepted', async () => {
  const study = await signed(await createSigningKey());
  await hub.deliver(await jobEnvelope(hub, 'alpha', { job: jobOf(study), study: study.jws }));
  await refusedFor(jobOf(study), 'lead-not-accepted');
});

test('a hub that signs the study again with a key of its own is refused', async () => {
  const study = await signed(lead);
  const own = await createSigningKey();
  const jws = await rewritten(study, (it) => ({ ...it, lead: { ...it.lead, key: publicOf(own) } }), own);
  await hub.deliver(await jobEnvelope(hub, 'alpha', { job: jobOf(study), study: jws }));
  await refusedFor(jobOf(study), 'lead-not-accepted');
});

test("a hub that signs with its own key and leaves the accepted lead's name on the study is refused", async () => {
  const study = await signed(lead);
  const jws = await rewritten(study, (it) => it, await createSigningKey());
  await hub.deliver(await jobEnvelope(hub, 'alpha', { job: jobOf(study), study: jws }));
  await refusedFor(jobOf(study), 'bad-signature');
});

const alterations: Readonly<Record<string, (study: Study) => Study>> = {
  'whose sealing key was swapped for the hub’s': (it) => ({
    ...it,
    recipients: it.recipients.map((each) => ({ ...each, sealingKey: 'A'.repeat(43) })),
  }),
  'with one letter of its cohort changed': (it) => ({
    ...it,
    cohorts: it.cohorts.map((each) => ({ ...each, name: `${each.name}.` })),
  }),
  'with another minimum cell': (it) => ({ ...it, minimumCell: it.minimumCell + 1 }),
  'whose job was exchanged': (it) => ({
    ...it,
    sites: it.sites.map((each) => ({ ...each, job: uuidv7(Date.now()) })),
  }),
};
for (const [what, change] of Object.entries(alterations)) {
  test(`a study ${what} is refused: bad-signature`, async () => {
    const study = await signed(lead);
    await hub.deliver(
      await jobEnvelope(hub, 'alpha', { job: jobOf(study), study: await rewritten(study, change) }),
    );
    await refusedFor(jobOf(study), 'bad-signature');
  });
}

test('one byte changed in the signed text is refused, wherever it stands', async () => {
  const study = await signed(lead);
  const [head = '', payload = '', signature = ''] = study.jws.split('.');
  const flip = (text: string, at: number) =>
    text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
  const altered = [
    [head, flip(payload, Math.floor(payload.length / 2)), signature],
    [head, payload, flip(signature, 10)],
    [flip(head, 12), payload, signature],
  ];
  for (const parts of altered) {
    const job = uuidv7(Date.now());
    await hub.deliver(await jobEnvelope(hub, 'alpha', { job, study: parts.join('.') }));
    const { code } = await hub.state(job, 'refused');
    assert.match(code ?? '', /^(bad-signature|bad-input)$/);
    await assertNothingLeft(job);
  }
});

test('a job id that the study does not give this site is refused, and so is the job of another site', async () => {
  const study = await signed(lead);
  const invented = uuidv7(Date.now());
  await hub.deliver(await jobEnvelope(hub, 'alpha', { job: invented, study: study.jws }));
  await refusedFor(invented, 'misaddressed');
  await hub.deliver(await jobEnvelope(hub, 'alpha', { job: jobOf(study, 'beta'), study: study.jws }));
  await refusedFor(jobOf(study, 'beta'), 'misaddressed');
});

test('a study that pins another key for this site is refused', async () => {
  const study = await rewritten(
    await signed(lead),
    (it) => ({ ...it, sites: it.sites.map((each) => ({ ...each, fingerprint: 'AAAA-AAAA-AAAA-AAAA' })) }),
    lead,
  );
  const [job = ''] = (JSON.parse(claims(study)) as Study).sites.map((each) => each.job);
  await hub.deliver(await jobEnvelope(hub, 'alpha', { job, study }));
  await refusedFor(job, 'misaddressed');
});

test('a study that has ended counts as expired, one that has not begun is refused', async () => {
  const day = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
  for (const [start, end, code, as] of [
    [day(-30), day(-2), 'expired', 'expired'],
    [day(2), day(30), 'not-started', 'refused'],
  ] as const) {
    const draft = { ...draftOf([named]), start, end };
    const study = await signStudy(draft, {
      key: lead,
      sealingKey: seals.public,
      signedAt: new Date().toISOString(),
      nextId: () => uuidv7(Date.now()),
    });
    await hub.deliver(await jobEnvelope(hub, 'alpha', { job: jobOf(study), study: study.jws }));
    await refusedFor(jobOf(study), code, as);
  }
});

test('envelopes that are another’s, addressed to another, or past their time are put on record and passed over', async () => {
  const before = await refusedDeliveries();
  const study = await signed(lead);
  const body = { job: jobOf(study), study: study.jws };
  await hub.deliver(await jobEnvelope(hub, 'alpha', body, { key: await createSigningKey() }));
  await hub.deliver(await jobEnvelope(hub, 'alpha', body, { to: 'beta' }));
  await hub.deliver(await jobEnvelope(hub, 'alpha', body, { from: 'beta' }));
  await hub.deliver(
    await jobEnvelope(hub, 'alpha', body, { expiresAt: new Date(Date.now() - 3_600_000).toISOString() }),
  );
  await hub.deliver('eyJhbGciOiJub25lIn0.e30.AA');
  await hub.deliver(await sign({ v: 2, what: 'a thing of tomorrow' }, 'moim-envelope', hub.key));
  await hub.deliver(await sign({ v: 1 }, 'moim-study', hub.key));
  assert.deepEqual((await refusedDeliveries()).slice(before.length), [
    'bad-signature',
    'misaddressed',
    'misaddressed',
    'expired',
    'bad-signature',
    'bad-input',
    'bad-signature',
  ]);
  assert.deepEqual(await rowsOf(site.pool, 'select from moim.job where job = $1', [body.job]), []);

  // The link went on, and the true envelope is still welcome.
  await hub.deliver(await jobEnvelope(hub, 'alpha', body));
  await hub.state(body.job, 'running');
  await answeredOnce(body.job);
});

test('an envelope of the hub that holds no job is put on record and passed over', async () => {
  const before = await refusedDeliveries();
  const header = await sign({ what: 'no header' }, 'moim-reply', hub.key);
  const sealed = {
    v: 1 as const,
    nonce: 'AA',
    ciphertext: 'AA',
    recipients: [{ key: seals.public, ephemeral: seals.public, nonce: 'AA', wrapped: 'AA' }],
  };
  const body = { kind: 'reply' as const, job: uuidv7(Date.now()), header, sealed };
  await hub.deliver(await jobEnvelope(hub, 'alpha', { job: body.job, study: header }, { body }));
  assert.deepEqual((await refusedDeliveries()).slice(before.length), ['bad-input']);
  assert.deepEqual(await rowsOf(site.pool, 'select from moim.inbox where handled_at is null'), []);
});

test('signed texts that are no canonical JSON do not stop the link', async () => {
  const before = await refusedDeliveries();
  const links = hub.links();
  const { CompactSign, importJWK } = await import('jose');
  const { thumbprint } = await import('#protocol/keys.ts');
  const key = await importJWK({ ...hub.key, alg: 'EdDSA' }, 'EdDSA');
  const header = { alg: 'EdDSA', kid: thumbprint(publicOf(hub.key)), typ: 'moim-envelope+jws' };
  for (const text of ['not json', '{"v":1e400}', '{"v":9007199254740993}', '{ "v": 1 }', '"\\ud800"']) {
    const jws = await new CompactSign(new TextEncoder().encode(text)).setProtectedHeader(header).sign(key);
    await hub.deliver(jws);
  }
  assert.equal((await refusedDeliveries()).length - before.length, 5, 'each is on record');
  assert.equal(hub.links(), links, 'the link held');
});

test('a job is answered once: the same delivery again, the same envelope under a new number, the job in a new envelope', async () => {
  const study = await signed(lead);
  const body = { job: jobOf(study), study: study.jws };
  const envelope = await jobEnvelope(hub, 'alpha', body);
  await hub.deliver(envelope);
  const seq = lastAck();
  await answeredOnce(body.job);
  await hub.deliver(envelope, seq);
  await hub.deliver(envelope);
  await hub.deliver(await jobEnvelope(hub, 'alpha', body));
  // A later job marks the end of the queue: whatever the repetitions would do, they have done.
  const next = await signed(lead);
  await hub.deliver(await jobEnvelope(hub, 'alpha', { job: jobOf(next), study: next.jws }));
  await answeredOnce(jobOf(next));
  await answeredOnce(body.job);
  const repeated = await rowsOf<{ outcome: string }>(
    site.pool,
    `select outcome from moim.inbox where outcome = 'repeated'`,
  );
  assert.equal(repeated.length, 1);
});

test('a job that was answered stays answered when the link comes again, without a second answer', async () => {
  const study = await signed(lead);
  const body = { job: jobOf(study), study: study.jws };
  await hub.deliver(await jobEnvelope(hub, 'alpha', body));
  await answeredOnce(body.job);
  const links = hub.links();
  hub.drop();
  await until('the node to link again', () => hub.links() > links);
  await answeredOnce(body.job);
});

test('a gap in the sequence ends the link and takes nothing; the node comes again', async () => {
  const study = await signed(lead);
  const links = hub.links();
  const envelope = await jobEnvelope(hub, 'alpha', { job: jobOf(study), study: study.jws });
  hub.raw(JSON.stringify({ t: 'deliver', epoch: 1, seq: lastAck() + 5, envelope }));
  await until('the node to link again', () => hub.links() > links);
  assert.deepEqual(await rowsOf(site.pool, 'select from moim.job where job = $1', [jobOf(study)]), []);
  await hub.deliver(envelope);
  await answeredOnce(jobOf(study));
});

const malformed: Readonly<Record<string, string>> = {
  'text that is no JSON': 'marker {',
  'an unknown frame': '{"t":"sql","text":"select 1"}',
  'a frame with one member too many': '{"t":"ack","epoch":1,"seq":1,"note":"x"}',
  'a number beyond all numbers': '{"t":"deliver","epoch":1,"seq":1e300,"envelope":"a.b.c"}',
  'a frame of the handshake out of place': '{"t":"welcome","epoch":1,"seq":0}',
  'a state, which hubs do not have': `{"t":"state","job":"${uuidv7(Date.now())}","state":"running"}`,
};
for (const [what, text] of Object.entries(malformed)) {
  test(`${what} ends the link, not the node`, async () => {
    const links = hub.links();
    await until('a link', () => links > 0);
    hub.raw(text);
    await until('the node to link again', () => hub.links() > links);
    const study = await signed(lead);
    await hub.deliver(await jobEnvelope(hub, 'alpha', { job: jobOf(study), study: study.jws }));
    await answeredOnce(jobOf(study));
  });
}

test('a definition that cannot be run, signed past the lead’s own check, is refused by the hospital: definition-refused', async () => {
  const study = await signed(lead, {
    definition: { PrimaryCriteria: { CriteriaList: [{ TimeTravel: {} }] } },
  });
  await hub.deliver(await jobEnvelope(hub, 'alpha', { job: jobOf(study), study: study.jws }));
  await refusedFor(jobOf(study), 'definition-refused');
});

test('the audit chain of a hospital under attack verifies', async () => {
  const { command } = await import('./party.ts');
  const { code, out } = await command(site.home, site.env, 'nodeAudit', 'verify');
  assert.equal(code, 0, out);
});

function lastAck(): number {
  return Math.max(0, ...hub.frames.flatMap((frame) => (frame.t === 'ack' ? [frame.seq] : [])));
}
