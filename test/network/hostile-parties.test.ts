// Longer than 300 lines because one network, opened once, stands under every attack.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readHubIdentity } from '#hub/identity.ts';
import { readNodeIdentity } from '#node/identity.ts';
import { type Envelope, sealEnvelope } from '#protocol/envelope.ts';
import { uuidv7 } from '#protocol/ids.ts';
import { createSigningKey, publicOf } from '#protocol/keys.ts';
import { openReply, type SiteAnswer, sealedHash, verifyReply } from '#protocol/reply.ts';
import { type Sealed, seal } from '#protocol/seal.ts';
import { sign } from '#protocol/sign.ts';
import { truthOf } from './cohort.ts';
import { type HostileNodeOptions, openHostileNode } from './hostile-node.ts';
import { assertChainsVerify, openNetwork, openSite, rowsOf, type Site, succeed } from './network.ts';
import { command, until } from './party.ts';
import { reach, resultOf, sendStudy, signStudy } from './study.ts';

const network = await openNetwork(
  { after },
  {
    sites: {
      alpha: { persons: 80, salt: 1 },
      beta: { persons: 60, salt: 2 },
      mallory: { persons: 9, salt: 3 },
    },
    minimumCell: 1,
  },
);
const { hub, lead } = network;
const [alpha, beta, mallory] = network.sites as [Site, Site, Site];
const hubKey = readHubIdentity(hub.home).public;

const linkAs = (site: Site, more: Partial<HostileNodeOptions> = {}) =>
  openHostileNode(
    { after },
    { url: hub.url, site: site.site, hubKey, key: readNodeIdentity(site.home).key, ...more },
  );

test('a node whose protocol the hub does not speak is told so: no-common-version', async () => {
  assert.equal(await linkAs(alpha, { versions: [2, 999] }).refused(), 'no-common-version');
});

test('a site that the operator has not approved is told so, and may link once it is', async () => {
  const waiting = await openSite({ after }, { site: 'waiting', hub, approved: false });
  const link = linkAs(waiting);
  assert.equal(await link.refused(), 'not-approved');
  await succeed(hub, 'hub', 'approve', waiting.fingerprint);
  const approved = linkAs(waiting);
  await approved.welcomed();
  approved.end();
});

test('a key that is not the site’s is refused, whether it says so or not', async () => {
  const stranger = await createSigningKey();
  assert.equal(await linkAs(alpha, { key: stranger }).refused(), 'unknown-site');
  assert.equal(
    await linkAs(alpha, { key: stranger, named: publicOf(readNodeIdentity(alpha.home).key) }).refused(),
    'bad-signature',
  );
});

test('a second session with one key is refused while the first is up, and taken when it has gone', async () => {
  await alpha.start();
  await until('alpha to link', () => alpha.lines.some((line) => line.includes('link-up')));
  const study = await sendStudy(network, { sites: [alpha] });
  await reach(lead, study, { alpha: 'answered' });
  assert.equal(await linkAs(alpha).refused(), 'second-session');
  await alpha.stop();
  await until('the hub to notice', async () => {
    const link = linkAs(alpha);
    const taken = await Promise.race([link.welcomed().then(() => true), link.refused().then(() => false)]);
    link.end();
    return taken;
  });
});

test('a node that goes away in the middle of the handshake does not lock itself out', async () => {
  for (const stop of ['open', 'challenge', 'welcome'] as const) {
    const link = linkAs(beta, { until: stop });
    if (stop !== 'open') await until('an answer of the hub', () => link.frames.some(({ t }) => t === stop));
    link.end();
  }
  // Gone the moment it has proven its key.
  for (let i = 0; i < 10; i += 1) {
    const link = linkAs(beta);
    await until('the challenge', () => link.frames.some(({ t }) => t === 'challenge'));
    await new Promise((resolve) => setTimeout(resolve, i));
    link.end();
  }
  await until('the hub to take the site again', async () => {
    const link = linkAs(beta);
    const taken = await Promise.race([link.welcomed().then(() => true), link.refused().then(() => false)]);
    link.end();
    return taken;
  });
});

