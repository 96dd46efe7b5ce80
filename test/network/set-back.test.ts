/**
 * Old backups put back after answers had left. Longer than 300 lines because one network goes through all of it in turn: a hospital set back,
 * its hub set back, both.
 */

import assert from 'node:assert/strict';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { temporaryHome } from '#test/support/temporary-home.ts';
import { json, openNetwork, rowsOf, type Site, succeed } from './network.ts';
import { command, until } from './party.ts';
import { reach, resultOf, type SentStudy, sendStudy, statesOf } from './study.ts';

const network = await openNetwork(
  { after },
  { sites: { alpha: { persons: 60, salt: 1 }, beta: { persons: 70, salt: 2 } }, minimumCell: 1 },
);
const { hub, lead } = network;
const [alpha, beta] = network.sites as [Site, Site];
const all = { alpha: 'answered', beta: 'answered' };
const backups = temporaryHome({ after });
for (const site of network.sites) await site.start();

const jobAt = (study: SentStudy) => study.jobs.alpha ?? '';

async function answeredStudy(): Promise<SentStudy> {
  const study = await sendStudy(network);
  await reach(lead, study, all, 40_000);
  return study;
}

const countOf = async (pool: Site['pool'], sql: string, values: unknown[] = []): Promise<number> =>
  Number((await rowsOf<{ n: bigint }>(pool, `select count(*) as n from ${sql}`, values))[0]?.n);

/** The hub holds one answer, and stored it once. */
async function assertCountedOnce(study: SentStudy): Promise<void> {
  const job = jobAt(study);
  assert.equal(await countOf(hub.pool, 'hub.reply where job = $1', [job]), 1);
  assert.equal(
    await countOf(hub.pool, `hub.audit where kind = 'reply-stored' and body->>'job' = $1`, [job]),
    1,
  );
}

interface Finding {
  readonly check: string;
  readonly state: string;
  readonly says: string;
  readonly remedy?: string;
}

async function standing(of: 'alpha' | 'hub'): Promise<Finding | undefined> {
  const party = of === 'hub' ? hub : alpha;
  const { out } = await command(party.home, party.env, of === 'hub' ? 'hubDoctor' : 'doctor', '--json');
  return out
    .split('\n')
    .map((line) => JSON.parse(line) as Finding)
    .find(({ check }) => check === 'standing');
}

const receiptsThere = async () =>
  until('the receipts to come home', async () => {
    const there = await countOf(hub.pool, `hub.witness where site = 'alpha'`);
    return (await countOf(alpha.pool, 'moim.witness')) === there && there > 0;
  });

/** A restored node that misses nothing: a person confirms what is in force in it. */
async function confirmed(reason: string): Promise<void> {
  await until('the node to have met its hub', async () => (await standing('alpha'))?.state === 'failed');
  assert.match((await standing('alpha'))?.says ?? '', /the hub misses nothing/);
  const { out } = await succeed(alpha, 'node', 'epoch', 'open', '--reason', reason);
  assert.match(out, /\nlost: nothing that the hub countersigned\nconfirmed as in force:\n/);
}

const verify = () => command(alpha.home, alpha.env, 'nodeAudit', 'verify');

test('a node that stands still for no reason is not set back: the log verifies with its witness', async () => {
  await answeredStudy();
  await receiptsThere();
  assert.equal((await standing('alpha'))?.state, 'ok');
  assert.equal((await standing('hub'))?.state, 'ok');
  const { code, out } = await verify();
  assert.equal(code, 0, out);
});

test('a new epoch is refused while the node runs and is not set back', async () => {
  const { code, err } = await command(alpha.home, alpha.env, 'node', 'epoch', 'open', '--reason', 'a slip');
  assert.equal(code, 4);
  assert.match(err, /this process serves the home/);
});

