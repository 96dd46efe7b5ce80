import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { readHubIdentity } from '#hub/identity.ts';
import { jobEnvelope } from './hostile-hub.ts';
import {
  assertAnsweredOnce,
  assertChainsVerify,
  openNetwork,
  rowsOf,
  type Site,
  succeed,
} from './network.ts';
import { command, until } from './party.ts';
import { reach, resultOf, sendStudy, signStudy } from './study.ts';

const network = await openNetwork(
  { after },
  {
    sites: {
      alpha: { persons: 60, salt: 1 },
      beta: { persons: 70, salt: 2 },
      gamma: { persons: 80, salt: 3 },
    },
    minimumCell: 1,
  },
);
const { hub, lead, sites } = network;
const [alpha, beta, gamma] = sites as [Site, Site, Site];
const all = { alpha: 'answered', beta: 'answered', gamma: 'answered' };
for (const site of sites) await site.start();

const stateAt = async (site: Site, job: string) =>
  (await rowsOf<{ state: string }>(site.pool, 'select state from moim.job where job = $1', [job]))[0]?.state;

test('a hub that is stopped while jobs run finds their answers when it is back, each once', async () => {
  const locks = await Promise.all(sites.map((site) => site.pool.connect()));
  for (const lock of locks) await lock.query('begin; lock table cdm.person in access exclusive mode');
  const study = await sendStudy(network);
  await reach(lead, study, { alpha: 'running', beta: 'running', gamma: 'running' });
  await hub.stop();
  for (const lock of locks) {
    await lock.query('rollback');
    lock.release();
  }
  for (const site of sites) {
    const job = study.jobs[site.site] ?? '';
    await until(`${site.site} to answer`, async () => (await stateAt(site, job)) === 'answered');
  }
  assert.deepEqual(
    await rowsOf(hub.pool, 'select from hub.reply where job = any($1)', [Object.values(study.jobs)]),
    [],
  );
  await hub.start();
  await reach(lead, study, all, 40_000);
  for (const site of sites) await assertAnsweredOnce(network, site, study.jobs[site.site] ?? '');
});

test('envelopes that no site has taken yet outlive a restart of the hub', async () => {
  for (const site of sites) await site.stop();
  const study = await sendStudy(network);
  await hub.stop();
  await hub.start();
  for (const site of sites) await site.start();
  await reach(lead, study, all, 40_000);
  for (const site of sites) await assertAnsweredOnce(network, site, study.jobs[site.site] ?? '');
});

test('whoever restarts while studies are out, every job is answered once, and a watching lead sees the end', async () => {
  const studies = [await sendStudy(network), await sendStudy(network), await sendStudy(network)];
  const last = studies.at(-1);
  assert.ok(last);
  const watching = command(lead.home, {}, 'study', 'watch', last.id, '--timeout', '90', '--json');
  for (const party of [hub, alpha, hub, beta, gamma, hub, hub]) {
    await party.stop();
    await party.start();
  }
  const { code, out } = await watching;
  assert.equal(code, 0, out);
  for (const study of studies) {
    await reach(lead, study, all, 60_000);
    for (const site of sites) await assertAnsweredOnce(network, site, study.jobs[site.site] ?? '');
    assert.equal((await resultOf(lead, study)).code, 0);
  }
  // A study sent again, as a lead does who did not hear the answer, runs nothing twice.
  await succeed(lead, 'study', 'send', last.file, '--hub', hub.url, '--token-file', lead.tokenFile);
  for (const site of sites) await assertAnsweredOnce(network, site, last.jobs[site.site] ?? '');
});

test('without a hub the lead and the hospital hear that it does not answer, and what to do', async () => {
  const study = await signStudy(lead, sites);
  await hub.stop();
  const sent = await command(
    lead.home,
    {},
    'study',
    'send',
    study.file,
    '--hub',
    hub.url,
    '--token-file',
    lead.tokenFile,
  );
  assert.equal(sent.code, 4);
  assert.match(sent.err, new RegExp(`no answer from ${hub.url}[\\s\\S]*Check the URL and that the hub runs`));
  const doctor = await command(alpha.home, alpha.env, 'doctor', '--json');
  assert.equal(doctor.code, 1);
  const found = doctor.out
    .split('\n')
    .map((line) => JSON.parse(line) as { check: string; state: string; remedy?: string });
  assert.deepEqual(
    found.filter(({ state }) => state === 'failed').map(({ check }) => check),
    ['hub'],
  );
  await hub.start();
  await succeed(lead, 'study', 'send', study.file, '--hub', hub.url, '--token-file', lead.tokenFile);
  await reach(lead, study, all, 40_000);
});

test('a watch that runs out of time says so, exit 4', async () => {
  await gamma.stop();
  const study = await sendStudy(network);
  const { code, err, out } = await command(
    lead.home,
    {},
    'study',
    'watch',
    study.id,
    '--timeout',
    '1',
    '--json',
  );
  assert.equal(code, 4);
  assert.match(err, /study result --partial/);
  assert.match(out, /"site":"gamma","state":"offline"/);
  await gamma.start();
  await reach(lead, study, all, 40_000);
});

test('a job whose time ran out while its hospital was away counts as expired, also when the hospital is back', async () => {
  await gamma.stop();
  const study = await sendStudy(network);
  const job = study.jobs.gamma ?? '';
  const [sent] = await rowsOf<{ message: string; envelope: string }>(
    hub.pool,
    `select message, envelope from hub.outbox where peer = 'gamma' and acked_at is null`,
  );
  assert.ok(sent);
  const payload = Buffer.from(sent.envelope.split('.')[1] ?? '', 'base64url').toString();
  const { body } = JSON.parse(payload) as { body: { job: string; study: string } };
  const expiresAt = new Date(Date.now() - 3_600_000).toISOString();
  const more = { id: sent.message, expiresAt };
  const late = await jobEnvelope({ key: readHubIdentity(hub.home).key }, 'gamma', body, more);
  await hub.pool.query('update hub.outbox set envelope = $2 where message = $1', [sent.message, late]);
  await hub.pool.query('update hub.job set expires_at = $2 where job = $1', [job, expiresAt]);
  const wanted = { alpha: 'answered', beta: 'answered', gamma: 'expired' };
  await reach(lead, study, wanted);
  await gamma.start();
  await until('gamma to refuse the envelope', async () => {
    const rows = await rowsOf(gamma.pool, `select from moim.audit where kind = 'delivery-refused'`);
    return rows.length > 0;
  });
  await reach(lead, study, wanted);
  assert.equal((await command(lead.home, {}, 'study', 'watch', study.id, '--timeout', '5')).code, 0);
  const { code, err } = await resultOf(lead, study);
  assert.equal(code, 1);
  assert.match(err, /2 of 3 answered.*gamma expired/);
  assert.deepEqual(await rowsOf(gamma.pool, 'select from moim.job where job = $1', [job]), []);
});

test('the audit chains verify', () => assertChainsVerify(network));