test('what a node sends that is not its answer is put on record and passed over, and the hub stays whole', async () => {
  const study = await signStudy(lead, [alpha]);
  await succeed(lead, 'study', 'send', study.file, '--hub', hub.url, '--token-file', lead.tokenFile);
  const job = study.jobs.alpha ?? '';
  const [position] = await rowsOf<{ seq: number }>(
    hub.pool,
    `select coalesce(max(seq), 0)::int as seq from hub.peer_position where peer = 'mallory' and direction = 'in'`,
  );
  let seq = position?.seq ?? 0;
  const link = linkAs(mallory);
  await link.welcomed();
  const [stored] = await rowsOf<{ header: string; sealed: Record<string, unknown> }>(
    hub.pool,
    'select header, sealed from hub.reply limit 1',
  );
  assert.ok(stored);
  const send = async (change: Partial<Envelope>, key = readNodeIdentity(mallory.home).key) => {
    seq += 1;
    const at = (ms: number) => new Date(Date.now() + ms).toISOString();
    const body = { kind: 'reply', job, header: stored.header, sealed: stored.sealed } as Envelope['body'];
    const envelope = await sealEnvelope(
      {
        v: 1,
        id: uuidv7(Date.now()),
        from: 'mallory',
        to: 'hub',
        sentAt: at(0),
        expiresAt: at(60_000),
        body,
        ...change,
      },
      key,
    );
    link.send({ t: 'deliver', epoch: 1, seq, envelope });
    await link.acked(seq);
  };
  // Another site's reply under this site's name; another's envelope; one for somebody else; one past its time; no reply at all.
  await send({});
  await send({ from: 'alpha' });
  await send({}, await createSigningKey());
  await send({ to: 'alpha' });
  await send({ expiresAt: new Date(Date.now() - 3_600_000).toISOString() });
  await send({ body: { kind: 'job', job, study: stored.header } });
  const codes = await rowsOf<{ code: string }>(
    hub.pool,
    `select body->>'code' as code from hub.audit where kind = 'delivery-refused' and body->>'site' = 'mallory' order by n`,
  );
  assert.deepEqual(
    codes.map(({ code }) => code),
    ['bad-signature', 'misaddressed', 'bad-signature', 'misaddressed', 'expired', 'bad-input'],
  );
  assert.deepEqual(await rowsOf(hub.pool, 'select from hub.reply where job = $1', [job]), []);

  // A state of another site's job changes nothing, and neither does saying "answered" of one's own.
  link.send({ t: 'state', job, state: 'refused', code: 'not-permitted' });
  link.send({ t: 'state', job, state: 'answered' });
  link.send({ t: 'deliver', epoch: 1, seq: seq + 7, envelope: 'a.b.c' });
  await link.closed();
  const [row] = await rowsOf<{ state: string }>(hub.pool, 'select state from hub.job where job = $1', [job]);
  assert.equal(row?.state, 'waiting');
  await alpha.start();
  await reach(lead, study, { alpha: 'answered' });
});

for (const [what, text] of Object.entries({
  'bytes in place of text': Buffer.from([0, 1, 2, 255]),
  'text that is no JSON': '}{',
  'an unknown frame': '{"t":"select","what":"*"}',
  'a number beyond all numbers': '{"t":"ack","epoch":1,"seq":1e300}',
})) {
  test(`${what} from a node ends its link, not the hub`, async () => {
    await until('the last link of mallory to be gone', async () => {
      const link = linkAs(mallory);
      const taken = await Promise.race([
        link.welcomed().then(() => link),
        link.refused().then(() => undefined),
      ]);
      if (!taken) return undefined;
      await until('the hub to be ready', () => taken.frames.some(({ t }) => t === 'welcome'));
      taken.raw(text);
      await taken.closed();
      return true;
    });
    assert.equal((await fetch(`${hub.url}/healthz`)).status, 200);
  });
}

