import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readHubIdentity } from '#hub/identity.ts';
import { pinHub, readNodeIdentity, readPinnedHub } from '#node/identity.ts';
import { type Carry, signCarry } from '#protocol/carry.ts';
import { uuidv7 } from '#protocol/ids.ts';
import { thumbprint } from '#protocol/keys.ts';
import { claimedPayload } from '#protocol/sign.ts';
import { temporaryHome } from '#test/support/temporary-home.ts';
import { fillCdm } from './cohort.ts';
import {
  applyPolicy,
  assertChainsVerify,
  json,
  openNetwork,
  openStandalone,
  rowsOf,
  type Site,
  succeed,
} from './network.ts';
import { command, until } from './party.ts';
import { resultOf, type SentStudy, sendStudy, statesOf } from './study.ts';

const network = await openNetwork(
  { after },
  { sites: { alpha: { persons: 60, salt: 1 }, beta: { persons: 40, salt: 2 } }, minimumCell: 1 },
);
const { hub, lead } = network;
const [alpha, beta] = network.sites as [Site, Site];
const gamma = await openStandalone({ after }, 'gamma', { MOIM_LINK: 'none' });
await fillCdm(gamma.pool, { persons: 30, salt: 3 });
await succeed(gamma, 'node', 'trust', 'lead', lead.key, '--fingerprint', lead.fingerprint, '--entity', 'L');
await applyPolicy(gamma, { minimumCell: 1 });
const desk = temporaryHome({ after });
const hubKey = readHubIdentity(hub.home);
const alphaKey = readNodeIdentity(alpha.home);

// The node runs, and no network joins it to the hub.
const online = readPinnedHub(alpha.home);
assert.ok(online);
const offline = { ...online, url: 'http://127.0.0.1:9' };
pinHub(alpha.home, offline);
await alpha.start();

let files = 0;
const newFile = () => {
  files += 1;
  return join(desk, `${files}.json`);
};
async function fromHub(site = alpha): Promise<string> {
  const file = newFile();
  await succeed(hub, 'hub', 'carry-out', site.site, file);
  return file;
}
async function fromNode(): Promise<string> {
  const file = newFile();
  await succeed(alpha, 'node', 'carry-out', file);
  return file;
}
const into = (party: { home: string; env?: Record<string, string> }, noun: 'hub' | 'node', file: string) =>
  command(party.home, party.env ?? {}, noun, 'carry-in', file, '--json');
const intoNode = (file: string) => into(alpha as never, 'node', file);
const intoHub = (file: string) => into(hub as never, 'hub', file);
const counts = (answer: Awaited<ReturnType<typeof intoHub>>) =>
  json<{ taken: number; known: number; refused: Record<string, number> }>(answer);

const only = { sites: [alpha] };
const answered = (study: SentStudy) =>
  until(
    'the node to answer',
    async () => {
      const rows = await rowsOf<{ state: string }>(alpha.pool, 'select state from moim.job where job = $1', [
        study.jobs.alpha,
      ]);
      return rows[0]?.state === 'answered';
    },
    45_000,
  );
/** All that a carried file could change. */
const traces = async () => ({
  node: await rowsOf(
    alpha.pool,
    `select (select count(*) from moim.inbox)::int as inbox, (select count(*) from moim.outbox where acked_at is null)::int as unacked,
       (select count(*) from moim.audit where kind like 'carried-in' or kind = 'delivery-refused')::int as entries,
       (select coalesce(max(seq), 0) from moim.peer_position where direction = 'in')::int as last`,
  ),
  hub: await rowsOf(
    hub.pool,
    `select (select count(*) from hub.reply)::int as replies, (select count(*) from hub.outbox where acked_at is null)::int as unacked,
       (select count(*) from hub.audit where kind like 'carried-in' or kind = 'delivery-refused')::int as entries`,
  ),
});
async function changesNothing(work: () => Promise<{ code: number; err: string }>, code: number, words = /./) {
  const before = await traces();
  const answer = await work();
  assert.equal(answer.code, code, answer.err);
  if (code !== 0) assert.match(answer.err, words);
  assert.deepEqual(await traces(), before);
}

