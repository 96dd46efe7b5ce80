/** Persons at a hospital decide: list, dry run, approve, take back, refuse, on a network that runs. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { DryRun } from '#node/approval/dry-run.ts';
import type { PendingApproval } from '#node/approval/list.ts';
import { json, openLead, openNetwork, rowsOf, type Site } from './network.ts';
import { command, until } from './party.ts';
import { personsOf, policyText } from './persons.ts';
import { draftOf, reach, resultOf, type SentStudy, sendStudy } from './study.ts';

const network = await openNetwork({ after }, { sites: { alpha: { persons: 90, salt: 1 } } });
const { hub, lead } = network;
const [alpha] = network.sites as [Site];
const persons = personsOf(alpha);
const { by, done, add, apply, confirm } = persons;
const jobOf = (study: SentStudy): string => study.jobs.alpha ?? '';
const held = (study: SentStudy, code: string) => persons.held(jobOf(study), code);
const dry = (study: SentStudy, person: string) => persons.dryRun(person, jobOf(study));
const entries = (kind: string, study: SentStudy) => persons.entries(kind, jobOf(study));

await apply(undefined, 'permit = "one-person"');
await alpha.start();

test('nobody is registered: the console approves, and is recorded so', async () => {
  const study = await sendStudy(network, { title: 'One\nJob 00000000\u009b2J\u202e forged' });
  const pending = await held(study, 'approval-needed');
  assert.equal(pending.need, 1);
  assert.deepEqual(pending.have, []);
  assert.equal(pending.kind, 'run');
  assert.deepEqual(pending.lead, { fingerprint: lead.fingerprint, entity: 'Test lead' });
  assert.equal(pending.title, 'One Job 00000000 2J forged', 'on one line, without control characters');
  await reach(lead, study, { alpha: 'awaiting-approval' });
  await done(undefined, 'approve', jobOf(study));
  await reach(lead, study, { alpha: 'answered' });
  const [answered] = await entries('job-answered', study);
  assert.deepEqual(answered?.permittedBy, ['console']);
  assert.equal(answered?.lead, lead.fingerprint);
  assert.equal(answered?.entity, 'Test lead');
  assert.match(String(answered?.dataVersion), /^[0-9a-f]{64}$/);
});

test('once persons are registered, they are named and show their credential', async () => {
  await add(undefined, 'eve', 'engineer');
  await add(undefined, 'dana', 'dpo');
  const late = await by(undefined, 'user', 'add', 'mallory', '--role', 'approver');
  assert.equal(late.code, 3, 'the console adds nobody once there is a data-protection officer');
  await add('dana', 'ada', 'approver');
  await confirm('eve', 'ada');
  await add('dana', 'rob', 'reader');
  const study = await sendStudy(network);
  await held(study, 'approval-needed');
  const job = jobOf(study);
  assert.equal((await by(undefined, 'approve', job)).code, 3, 'without a name');
  const wrong = await command(
    alpha.home,
    { ...alpha.env, MOIM_USER_CREDENTIAL: persons.credential('rob') },
    'node',
    'approve',
    job,
    '--as',
    'ada',
  );
  assert.equal(wrong.code, 3, 'with the credential of somebody else');
  assert.equal((await by('eve', 'approve', job)).code, 3, 'an engineer does not approve');
  assert.equal((await by('rob', 'dry-run', job)).code, 3, 'a reader only reads');
  assert.equal((await by('ada', 'policy', 'apply', join(alpha.home, 'policy.toml'))).code, 3);
  const refused = await rowsOf<{ body: { person: string; code: string } }>(
    alpha.pool,
    `select body from moim.audit where kind = 'person-refused' order by n`,
  );
  assert.deepEqual(
    refused.map(({ body }) => `${body.person} ${body.code}`),
    ['ada credential-refused', 'eve right-missing', 'rob right-missing', 'ada right-missing'],
  );
  await done('ada', 'approve', job);
  await reach(lead, study, { alpha: 'answered' });
  const [answered] = await entries('job-answered', study);
  assert.deepEqual(answered?.permittedBy, ['ada']);
});

test('who put the policy in force is not enough alone', async () => {
  await apply('dana', 'permit = "one-person"\napprovalDays = 7');
  const study = await sendStudy(network);
  await held(study, 'approval-needed');
  await done('dana', 'approve', jobOf(study));
  const pending = await held(study, 'second-person-needed');
  assert.deepEqual(pending.have, ['dana']);
  await done('ada', 'approve', jobOf(study));
  await reach(lead, study, { alpha: 'answered' });
});

test('reviewed: what a person saw in the dry run leaves, and nothing else', async () => {
  await apply('eve', 'release = "reviewed"');
  const study = await sendStudy(network);
  await held(study, 'approval-needed');
  const seen = await dry(study, 'ada');
  assert.equal((await dry(study, 'ada')).hash, seen.hash, 'two computations agree');
  assert.equal((await by('ada', 'approve', jobOf(study))).code, 3, 'an approval names the hash');
  assert.equal((await by('ada', 'approve', jobOf(study), '--release', 'f'.repeat(64))).code, 3);
  await done('ada', 'approve', jobOf(study), '--release', seen.hash);
  await reach(lead, study, { alpha: 'answered' });
  const { pooled } = await resultOf(lead, study);
  assert.ok(pooled?.complete);
  const left = await command(alpha.home, alpha.env, 'nodeAudit', 'show', '--left', '--json');
  const lines = left.out.split('\n').map((line) => JSON.parse(line) as { job: string; answer: object });
  const answer = lines.find(({ job }) => job === jobOf(study))?.answer as DryRun['answer'];
  assert.deepEqual(answer.cohorts, seen.answer.cohorts, 'the very cells that were shown');
});

test('reviewed: data that changed since hold the answer back', async () => {
  const study = await sendStudy(network, { minimumCell: 2 });
  await held(study, 'approval-needed');
  const seen = await dry(study, 'ada');
  await alpha.pool.query(`delete from cdm.moim_cdm_version; update cdm.condition_occurrence set condition_start_date = condition_start_date + 400
    where condition_occurrence_id = (select min(condition_occurrence_id) from cdm.condition_occurrence)`);
  await done('ada', 'approve', jobOf(study), '--release', seen.hash);
  await held(study, 'data-changed');
  assert.deepEqual(await entries('job-answered', study), []);
  await done('ada', 'refuse', jobOf(study), '--reason', 'data-quality');
});

test('a dry run keeps nothing but that it was done, and is read in plain', async () => {
  const study = await sendStudy(network);
  await held(study, 'approval-needed');
  const kept = async () =>
    rowsOf<object>(
      alpha.pool,
      `select (select count(*)::int from moim.released) as released, (select count(*)::int from moim.released_table) as tables,
         (select count(*)::int from moim.outbox) as sent, (select count(*)::int from moim.approval) as approvals,
         (select to_jsonb(j) - 'untold' from moim.job j where job = $1) as job`,
      [jobOf(study)],
    );
  const before = await kept();
  const { out } = await done('dana', 'dry-run', jobOf(study));
  assert.deepEqual(await kept(), before);
  const [entry, ...more] = await entries('dry-run', study);
  assert.deepEqual(more, []);
  assert.equal(entry?.person, 'dana');
  assert.match(out, /with no figure under 5 persons/);
  assert.match(out, /Cohort 1, hypertension: \d+ figures, \d+ of them withheld/);
  assert.match(out, /^ {2}persons +persons +\d+$/m);
  assert.match(out, /withheld \(\d+ to \d+\)/);
  assert.ok(out.endsWith(`release hash ${entry?.hash}`));
  await done('ada', 'refuse', jobOf(study), '--reason', 'duplicate');
});

test('an amended study is approved anew, with what changed since the version approved before', async () => {
  const study = await sendStudy(network, { title: 'Before' });
  await held(study, 'approval-needed');
  await done('ada', 'approve', jobOf(study), '--release', (await dry(study, 'ada')).hash);
  await reach(lead, study, { alpha: 'answered' });
  const file = join(lead.home, 'amended.json');
  writeFileSync(file, JSON.stringify(draftOf(network.sites, { title: 'After', minimumCell: 9 })));
  const amended = await command(lead.home, {}, 'study', 'amend', study.id, file, '--key', lead.key);
  assert.equal(amended.code, 0, amended.err);
  const pending = await until('the new version to wait', async () =>
    json<PendingApproval[]>(await done(undefined, 'approvals', '--json')).find(
      (one) => one.study === study.id && one.version === 2,
    ),
  );
  assert.ok(pending.changes?.includes('title: "Before" → "After"'), String(pending.changes));
  assert.ok(pending.changes?.some((line) => line.includes('9')));
  const { out } = await done(undefined, 'approvals');
  assert.match(out, /changed since the version permitted before:\n {4}title: "Before" → "After"/);
  assert.match(out, /needs +0 of 1 to approve what leaves/);
  await done('ada', 'refuse', pending.job, '--reason', 'other');
});

test('a refusal leaves as a code; the note stays', async () => {
  const note = 'zqxNoteOfTheOfficer';
  const study = await sendStudy(network);
  await held(study, 'approval-needed');
  const unknown = await by('ada', 'refuse', jobOf(study), '--reason', 'because');
  assert.equal(unknown.code, 2);
  assert.match(unknown.err, /purpose, legal-basis/);
  await done('ada', 'refuse', jobOf(study), '--reason', 'legal-basis', '--note', note);
  await reach(lead, study, { alpha: 'refused hospital-refused' });
  assert.equal((await by('ada', 'approve', jobOf(study))).code, 3, 'a refused job stays refused');
  const [row] = await rowsOf<{ reason: string }>(hub.pool, 'select reason from hub.job where job = $1', [
    jobOf(study),
  ]);
  assert.equal(row?.reason, 'legal-basis');
  const tables = await rowsOf<{ name: string }>(
    hub.pool,
    `select table_name as name from information_schema.tables where table_schema = 'hub'`,
  );
  for (const { name } of tables) {
    const rows = await rowsOf<{ text: string }>(
      hub.pool,
      `select to_jsonb(t)::text as text from hub.${name} t`,
    );
    assert.ok(!rows.some(({ text }) => text.includes(note)), `hub.${name}`);
  }
  const mine = await rowsOf<{ text: string }>(
    alpha.pool,
    `select to_jsonb(t)::text as text from moim.audit t union all select to_jsonb(t)::text from moim.outbox t`,
  );
  assert.ok(!mine.some(({ text }) => text.includes(note)), 'neither in the log nor on its way');
  assert.ok(![...alpha.lines, ...hub.lines].some((line) => line.includes(note)), 'nor in a log line');
  const [kept] = await rowsOf<{ note: string; person: string }>(
    alpha.pool,
    'select note, person from moim.refusal where job = $1',
    [jobOf(study)],
  );
  assert.deepEqual(kept, { note, person: 'ada' });
});

test('what waits of a lead who is removed is refused', async () => {
  const other = await openLead({ after }, hub);
  await done('eve', 'trust', 'lead', other.key, '--fingerprint', other.fingerprint, '--entity', 'Other');
  const study = await sendStudy({ ...network, lead: other });
  await held(study, 'approval-needed');
  await done('eve', 'trust', 'lead', '--remove', '--fingerprint', other.fingerprint);
  await reach(other, study, { alpha: 'refused lead-not-accepted' });
});

test('what waits is judged again when the policy changes', async () => {
  const study = await sendStudy(network);
  await held(study, 'approval-needed');
  const file = join(alpha.home, 'denies.toml');
  writeFileSync(file, policyText('[criteria]\ndeny = ["ConditionOccurrence"]'));
  const { changes } = json<{ changes: { job: string; before: string; after: string }[] }>(
    await done(undefined, 'policy', 'check', file, '--json'),
  );
  assert.deepEqual(
    changes.map(({ job, before, after }) => ({ job, before, after })),
    [{ job: jobOf(study), before: 'awaiting-approval', after: 'refused' }],
  );
  await apply('eve', '');
  await reach(lead, study, { alpha: 'answered' });
  await apply('eve', 'release = "reviewed"');
  const refused = await sendStudy(network);
  await held(refused, 'approval-needed');
  await done('eve', 'policy', 'apply', file);
  await reach(lead, refused, { alpha: 'refused not-permitted' });
  await apply('eve', '');
  assert.equal((await by('ada', 'approve', jobOf(refused))).code, 3, 'what was refused stays refused');
  await done('eve', 'policy', 'apply', file);
  const denied = await sendStudy(network);
  await reach(lead, denied, { alpha: 'refused not-permitted' });
  for (const study of [refused, denied]) {
    const [entry] = await entries('job-refused', study);
    assert.match(String(entry?.why), /^criteria: cohort 1 uses ConditionOccurrence \(\$\.PrimaryCriteria/);
  }
});