test('a study altered after its signature is refused by the lead’s command and by the hub', async () => {
  const study = await signStudy(lead, [alpha]);
  const signed = JSON.parse(readFileSync(study.file, 'utf8')) as { jws: string };
  const [head = '', payload = '', signature = ''] = signed.jws.split('.');
  const text = Buffer.from(payload, 'base64url').toString().replace('320128', '320129');
  const jws = [head, Buffer.from(text).toString('base64url'), signature].join('.');
  const altered = join(lead.home, 'altered.json');
  writeFileSync(altered, JSON.stringify({ ...signed, jws }));
  const answer = await command(
    lead.home,
    {},
    'study',
    'send',
    altered,
    '--hub',
    hub.url,
    '--token-file',
    lead.tokenFile,
  );
  assert.equal(answer.code, 3);
  assert.match(answer.err, /signature[\s\S]*Ask the sender for the document again/);

  const response = await fetch(`${hub.url}/api/v1/studies`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${readFileSync(lead.tokenFile, 'utf8')}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ study: jws }),
  });
  assert.equal(response.status, 403);
  assert.equal(((await response.json()) as { error: { code: string } }).error.code, 'bad-signature');
  assert.deepEqual(await rowsOf(hub.pool, 'select from hub.study where study = $1', [study.id]), []);
});

test('a study sent twice at once is taken once, and both senders hear that it is', async () => {
  const study = await signStudy(lead, [alpha]);
  const send = () =>
    command(lead.home, {}, 'study', 'send', study.file, '--hub', hub.url, '--token-file', lead.tokenFile);
  const answers = await Promise.all([send(), send(), send()]);
  assert.deepEqual(
    answers.map(({ code, err }) => (code === 0 ? 0 : err)),
    [0, 0, 0],
  );
  const jobs = await rowsOf(hub.pool, 'select from hub.job where study = $1', [study.id]);
  assert.equal(jobs.length, 1);
  const sent = await rowsOf(
    hub.pool,
    `select from hub.audit where kind = 'study-received' and body->>'study' = $1`,
    [study.id],
  );
  assert.equal(sent.length, 1);
});

test('a reply that the hub altered is left out of the pool, and its hospital is named', async () => {
  await beta.start();
  const study = await sendStudy(network, { sites: [alpha, beta] });
  await reach(lead, study, { alpha: 'answered', beta: 'answered' });
  const job = study.jobs.beta ?? '';
  const [kept] = await rowsOf<{ header: string; sealed: { ciphertext: string } }>(
    hub.pool,
    'select header, sealed from hub.reply where job = $1',
    [job],
  );
  assert.ok(kept);
  const put = (header: string, sealed: object) =>
    hub.pool.query('update hub.reply set header = $2, sealed = $3 where job = $1', [
      job,
      header,
      JSON.stringify(sealed),
    ]);
  const [other] = await rowsOf<{ header: string; sealed: object }>(
    hub.pool,
    'select header, sealed from hub.reply where job = $1',
    [study.jobs.alpha],
  );
  assert.ok(other);
  const flipped = kept.sealed.ciphertext.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'));
  const alphaAlone = await truthOf(alpha.pool);
  for (const [header, sealed] of [
    [kept.header, { ...kept.sealed, ciphertext: flipped }],
    [other.header, other.sealed],
    [kept.header, other.sealed],
    [`${kept.header.slice(0, -4)}AAAA`, kept.sealed],
  ] as const) {
    await put(header, sealed);
    const { code, pooled, err } = await resultOf(lead, study);
    assert.equal(code, 1);
    assert.match(err, /1 of 2 answered.*beta failed \(bad-signature\)/);
    assert.deepEqual(
      pooled?.sites.find(({ site }) => site === 'beta'),
      { site: 'beta', state: 'failed', code: 'bad-signature' },
    );
    const partial = await resultOf(lead, study, '--partial');
    assert.equal(partial.pooled?.cohorts[0]?.persons.value, alphaAlone.persons);
  }
  await put(kept.header, kept.sealed);
  assert.equal((await resultOf(lead, study)).code, 0);
});

