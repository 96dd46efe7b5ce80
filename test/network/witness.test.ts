import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readHubIdentity } from '#hub/identity.ts';
import { readNodeIdentity } from '#node/identity.ts';
import { createSigningKey } from '#protocol/keys.ts';
import { claimedPayload } from '#protocol/sign.ts';
import { type AuditHead, signHead, signReceipt } from '#protocol/witness.ts';
import { json, openNetwork, rowsOf, type Site, succeed } from './network.ts';
import { command, until } from './party.ts';
import { reach, sendStudy } from './study.ts';

const network = await openNetwork({ after }, { sites: { alpha: { persons: 60, salt: 1 } }, minimumCell: 1 });
const { hub, lead } = network;
const [alpha] = network.sites as [Site];
await alpha.start();

const witnessFile = join(alpha.home, 'witness.jsonl');
const receiptsOf = (): string[] => readFileSync(witnessFile, 'utf8').split('\n').filter(Boolean);
const verify = (...flags: string[]) => command(alpha.home, alpha.env, 'nodeAudit', 'verify', ...flags);
const answered = rowsOf<{ n: bigint; hash: string }>;

async function answerStudies(count: number): Promise<void> {
  const before = await rowsOf(alpha.pool, 'select from moim.witness');
  for (let i = 0; i < count; i += 1) await reach(lead, await sendStudy(network), { alpha: 'answered' });
  await until('the receipts to come back', async () => {
    return (await rowsOf(alpha.pool, 'select from moim.witness')).length === before.length + count;
  });
}

test('every answer brings a receipt home: in the database, in the file, and at the hub the same', async () => {
  await answerStudies(2);
  const kept = await answered(
    alpha.pool,
    `select n, hash from moim.audit where kind = 'job-answered' order by n`,
  );
  const there = await rowsOf<{ n: bigint; hash: string }>(
    hub.pool,
    'select n, hash from hub.witness order by n',
  );
  assert.deepEqual(there, kept, 'the hub holds the head of each answer');
  assert.deepEqual(await rowsOf(alpha.pool, 'select n, hash from moim.witness order by n'), kept);
  assert.equal(receiptsOf().length, 2);
  const { out, err, code } = await verify();
  assert.equal(code, 0);
  assert.match(out, /^ok \d+ entries, head [0-9a-f]{64}$/);
  assert.match(err, /2 receipts of the hub/);
  const said = json<{ witnessed: boolean; receipts: number }>(await verify('--json'));
  assert.deepEqual([said.witnessed, said.receipts], [true, 2]);
});

test('without a witness the verdict says so', async () => {
  const log = join(alpha.home, 'log.jsonl');
  writeFileSync(log, (await succeed(alpha, 'nodeAudit', 'show', '--json')).out);
  const { code, err, out } = await verify('--file', log);
  assert.equal(code, 0);
  assert.match(out, /^ok /);
  assert.match(err, /no witness was given: a tail that was cut off would not show/);
  assert.equal(json<{ witnessed: boolean }>(await verify('--file', log, '--json')).witnessed, false);
});

test('a tail that was cut off shows, by the node’s own file and by what the hub gives out', async () => {
  const entries = (await succeed(alpha, 'nodeAudit', 'show', '--json')).out.split('\n');
  const last = JSON.parse(entries.at(-1) ?? '') as { n: number; kind: string };
  assert.equal(last.kind, 'job-answered');
  const cut = join(alpha.home, 'cut.jsonl');
  writeFileSync(cut, entries.slice(0, -1).join('\n'));
  assert.match((await verify('--file', cut)).out, /^ok /, 'the chain alone does not tell');
  const exported = join(hub.home, 'witness.jsonl');
  writeFileSync(exported, (await succeed(hub, 'hub', 'witness', 'alpha')).out);
  for (const witness of [witnessFile, exported]) {
    const { code, out } = await verify('--file', cut, '--witness', witness);
    assert.deepEqual([code, out], [1, `entry ${last.n}: missing`]);
  }
  // The hub, too, can hold a site's log against what it countersigned.
  const atHub = await command(hub.home, hub.env, 'hubAudit', 'verify', '--file', cut, '--witness', exported);
  assert.deepEqual([atHub.code, atHub.out], [1, `entry ${last.n}: missing`]);
});

test('a chain written anew from some entry on shows: changed', async () => {
  const entries = (await succeed(alpha, 'nodeAudit', 'show', '--json')).out
    .split('\n')
    .map((line) => JSON.parse(line) as { n: number; at: string; kind: string; body: Record<string, never> });
  const { chain, emptyHead } = await import('#protocol/ledger.ts');
  let head = emptyHead;
  const anew = entries.map(({ at, kind, body }, i) => {
    const entry = chain(head, at, kind, i === 1 ? { ...body, code: 'other' } : body);
    head = entry;
    return JSON.stringify(entry);
  });
  const file = join(alpha.home, 'anew.jsonl');
  writeFileSync(file, anew.join('\n'));
  assert.match((await verify('--file', file)).out, /^ok /);
  const first = entries.find(({ kind }) => kind === 'job-answered');
  const { code, out } = await verify('--file', file, '--witness', witnessFile);
  assert.deepEqual([code, out], [1, `entry ${first?.n}: changed`]);
});

