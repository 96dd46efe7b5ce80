/** A hub that takes what a lead sends and then says otherwise: no number is signed twice, and no order goes missing unseen. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { freePort } from '#host/ports.ts';
import { hubApi } from '#lead/hub-api.ts';
import { readStudyRecord } from '#lead/study-record.ts';
import { uuidv7 } from '#protocol/ids.ts';
import { createSigningKey } from '#protocol/keys.ts';
import { signOrder } from '#protocol/order.ts';
import { claimedLead, openStudy } from '#protocol/study.ts';
import { temporaryHome } from '#test/support/temporary-home.ts';
import { json, succeed } from './network.ts';
import { command } from './party.ts';
import { draftOf } from './study.ts';

const home = temporaryHome({ after });
const party = { home, env: {} };
const port = await freePort({ random: Math.random });
const url = `http://127.0.0.1:${port}`;

/** What it says of the study, and how it takes a version. */
let standing: { version: number; hash: string; order: string | null } = { version: 1, hash: '', order: null };
let take = (answer: ServerResponse): void => void answer.writeHead(201).end(JSON.stringify(named));
let named = { study: '', version: 1, hash: '' };
let jobs = '';

const server = createServer((asked, answer) => {
  asked.resume();
  asked.on('end', () => {
    if (asked.url?.endsWith('/orders')) return void answer.writeHead(202).end('{}');
    if (asked.method === 'POST') return take(answer);
    const study = { ...standing, state: 'open', versions: [1] };
    answer.end(jobs || JSON.stringify({ study, jobs: [] }));
  });
});
await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
after(() => {
  server.closeAllConnections();
  server.close();
});

const draft = join(home, 'study.json');
writeFileSync(draft, JSON.stringify(draftOf([{ site: 'alpha', fingerprint: 'AAAA-AAAA-AAAA-AAAA' }])));
const key = join(home, 'lead.key');
const tokenFile = join(home, 'token');
writeFileSync(tokenFile, 'token');

await succeed(party, 'key', 'create', '--role', 'lead', '--out', key);

async function sentStudy(): Promise<string> {
  const signed = join(home, `${uuidv7(Date.now())}.signed.json`);
  named = json(await succeed(party, 'study', 'sign', draft, '--key', key, '--out', signed, '--json'));
  standing = { version: 1, hash: named.hash, order: null };
  await succeed(party, 'study', 'send', signed, '--hub', url, '--token-file', tokenFile);
  return named.study;
}

const amend = (study: string) => command(home, {}, 'study', 'amend', study, draft, '--key', key);
const newest = async (study: string) => {
  const { jws } = readStudyRecord(home, study);
  return openStudy(jws, claimedLead(jws));
};

test('a hub that takes version 2 and then shows version 1 gets no second version 2', async () => {
  const study = await sentStudy();
  const first = await amend(study);
  assert.equal(first.code, 0, first.err);
  const second = await newest(study);
  const again = await amend(study);
  assert.equal(again.code, 3, again.err);
  assert.match(again.err, /version 2 with hash [0-9a-f]{64} went to the hub already/);
  assert.match(again.err, /ask its operator/);
  assert.equal((await newest(study)).hash, second.hash);
  standing = { version: 2, hash: second.hash, order: null };
  assert.equal((await amend(study)).code, 0, 'once the hub shows it, version 3 follows');
  assert.equal((await newest(study)).study.version, 3);
});

test('a hub that answers nonsense may have taken it; one that refuses has not, and all that was signed is kept', async () => {
  const study = await sentStudy();
  const taking = take;
  take = (answer) => void answer.writeHead(403).end('{}');
  assert.notEqual((await amend(study)).code, 0);
  const refused = await newest(study);
  take = (answer) => void answer.writeHead(201).end('{}');
  assert.equal((await amend(study)).code, 4, 'a refused version gives way to another of its number');
  const cut = await newest(study);
  assert.deepEqual([cut.study.version, cut.hash === refused.hash], [2, false]);
  assert.ok(readStudyRecord(home, study).older?.some(({ hash }) => hash === refused.hash));
  assert.equal((await amend(study)).code, 3);
  take = (answer) => void answer.destroy();
  assert.equal((await amend(study)).code, 3);
  take = taking;
  assert.equal((await amend(study)).code, 3);
});

test('an order of anybody’s, however numbered, does not hide that the last one is kept back', async () => {
  const study = await sentStudy();
  await succeed(party, 'study', 'withdraw', study, '--key', key);
  const own = readStudyRecord(home, study).order ?? '';
  const fake = {
    schema: 'moim-order/1' as const,
    study,
    version: 1,
    order: 'pause' as const,
    n: 1_000_000_000,
    at: new Date().toISOString(),
  };
  const watch = () => command(home, {}, 'study', 'watch', study, '--once');
  standing.order = own;
  assert.doesNotMatch((await watch()).err, /does not show your last order/);
  standing.order = await signOrder(fake, await createSigningKey());
  assert.match((await watch()).err, /does not show your last order \(withdraw, number 1\)/);
});

test('an answer without end is not read to its end', async () => {
  jobs = ' '.repeat(17 * 1024 * 1024);
  await assert.rejects(hubApi(url, 'token').jobs(named.study, '0', 0), { code: 'too-large' });
  jobs = '';
});