test('a node that is never online completes a study by files, exactly once', async () => {
  const study = await sendStudy(network, only);
  const jobs = await fromHub();
  assert.equal(counts(await intoNode(jobs)).taken, 1);
  // A node that runs finds what a command put there when it starts, or within half a minute.
  await alpha.stop();
  await alpha.start();
  await answered(study);
  const replies = await fromNode();
  assert.deepEqual(
    await rowsOf(alpha.pool, 'select acked_at from moim.outbox'),
    [{ acked_at: null }],
    'what was carried out stays until the acknowledgement comes',
  );
  const taken = await intoHub(replies);
  assert.equal(taken.code, 0, taken.err);
  assert.equal(counts(taken).taken, 1);
  const result = await resultOf(lead, study);
  assert.equal(result.code, 0, result.err);
  await changesNothing(() => intoHub(replies), 0);
  await changesNothing(() => intoNode(jobs), 0);
  const back = await fromHub();
  assert.equal((await intoNode(back)).code, 0);
  const [row] = await rowsOf<{ acked_at: string | null }>(alpha.pool, 'select acked_at from moim.outbox');
  assert.notEqual(row?.acked_at, null, 'the next file brought the acknowledgement');
  const [witness] = await rowsOf<{ n: number }>(alpha.pool, 'select count(*)::int as n from moim.witness');
  assert.equal(witness?.n, 1, 'and the receipt of the audit head');
});

test('a lost file loses nothing: the next one holds what it held; an older one after it is refused', async () => {
  const first = await sendStudy(network, only);
  const lost = await fromHub();
  const second = await sendStudy(network, only);
  const next = await fromHub();
  assert.equal(counts(await intoNode(next)).taken, 2);
  await changesNothing(() => intoNode(lost), 3, /newer file/);
  await alpha.stop();
  await alpha.start();
  await answered(first);
  await answered(second);
  await fromNode();
  const replies = await fromNode();
  assert.equal(counts(await intoHub(replies)).taken, 2);
  for (const study of [first, second]) assert.equal((await resultOf(lead, study)).code, 0);
});

test('job states travel too: what the hospital refuses shows at the lead', async () => {
  const study = await sendStudy(network, { ...only, minimumCell: 1, title: 'Refused?' });
  await succeed(
    alpha,
    'node',
    'trust',
    'lead',
    lead.key,
    '--fingerprint',
    lead.fingerprint,
    '--entity',
    'Test lead',
    '--remove',
  );
  await intoNode(await fromHub());
  await alpha.stop();
  await alpha.start();
  await until('the refusal', async () => {
    const rows = await rowsOf<{ state: string }>(alpha.pool, 'select state from moim.job where job = $1', [
      study.jobs.alpha,
    ]);
    return rows[0]?.state === 'refused';
  });
  assert.equal((await intoHub(await fromNode())).code, 0);
  assert.deepEqual(await statesOf(lead, study), { alpha: 'refused lead-not-accepted' });
  await succeed(
    alpha,
    'node',
    'trust',
    'lead',
    lead.key,
    '--fingerprint',
    lead.fingerprint,
    '--entity',
    'Test lead',
  );
});

test('a file that is altered, for another site, of another sender or of another hub is refused whole', async () => {
  await sendStudy(network);
  const good = await fromHub();
  const text = readFileSync(good, 'utf8');
  const { jws } = JSON.parse(text) as { jws: string };
  const [head = '', body = '', signature = ''] = jws.split('.');
  const write = (altered: string) => {
    const file = newFile();
    writeFileSync(file, JSON.stringify({ moim: 'carry', jws: altered }));
    return file;
  };
  const carry = claimedPayload(jws) as Carry;
  const altered = Buffer.from(JSON.stringify({ ...carry, deliveries: [] })).toString('base64url');
  await changesNothing(() => intoNode(write(`${head}.${altered}.${signature}`)), 3, /signature/);
  await changesNothing(async () => intoNode(write(await signCarry(carry, alphaKey.key))), 3, /signed/);
  const elsewhere = { ...carry, id: uuidv7(Date.now()), hub: thumbprint(alphaKey.public) };
  await changesNothing(async () => intoNode(write(await signCarry(elsewhere, hubKey.key))), 3, /another hub/);
  const forBeta = await fromHub(beta);
  await changesNothing(() => intoNode(forBeta), 3, /another site/);
  await changesNothing(() => intoHub(good), 3);
  await changesNothing(() => intoNode(write(`${head}.${body}.${signature}x`)), 3);
  const more = { ...carry, id: uuidv7(Date.now()), why: 'x' } as Carry;
  await changesNothing(
    async () => intoNode(write(await signCarry(more, hubKey.key))),
    5,
    /not a known member/,
  );
});