test('a hospital restored from an old backup after answers had left answers nothing until a person opens a new epoch', async () => {
  const folder = join(backups, 'alpha-1');
  const taken = json<{ audit: { n: number }; epoch: number }>(
    await succeed(alpha, 'node', 'backup', folder, '--json'),
  );
  assert.equal(taken.epoch, 1);
  const gone = await answeredStudy();
  await receiptsThere();

  // One job is at the hospital and open when its disk is lost.
  const lock = await alpha.pool.connect();
  await lock.query('begin; lock table cdm.person in access exclusive mode');
  const open = await sendStudy(network);
  await reach(lead, open, { alpha: 'running', beta: 'answered' });
  await alpha.stop();
  await lock.query('rollback');
  lock.release();

  const refused = await command(alpha.home, alpha.env, 'node', 'restore', folder);
  assert.equal(refused.code, 3, 'a database that is filled stays unless it is said');
  assert.match(refused.err, /--replace/);
  const told = await succeed(alpha, 'node', 'restore', folder, '--replace');
  assert.match(told.err, /the hub countersigned entry \d+ of epoch 1, which this backup does not hold/);
  // As on a new machine: only the hub can tell.
  rmSync(join(alpha.home, 'witness.jsonl'));
  const restored = await succeed(alpha, 'node', 'restore', folder, '--replace');
  assert.match(restored.out, new RegExp(`audit head ${taken.audit.n} [0-9a-f]{64}\nepoch 1$`));
  assert.doesNotMatch(restored.err, /countersigned/);

  for (const round of [1, 2]) {
    await alpha.start();
    await until(
      `the node to stand still, start ${round}`,
      async () => (await standing('alpha'))?.state === 'failed',
    );
    const found = await standing('alpha');
    assert.match(found?.says ?? '', /was set back/);
    assert.match(found?.remedy ?? '', /moim node epoch open --reason/);
    const meanwhile = await until('a link to be refused', () =>
      alpha.lines.some((line) => /"link-refused"/.test(line)),
    );
    assert.ok(meanwhile);
    assert.equal((await statesOf(lead, open)).alpha, 'running', 'as it was last told');
    if (round === 1) await alpha.stop();
  }
  const waiting = await sendStudy(network);
  await reach(lead, waiting, { alpha: 'offline', beta: 'answered' });
  assert.equal(await countOf(alpha.pool, 'moim.released where job = $1', [jobAt(waiting)]), 0);

  const opened = json<{ epoch: number; lost: { epoch: number; n: number }; renumbered: number }>(
    await succeed(alpha, 'node', 'epoch', 'open', '--reason', 'disk lost', '--json'),
  );
  assert.equal(opened.epoch, 2);
  assert.equal(opened.lost.epoch, 1);
  await reach(lead, open, all, 40_000);
  await reach(lead, waiting, all, 40_000);
  for (const study of [gone, open, waiting]) await assertCountedOnce(study);
  assert.equal(
    await countOf(alpha.pool, 'moim.job where job = $1', [jobAt(gone)]),
    0,
    'what was answered is not asked again',
  );
  assert.equal((await standing('alpha'))?.state, 'ok');
  const [entry] = await rowsOf<{ body: { requeued: number; epoch: number } }>(
    hub.pool,
    `select body from hub.audit where kind = 'site-epoch'`,
  );
  assert.deepEqual([entry?.body.epoch, entry?.body.requeued], [2, 1]);

  await receiptsThere().catch(() => undefined);
  const { code, out, err } = await verify();
  assert.equal(code, 0, out);
  assert.match(err, /^\d+ entries that the hub countersigned are lost, as this log admits/);
  const said = json<{ ok: boolean; lossAdmitted: boolean; lost: unknown[] }>(
    await succeed(alpha, 'nodeAudit', 'verify', '--json'),
  );
  assert.deepEqual([said.ok, said.lossAdmitted, said.lost.length > 0], [true, true, true]);
  assert.match(
    out,
    /^ok \d+ entries, head [0-9a-f]{64}\nlost: entry \d+ of epoch 1, admitted by entry \d+ \(epoch-opened\)/,
  );
  const epochs = await rowsOf<{ epoch: bigint }>(
    hub.pool,
    `select distinct epoch from hub.witness where site = 'alpha' order by epoch`,
  );
  assert.deepEqual(
    epochs.map(({ epoch }) => Number(epoch)),
    [1, 2],
    'the old heads are kept, the new ones carry the epoch',
  );
});

