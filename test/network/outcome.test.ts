/** What a lead gets of a study: late answers, sites that left, orders that a hub keeps back, keys and tokens that change meanwhile. */

import assert from 'node:assert/strict';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openNetwork, type Site, succeed } from './network.ts';
import { command } from './party.ts';
import { draftOf, reach, resultOf, type SentStudy, sendStudy } from './study.ts';

const network = await openNetwork(
  { after },
  { sites: { alpha: { persons: 90, salt: 1 }, beta: { persons: 60, salt: 2 } }, minimumCell: 1 },
);
const { lead, hub } = network;
const [, beta] = network.sites as [Site, Site];
await Promise.all(network.sites.map((site) => site.start()));

const both = { alpha: 'answered', beta: 'answered' };

const pause = (study: SentStudy) => succeed(lead, 'study', 'pause', study.id, '--key', lead.key);

test('answers that their sites sealed after the day are late: shown, and pooled only where the lead asks for it', async () => {
  const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
  const study = await sendStudy(network, { completion: { kind: 'by-date', date: yesterday } });
  await reach(lead, study, both);
  const { code, pooled } = await resultOf(lead, study);
  assert.deepEqual([code, pooled?.standsOn, pooled?.complete], [1, '0 of 2', false]);
  assert.deepEqual(
    pooled?.sites.map(({ state, late }) => [state, late]),
    [
      ['answered', true],
      ['answered', true],
    ],
  );
  const asked = await resultOf(lead, study, '--late', '--partial');
  assert.deepEqual([asked.code, asked.pooled?.standsOn], [1, '2 of 2']);
  assert.ok((asked.pooled?.cohorts[0]?.persons.value ?? 0) > 0);
  const watched = await command(lead.home, {}, 'study', 'watch', study.id, '--once', '--json');
  assert.match(watched.out, /"state":"answered","late":true/);
});

test('whoever answered by the day is the pool, complete as soon as all have', async () => {
  const today = new Date().toISOString().slice(0, 10);
  const study = await sendStudy(network, { completion: { kind: 'at-least', sites: 1, by: today } });
  await reach(lead, study, both);
  const { code, pooled } = await resultOf(lead, study);
  assert.deepEqual([code, pooled?.standsOn, pooled?.state], [0, '2 of 2', 'complete']);
});

test('an order that the hub keeps back is missed by the lead', async () => {
  const study = await sendStudy(network);
  await reach(lead, study, both);
  await pause(study);
  // What a hub does that takes an order and sends it nowhere, or was set back.
  await hub.pool.query('delete from hub.study_order where study = $1', [study.id]);
  const { err } = await resultOf(lead, study);
  assert.match(err, /does not show your last order \(pause, number 1\)/);
});

test('a lead whose key was rotated orders and amends on; one whose token ran out goes on with a new one', async () => {
  const study = await sendStudy(network);
  await reach(lead, study, both);
  const key = join(lead.home, 'rotated.json');
  copyFileSync(lead.key, key);
  await succeed(lead, 'key', 'rotate', key);
  const rotated = (...words: string[]) => command(lead.home, {}, 'study', ...words, '--key', key);
  const paused = await rotated('pause', study.id);
  assert.equal(paused.code, 0, paused.err);
  const file = join(lead.home, 'rotated-study.json');
  writeFileSync(file, JSON.stringify(draftOf(network.sites, { title: 'Under the new key' })));
  const second = await rotated('amend', study.id, file);
  assert.equal(second.code, 0, second.err);
  assert.match(second.err, /the lead signs with another key/);
  const first = await rotated('result', study.id, '--version', '1');
  assert.equal(first.code, 0, first.err);

  const tokenFile = join(lead.home, 'new-token');
  writeFileSync(tokenFile, (await succeed(hub, 'hub', 'token', 'create', '--role', 'lead')).out);
  const sendAgain = (...words: string[]) =>
    command(
      lead.home,
      {},
      'study',
      'send',
      study.file,
      '--hub',
      hub.url,
      '--token-file',
      tokenFile,
      ...words,
    );
  const stranger = join(lead.home, 'stranger.json');
  await succeed(lead, 'key', 'create', '--role', 'lead', '--out', stranger);
  assert.equal((await sendAgain('--key', stranger)).code, 3, 'another key proves nothing');
  assert.equal((await sendAgain('--key', key)).code, 0);
  const shown = await command(lead.home, {}, 'study', 'watch', study.id, '--once');
  assert.equal(shown.code, 0, shown.err);
});

test('the lead’s doctor says how each study stands, and what to do', async () => {
  const study = await sendStudy(network);
  await reach(lead, study, both);
  await pause(study);
  const { out } = await command(lead.home, {}, 'leadDoctor', '--json');
  const findings = out
    .split('\n')
    .map((line) => JSON.parse(line) as { check: string; state: string; says: string });
  const own = findings.find(({ says }) => says.includes(study.id));
  assert.match(own?.says ?? '', /version 1.*complete at http.*2 of 2 answered/);
  assert.ok(findings.some(({ check, says }) => check === 'key' && says.includes(lead.fingerprint)));
  assert.ok(
    findings.some(({ state, says }) => state === 'failed' && says.includes('does not show your last order')),
  );
});

// Last: beta does not come back from it.
test('a site that left is shown so, what it answered before still counts, and watching does not wait for it', async () => {
  const answered = await sendStudy(network);
  await reach(lead, answered, both);
  await beta.stop();
  const waiting = await sendStudy(network);
  await reach(lead, waiting, { alpha: 'answered', beta: 'offline' });
  await succeed(hub, 'hub', 'revoke', 'beta');
  await reach(lead, waiting, { beta: 'left' });
  assert.equal((await command(lead.home, {}, 'study', 'watch', waiting.id, '--timeout', '20')).code, 0);
  const before = await resultOf(lead, answered);
  assert.deepEqual([before.code, before.pooled?.standsOn], [0, '2 of 2'], before.err);
  assert.deepEqual(
    before.pooled?.sites.map(({ site, left: gone }) => [site, gone]),
    [
      ['alpha', undefined],
      ['beta', true],
    ],
  );
  const without = await resultOf(lead, waiting);
  assert.deepEqual([without.code, without.pooled?.standsOn], [1, '1 of 2']);
  assert.match(without.err, /beta left/);
});