test('a gap is refused before anything is taken; a bad envelope in a good file is refused alone', async () => {
  const good = await fromHub();
  const carry = claimedPayload((JSON.parse(readFileSync(good, 'utf8')) as { jws: string }).jws) as Carry;
  const [first] = carry.deliveries;
  assert.ok(first);
  const write = async (deliveries: Carry['deliveries']) => {
    const file = newFile();
    const made = { ...carry, id: uuidv7(Date.now()), madeAt: new Date().toISOString(), deliveries };
    writeFileSync(file, JSON.stringify({ moim: 'carry', jws: await signCarry(made, hubKey.key) }));
    return file;
  };
  await changesNothing(
    async () => intoNode(await write([first, { ...first, seq: first.seq + 2 }])),
    3,
    /before the first one|missing/,
  );
  const mixed = await intoNode(
    await write([first, { ...first, seq: first.seq + 1, envelope: `${first.envelope}x` }]),
  );
  assert.equal(mixed.code, 3);
  assert.deepEqual(counts(mixed).refused, { 'bad-signature': 1 });
  assert.equal(counts(mixed).taken, 2, 'its number is taken, so that the next one fits');
});

test('files and the link mix: what came by one is not taken again by the other', async () => {
  const [before] = await rowsOf<{ n: number }>(hub.pool, 'select count(*)::int as n from hub.reply');
  // The last test gave the node a number that the hub has not used: only a fresh pair can go on by link.
  const study = await sendStudy(network, { sites: [beta] });
  const file = await fromHub(beta);
  await succeed(beta, 'node', 'carry-in', file);
  await beta.start();
  await until('the answer over the link', async () => (await resultOf(lead, study)).code === 0);
  assert.equal(
    json<{ known: number }>(await succeed(beta, 'node', 'carry-in', file, '--json')).known > 0,
    true,
  );
  const out = newFile();
  await succeed(beta, 'node', 'carry-out', out);
  const carried = await intoHub(out);
  assert.equal(carried.code, 0, carried.err);
  assert.equal(counts(carried).taken, 0);
  const [now] = await rowsOf<{ n: number }>(hub.pool, 'select count(*)::int as n from hub.reply');
  assert.ok((now?.n ?? 0) > (before?.n ?? 0));
  await assertChainsVerify(network);
});

test('a hospital that never was on any network enrols, answers and is answered by files alone', async () => {
  const token = (await succeed(hub, 'hub', 'token', 'create', '--role', 'site', '--site', 'gamma')).out;
  const [request, reply, stolen] = [newFile(), newFile(), newFile()];
  await succeed(gamma, 'node', 'enroll', '--token', token, '--request', request);
  const forged = JSON.parse(readFileSync(request, 'utf8')) as { key: object };
  writeFileSync(stolen, JSON.stringify({ ...forged, key: alphaKey.public }));
  assert.equal((await command(hub.home, hub.env, 'hub', 'enroll', stolen, newFile())).code, 3);
  const shown = await succeed(hub, 'hub', 'enroll', request, reply);
  assert.ok(shown.out.includes(gamma.fingerprint), 'the operator reads the fingerprint to compare');
  await succeed(hub, 'hub', 'approve', gamma.fingerprint);
  assert.ok((await succeed(gamma, 'node', 'enroll', '--answer', reply)).out.includes(hubKey.fingerprint));
  await gamma.start();
  const study = await sendStudy(network, { sites: [gamma] });
  const jobs = await fromHub(gamma);
  await succeed(gamma, 'node', 'carry-in', jobs);
  await until(
    'the running node to find the job, and answer',
    async () => (await rowsOf(gamma.pool, `select 1 from moim.job where state = 'answered'`)).length > 0,
  );
  const out = newFile();
  await succeed(gamma, 'node', 'carry-out', out);
  assert.equal((await intoHub(out)).code, 0);
  assert.equal((await resultOf(lead, study)).code, 0);
  assert.match((await command(gamma.home, gamma.env, 'doctor')).out, /by hand, as site gamma/);
});