test('a job that was open in the backup and answered since is not computed anew', async () => {
  const lock = await alpha.pool.connect();
  await lock.query('begin; lock table cdm.person in access exclusive mode');
  const study = await sendStudy(network);
  await reach(lead, study, { alpha: 'running', beta: 'answered' });
  const folder = join(backups, 'alpha-open');
  await succeed(alpha, 'node', 'backup', folder);
  await lock.query('rollback');
  lock.release();
  await reach(lead, study, all, 40_000);
  await alpha.stop();
  await succeed(alpha, 'node', 'restore', folder, '--replace');
  await alpha.start();
  await until('the node to stand still', async () => (await standing('alpha'))?.state === 'failed');
  await succeed(alpha, 'node', 'epoch', 'open', '--reason', 'disk lost again');
  await answeredStudy();
  assert.equal(await countOf(alpha.pool, 'moim.released where job = $1', [jobAt(study)]), 0);
  assert.equal((await statesOf(lead, study)).alpha, 'answered');
  await assertCountedOnce(study);
});

test('what was undelivered when the backup was taken arrives after it was put back', async () => {
  const lock = await alpha.pool.connect();
  await lock.query('begin; lock table cdm.person in access exclusive mode');
  const study = await sendStudy(network);
  await reach(lead, study, { alpha: 'running', beta: 'answered' });
  await hub.stop();
  await lock.query('rollback');
  lock.release();
  await until(
    'alpha to answer',
    async () => (await countOf(alpha.pool, 'moim.released where job = $1', [jobAt(study)])) === 1,
  );
  const folder = join(backups, 'alpha-2');
  await succeed(alpha, 'node', 'backup', folder);
  await alpha.stop();
  await succeed(alpha, 'node', 'restore', folder, '--replace');
  await alpha.start();
  await until('the node to wait for its hub', async () =>
    /until the hub has said/.test((await standing('alpha'))?.says ?? ''),
  );
  await hub.start();
  await confirmed('nothing was lost');
  await reach(lead, study, all, 40_000);
  await assertCountedOnce(study);
  assert.equal((await standing('alpha'))?.state, 'ok');
});

test('a database put back by other means shows at the next start, by the file of receipts, before any link', async () => {
  await answeredStudy();
  await receiptsThere();
  await alpha.stop();
  await hub.stop();
  const [last] = await rowsOf<{ n: bigint }>(alpha.pool, 'select max(n) as n from moim.audit');
  await alpha.pool.query('create table public.tail as select * from moim.audit where n >= $1', [last?.n]);
  await alpha.pool.query('delete from moim.audit where n >= $1', [last?.n]);
  const cut = await verify();
  assert.deepEqual([cut.code, cut.out], [1, `entry ${last?.n}: missing`]);
  await alpha.start();
  await until('the node to stand still', async () => (await standing('alpha'))?.state === 'failed');
  await alpha.stop();
  // The tail comes back: a person who finds the newer backup after all loses nothing.
  await alpha.pool.query(`delete from moim.audit where n >= $1`, [last?.n]);
  await alpha.pool.query('insert into moim.audit select * from public.tail');
  await alpha.pool.query('update moim.standing set halted_at = null, code = null');
  await hub.start();
  await alpha.start();
  await answeredStudy();
});

