/** A restore gives nothing its permission again: what was taken back after the backup was made stays so until a person has confirmed what stands. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { testDatabase } from '#test/support/database.ts';
import { temporaryHome } from '#test/support/temporary-home.ts';
import { openFindings } from './findings.ts';
import { json, openNetwork, rowsOf, type Site, succeed } from './network.ts';
import { command, until } from './party.ts';
import { personsOf } from './persons.ts';
import { reach, type SentStudy, sendStudy } from './study.ts';

const network = await openNetwork({ after }, { sites: { alpha: { persons: 60, salt: 1 } }, minimumCell: 1 });
const { lead } = network;
const [alpha] = network.sites as [Site];
const persons = personsOf(alpha);
const { by, done, add, apply } = persons;
const backups = temporaryHome({ after });
const folder = join(backups, 'approved');
const jobOf = (study: SentStudy) => study.jobs.alpha ?? '';

await apply(undefined, 'permit = "one-person"');
await add(undefined, 'eve', 'engineer');
await add(undefined, 'dana', 'dpo');
await add('dana', 'rob', 'engineer');
await add('dana', 'ada', 'approver');
await alpha.start();

async function newest(kind: string): Promise<Record<string, unknown> | undefined> {
  const [row] = await rowsOf<{ body: Record<string, unknown> }>(
    alpha.pool,
    'select body from moim.audit where kind = $1 order by n desc limit 1',
    [kind],
  );
  return row?.body;
}

const openApprovals = async () =>
  (await rowsOf(alpha.pool, 'select from moim.approval where withdrawn_at is null and used < runs')).length;
const released = async (job: string) =>
  (await rowsOf(alpha.pool, 'select from moim.released where job = $1', [job])).length;
const standing = async () => (await openFindings(alpha)).get('standing');

const study = await sendStudy(network);
const job = jobOf(study);
await persons.held(job, 'approval-needed');
await reach(lead, study, { alpha: 'awaiting-approval' });
await alpha.stop();

test('a backup is on record, with who took it and what is in it, and without the persons’ keys', async () => {
  await done('ada', 'approve', job);
  await alpha.pool.query(
    `insert into moim.person_key (key, person_id) select sha256(person_id::text::bytea), person_id from cdm.person`,
  );
  await done('rob', 'backup', folder, '--results');
  assert.deepEqual(await newest('backup-taken'), { person: 'rob', results: true });
  const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as {
    parts: { path: string }[];
    audit: { n: number };
  };
  assert.ok(!manifest.parts.some(({ path }) => /person_key$/.test(path)));
  assert.ok(manifest.parts.some(({ path }) => path === 'tables/moim.person_key_version'));
  const [head] = await rowsOf<{ n: bigint; kind: string }>(
    alpha.pool,
    'select n, kind from moim.audit order by n desc limit 1',
  );
  assert.deepEqual([Number(head?.n), head?.kind], [manifest.audit.n, 'backup-taken']);
  // Nobody is asked for: a timer takes it by night.
  await done(undefined, 'backup', join(backups, 'by-night'));
  assert.deepEqual(await newest('backup-taken'), { person: 'console', results: false });
});

test('a restore is a named person’s: who was removed since the backup is nobody in it', async () => {
  await done('ada', 'unapprove', job);
  await done('dana', 'user', 'remove', 'rob');
  const unnamed = await by(undefined, 'restore', folder, '--replace');
  assert.deepEqual([unnamed.code, /--as NAME/.test(unnamed.err)], [3, true]);
  assert.equal((await by('rob', 'restore', folder, '--replace')).code, 3, 'removed');
  assert.equal((await by('ada', 'restore', folder, '--replace')).code, 3, 'an approver');
  assert.equal(await newest('restored'), undefined);
  // Where the database was lost too, the backup's persons are the ones there are.
  const { url } = await testDatabase({ after });
  const home = join(temporaryHome({ after }), 'new');
  const env = { MOIM_DATABASE_URL: url };
  assert.equal((await command(home, env, 'node', 'restore', folder)).code, 3);
  const named = { ...env, MOIM_USER_CREDENTIAL: persons.credential('eve') };
  const told = await command(home, named, 'node', 'restore', folder, '--as', 'eve');
  assert.equal(told.code, 0, told.err);
});

test('an approval that was taken back after the backup does not come back, and nothing runs', async () => {
  const { err, out } = await done('eve', 'restore', folder, '--replace', '--json');
  const { confirm } = JSON.parse(out) as { confirm: { persons: { name: string }[]; leads: unknown[] } };
  assert.deepEqual(
    confirm.persons.map(({ name }) => name),
    ['ada', 'dana', 'eve', 'rob'],
    'rob is back, and the list says so',
  );
  assert.match(err, /policy version \d+ /);
  assert.match(err, new RegExp(`lead ${lead.fingerprint} Test lead`));
  assert.match(err, /person rob, engineer/);
  assert.equal(await openApprovals(), 0);
  const restored = await newest('restored');
  assert.equal(restored?.person, 'eve');
  assert.deepEqual(restored?.jobsHeld, [job]);
  assert.equal(Object(restored?.approvalsWithdrawn).length, 1);
});

test('a new epoch is refused until the restored node has met its hub', async () => {
  const { code, err } = await by('eve', 'epoch', 'open', '--reason', 'restored');
  assert.equal(code, 3);
  assert.match(err, /has not met its hub since/);
  assert.equal(await newest('epoch-opened'), undefined);
});

test('the hub misses nothing, and still nothing is answered until a person has confirmed what is in force', async () => {
  await alpha.start();
  const found = await until('the node to have met its hub', async () => {
    const finding = await standing();
    return finding?.state === 'failed' && finding;
  });
  assert.match(found.says, /the hub misses nothing/);
  assert.match(found.remedy ?? '', /trust list.*user list.*moim node epoch open --reason/);
  await alpha.stop();
  await alpha.start();
  assert.equal(await released(job), 0);

  assert.equal((await by(undefined, 'epoch', 'open', '--reason', 'restored')).code, 3, 'as nobody');
  await done('dana', 'user', 'remove', 'rob');
  const { out } = await done('eve', 'epoch', 'open', '--reason', 'restored');
  assert.match(
    out,
    /\nlost: nothing that the hub countersigned\nconfirmed as in force:\n {2}policy version \d+ /,
  );
  assert.doesNotMatch(out, /person rob/);
  const opened = await newest('epoch-opened');
  assert.equal(opened?.person, 'eve');
  assert.equal(opened?.lost, null);
  assert.deepEqual(Object(opened?.confirmed).persons, ['ada approver', 'dana dpo', 'eve engineer']);
  assert.equal(opened && 'withoutHub' in opened, false);

  // The hub sends the job again; it waits for a person anew.
  await until('the job to come again', async () => {
    const [row] = await rowsOf<{ unconfirmed: boolean; state: string }>(
      alpha.pool,
      'select unconfirmed, state from moim.job where job = $1',
      [job],
    );
    return row?.unconfirmed === false && row.state === 'awaiting-approval';
  });
  assert.equal(await released(job), 0);
  await done('ada', 'approve', job);
  await reach(lead, study, { alpha: 'answered' }, 40_000);
  assert.equal((await standing())?.state, 'ok');
});

test('without a hub a new epoch is opened only where that is said, on record', async () => {
  await alpha.stop();
  await done('eve', 'backup', join(backups, 'newer'));
  await done('eve', 'restore', join(backups, 'newer'), '--replace');
  const opened = json<{ epoch: number }>(
    await done('eve', 'epoch', 'open', '--reason', 'the hub is gone', '--without-hub', '--json'),
  );
  assert.equal(opened.epoch, 3);
  assert.equal((await newest('epoch-opened'))?.withoutHub, true);
});

test('the first pin of a hub, and every look at what left, are on record', async () => {
  const pinned = await newest('hub-pinned');
  assert.deepEqual([pinned?.site, pinned?.person], ['alpha', 'console']);
  assert.match(String(pinned?.hub), /^([A-Z2-7]{4}-){3}[A-Z2-7]{4}$/);
  await succeed(alpha, 'nodeAudit', 'show', '--left');
  assert.deepEqual(await newest('left-shown'), { person: 'console', answers: 1 });
  const env = { ...alpha.env, MOIM_USER_CREDENTIAL: persons.credential('ada') };
  await succeed({ home: alpha.home, env }, 'nodeAudit', 'show', '--left', '--as', 'ada');
  assert.deepEqual(await newest('left-shown'), { person: 'ada', answers: 1 });
  const wrong = await command(alpha.home, env, 'nodeAudit', 'show', '--left', '--as', 'dana');
  assert.equal(wrong.code, 3);
  assert.equal((await succeed(alpha, 'nodeAudit', 'verify')).code, 0);
});