test('a hospital that signs cells no pool can take is left out and named; the others are pooled', async () => {
  const study = await sendStudy(network, { sites: [alpha, beta] });
  await reach(lead, study, { alpha: 'answered', beta: 'answered' });
  const job = study.jobs.beta ?? '';
  const identity = readNodeIdentity(beta.home);
  const [kept] = await rowsOf<{ header: string; sealed: Sealed }>(
    hub.pool,
    'select header, sealed from hub.reply where job = $1',
    [job],
  );
  assert.ok(kept);
  const header = await verifyReply(kept.header, kept.sealed, identity.public);
  const answer = await openReply(header, kept.sealed, identity.archive, identity.public);
  const readers = kept.sealed.recipients.map(({ key }) => key);
  const cell = { id: 'persons', kind: 'persons', state: 'value', value: 7 } as const;
  const odd: readonly SiteAnswer['cohorts'][number]['cells'][] = [
    [cell, cell],
    [{ ...cell, kind: 'rows' }],
    [{ id: 'persons', kind: 'persons', state: 'suppressed', low: 9, high: 1 }],
  ];
  for (const cells of odd) {
    const inner = await sign({ ...answer, cohorts: [{ cohort: 0, cells }] }, 'moim-result', identity.key);
    const sealed = await seal(new TextEncoder().encode(inner), readers, header.context);
    const outer = await sign({ ...header, ciphertext: sealedHash(sealed) }, 'moim-reply', identity.key);
    await hub.pool.query('update hub.reply set header = $2, sealed = $3 where job = $1', [
      job,
      outer,
      JSON.stringify(sealed),
    ]);
    const { code, pooled, err } = await resultOf(lead, study, '--partial');
    assert.equal(code, 1, err);
    assert.equal(pooled?.standsOn, '1 of 2');
    assert.equal(pooled.sites.find(({ site }) => site === 'beta')?.code, 'bad-input');
  }
});

test('a lead without the study’s home or key opens nothing', async () => {
  const study = await sendStudy(network, { sites: [alpha] });
  await reach(lead, study, { alpha: 'answered' });
  const stranger = join(lead.home, 'stranger.json');
  await succeed(lead, 'key', 'create', '--role', 'lead', '--out', stranger);
  const wrongKey = await command(lead.home, {}, 'study', 'result', study.id, '--key', stranger, '--json');
  assert.equal(wrongKey.code, 3);
  assert.equal(wrongKey.out, '');
  const wrongHome = await command(hub.home, {}, 'study', 'result', study.id, '--key', lead.key, '--json');
  assert.equal(wrongHome.code, 5);
  assert.match(wrongHome.err, /Use the home that signed the study/);
});

test('a revoked hospital loses its live link soon, and cannot come back', async () => {
  await until('beta to be up', () => beta.lines.filter((line) => line.includes('link-up')).length > 0);
  const downs = () => beta.lines.filter((line) => line.includes('link-down')).length;
  const before = downs();
  await succeed(hub, 'hub', 'revoke', 'beta');
  await until('the link to close', () => downs() > before, 10_000);
  await until('the hub to refuse it', () => beta.lines.some((line) => line.includes('unknown-site')));
  const study = await signStudy(lead, [alpha, beta]);
  const send = ['study', 'send', study.file, '--hub', hub.url, '--token-file', lead.tokenFile] as const;
  const answer = await command(lead.home, {}, ...send);
  assert.equal(answer.code, 3);
  assert.match(answer.err, /not enrolled at this hub: beta/);
});

test('after all of this every audit chain verifies', async () => {
  await assertChainsVerify(network);
});