test('a hub restored from an old backup welcomes nobody until a person opens a new epoch; nothing is lost or doubled', async () => {
  const lock = await alpha.pool.connect();
  await lock.query('begin; lock table cdm.person in access exclusive mode');
  const running = await sendStudy(network);
  await reach(lead, running, { alpha: 'running', beta: 'answered' });
  const folder = join(backups, 'hub-1');
  await succeed(hub, 'hub', 'backup', folder);
  await lock.query('rollback');
  lock.release();
  await reach(lead, running, all, 40_000);
  const forgotten = await answeredStudy();
  await hub.stop();
  await succeed(hub, 'hub', 'restore', folder, '--replace');
  await hub.start();
  const found = await standing('hub');
  assert.equal(found?.state, 'failed');
  assert.match(found?.remedy ?? '', /moim hub epoch open --reason/);
  await until('a site to be refused', () =>
    hub.lines.some((line) => /"code":"set-back".*link-refused/.test(line)),
  );
  assert.equal((await statesOf(lead, running)).alpha, 'running', 'as the backup has it');

  const opened = json<{ epoch: number; sites: number }>(
    await succeed(hub, 'hub', 'epoch', 'open', '--reason', 'disk lost', '--json'),
  );
  assert.deepEqual([opened.epoch, opened.sites], [2, 2]);
  await reach(lead, running, all, 60_000);
  await assertCountedOnce(running);
  // A study that the hub forgot is sent again by its lead; the hospitals send the answers they gave.
  const before = await countOf(alpha.pool, 'moim.released');
  await succeed(lead, 'study', 'send', forgotten.file, '--hub', hub.url, '--token-file', lead.tokenFile);
  await reach(lead, forgotten, all, 40_000);
  await assertCountedOnce(forgotten);
  assert.equal(await countOf(alpha.pool, 'moim.released'), before, 'nothing is computed anew');
  assert.equal(
    await countOf(alpha.pool, `moim.audit where kind = 'reply-resent' and body->>'job' = $1`, [
      jobAt(forgotten),
    ]),
    1,
  );
  const sealed = async (pool: Site['pool'], table: string) =>
    (
      await rowsOf<{ sealed: unknown }>(pool, `select sealed from ${table} where job = $1`, [
        jobAt(forgotten),
      ])
    )[0]?.sealed;
  assert.deepEqual(
    await sealed(hub.pool, 'hub.reply'),
    await sealed(alpha.pool, 'moim.released'),
    'the same sealed bytes',
  );
  assert.equal((await resultOf(lead, forgotten)).code, 0);
  assert.equal((await standing('hub'))?.state, 'ok');
  await answeredStudy();
});

test('a hub set back by other means sends nothing to a site that holds more than it ever sent, and says so', async () => {
  await hub.stop();
  const [before] = await rowsOf<{ epoch: bigint; seq: bigint }>(
    hub.pool,
    `select epoch, seq from hub.peer_position where peer = 'alpha' and direction = 'out'`,
  );
  await hub.pool.query(
    `update hub.peer_position set seq = seq - 1 where peer = 'alpha' and direction = 'out'`,
  );
  await hub.pool.query(`delete from hub.outbox where peer = 'alpha' and epoch = $1 and seq = $2`, [
    before?.epoch,
    before?.seq,
  ]);
  await hub.start();
  await until('the hub to notice', async () => (await standing('hub'))?.state === 'failed');
  assert.match((await standing('hub'))?.says ?? '', /nothing is sent to it: alpha$/);
  const study = await sendStudy(network);
  await reach(lead, study, { alpha: 'offline', beta: 'answered' });
  await succeed(hub, 'hub', 'epoch', 'open', '--reason', 'put back by hand');
  await reach(lead, study, all, 40_000);
  await assertCountedOnce(study);
});

test('both restored from backups of the same hour: the network goes on from there', async () => {
  for (const [party, noun] of [
    [alpha, 'node'],
    [hub, 'hub'],
  ] as const)
    await succeed(party, noun, 'backup', join(backups, `both-${noun}`));
  const lost = await answeredStudy();
  await alpha.stop();
  await hub.stop();
  // As on new machines: what the old one kept beside its database is gone too.
  rmSync(join(alpha.home, 'witness.jsonl'));
  for (const [party, noun] of [
    [alpha, 'node'],
    [hub, 'hub'],
  ] as const)
    await succeed(party, noun, 'restore', join(backups, `both-${noun}`), '--replace');
  assert.ok(existsSync(join(alpha.home, 'witness.jsonl')));
  await hub.start();
  await alpha.start();
  await succeed(hub, 'hub', 'epoch', 'open', '--reason', 'the cellar was flooded');
  await confirmed('the cellar was flooded');
  await answeredStudy();
  await succeed(lead, 'study', 'send', lost.file, '--hub', hub.url, '--token-file', lead.tokenFile);
  await reach(lead, lost, all, 40_000);
  await assertCountedOnce(lost);
  assert.equal((await verify()).code, 0);
});

test('beta, which nobody set back, verifies', async () => {
  const { code, out } = await command(beta.home, beta.env, 'nodeAudit', 'verify');
  assert.equal(code, 0, out);
  assert.match(out, /^ok \d+ entries, head [0-9a-f]{64}$/);
  assert.match((await succeed(hub, 'hubAudit', 'verify')).out, /^ok /);
});