test('a receipt that another key made, or that says otherwise than the head inside, is no witness', async () => {
  const own = readNodeIdentity(alpha.home);
  const facts = { site: 'alpha', epoch: 1, n: 1, hash: 'a'.repeat(64), at: new Date().toISOString() };
  const head: AuditHead = { schema: 'moim-head/1', ...facts };
  const jws = await signHead(facts, own.key);
  const forged = [
    await signReceipt(head, jws, facts.at, await createSigningKey()),
    await signReceipt({ ...head, n: 2 }, jws, facts.at, readHubIdentity(hub.home).key),
  ];
  for (const receipt of forged) {
    const file = join(alpha.home, 'forged.jsonl');
    writeFileSync(file, `${JSON.stringify({ receipt })}\n`);
    const { code, err } = await verify('--witness', file);
    assert.equal(code, 3);
    assert.match(err, /forged\.jsonl:1: a receipt /);
  }
  const missing = await verify('--witness', join(alpha.home, 'none.jsonl'));
  assert.equal(missing.code, 5);
});

test('a hub that countersigns something else is passed over: its receipt is not kept', async () => {
  const before = receiptsOf().length;
  const stranger = await createSigningKey();
  const facts = { site: 'alpha', epoch: 1, n: 999, hash: 'b'.repeat(64), at: new Date().toISOString() };
  const jws = await signHead(facts, stranger);
  const receipt = await signReceipt(
    { schema: 'moim-head/1', ...facts },
    jws,
    facts.at,
    readHubIdentity(hub.home).key,
  );
  await hub.pool.query(
    `insert into hub.witness (site, epoch, n, hash, head, receipt, received_at) values ('alpha', 0, 999, $1, $2, $3, now())`,
    [facts.hash, jws, receipt],
  );
  await alpha.stop();
  await alpha.start();
  await until('the node to refuse it', () => alpha.lines.some((line) => /witness-refused/.test(line)));
  await hub.pool.query('delete from hub.witness where n = 999');
  await answerStudies(1);
  assert.equal(receiptsOf().length, before + 1);
});

test('a head that contradicts what the hub holds is not countersigned, and the answer is taken all the same', async () => {
  const [row] = await rowsOf<{ n: bigint }>(hub.pool, 'select max(n) as n from hub.witness');
  const beyond = (row?.n ?? 0n) + 100n;
  await hub.pool.query(
    `insert into hub.witness select site, epoch, $1, hash, head, receipt, received_at from hub.witness order by n desc limit 1`,
    [beyond],
  );
  await reach(lead, await sendStudy(network), { alpha: 'answered' });
  const [refused] = await rowsOf<{ body: { code: string; held: { n: number } } }>(
    hub.pool,
    `select body from hub.audit where kind = 'head-refused'`,
  );
  assert.deepEqual([refused?.body.code, refused?.body.held.n], ['contradiction', Number(beyond)]);
  await hub.pool.query('delete from hub.witness where n = $1', [beyond]);
});

test('receipts that were lost with the link come with the next one', async () => {
  const lost = receiptsOf().at(-1) ?? '';
  const { n } = JSON.parse(lost) as { n: number };
  await alpha.stop();
  await alpha.pool.query('delete from moim.witness where n = $1', [n]);
  writeFileSync(witnessFile, `${receiptsOf().slice(0, -1).join('\n')}\n`);
  await alpha.start();
  await until('the receipt to come again', () => receiptsOf().length > 0 && receiptsOf().at(-1) === lost);
});

test('a line of the file that is no receipt is named', async () => {
  const file = join(alpha.home, 'spoilt.jsonl');
  writeFileSync(file, readFileSync(witnessFile));
  appendFileSync(file, 'not a line\n');
  const { code, err } = await verify('--witness', file);
  assert.equal(code, 5);
  assert.match(err, /spoilt\.jsonl:\d+: not JSON/);
});

test('what left is shown in cells and compared with its hashes; a changed hash shows', async () => {
  const shown = await succeed(alpha, 'nodeAudit', 'show', '--left');
  assert.match(
    shown.out,
    /as recorded\n {2}study [0-9a-f-]+ version 1, minimum cell 1, zeros shown\n {2}vocabulary [^\n]+\n {2}cohort 0\n {4}cell +counts +figure\n/,
  );
  assert.match(shown.out, /persons +persons +\d+/);
  const [row] = await rowsOf<{ job: string }>(alpha.pool, 'select job from moim.released limit 1');
  await alpha.pool.query(`update moim.released set plaintext_sha256 = $2 where job = $1`, [
    row?.job,
    'a'.repeat(64),
  ]);
  const changed = await command(alpha.home, alpha.env, 'nodeAudit', 'show', '--left');
  assert.equal(changed.code, 1);
  assert.match(changed.out, new RegExp(`job ${row?.job} NOT AS RECORDED`));
});

test('the log as CSV keeps quotes, commas and formulas apart', async () => {
  const { out } = await succeed(alpha, 'nodeAudit', 'show', '--csv');
  const [head, first = ''] = out.split('\n');
  assert.equal(head, 'n,at,kind,body,previous,hash');
  assert.match(first, /^1,[^,]+,policy-applied,"\{""[a-zA-Z]+"":/);
});

test('a receipt names the entry it is of', () => {
  const { receipt } = JSON.parse(receiptsOf()[0] ?? '') as { receipt: string };
  const payload = claimedPayload(receipt) as { schema: string; site: string; epoch: number };
  assert.deepEqual([payload.schema, payload.site, payload.epoch], ['moim-receipt/1', 'alpha', 1]);
});
