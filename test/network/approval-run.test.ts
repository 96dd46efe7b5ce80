/** What is taken back, used up or changed while a job runs, or before it does, keeps its answer here. */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { noteFingerprint } from '#node/cdm/version.ts';
import { cdmTables } from '#sql/cdm/tables.ts';
import { openNetwork, rowsOf, type Site } from './network.ts';
import { until } from './party.ts';
import { personsOf } from './persons.ts';
import { reach, type SentStudy, sendStudy } from './study.ts';

const network = await openNetwork(
  { after },
  { sites: { alpha: { persons: 90, salt: 1 } }, env: { MOIM_QUERY_TIMEOUT: '600' } },
);
const { lead } = network;
const [alpha] = network.sites as [Site];
// Noted as a load does: the data version is read from there and not from the tables, which these tests lock and alter.
for (const table of cdmTables) await noteFingerprint(alpha.pool, 'cdm', table);
const persons = personsOf(alpha);
const jobOf = (study: SentStudy): string => study.jobs.alpha ?? '';

await persons.add(undefined, 'ada', 'approver');
await persons.add(undefined, 'dana', 'dpo');
await persons.add('dana', 'bob', 'approver');
await persons.confirm('ada', 'bob');
await persons.apply('dana', 'permit = "one-person"');
await alpha.start();

/** A study that `name` approved, and runs until `work` is done: its cohort waits for a table that the test holds. */
async function whileItRuns(name: string, flags: string[], work: (job: string) => Promise<void>) {
  const client = await alpha.pool.connect();
  await client.query('begin; lock table cdm.condition_occurrence in access exclusive mode');
  try {
    const study = await sendStudy(network);
    const job = jobOf(study);
    await persons.held(job, 'approval-needed');
    await persons.done(name, 'approve', job, ...flags);
    await until('the job to run', async () => {
      const [row] = await rowsOf<{ state: string }>(alpha.pool, 'select state from moim.job where job = $1', [
        job,
      ]);
      return row?.state === 'running';
    });
    await work(job);
    return study;
  } finally {
    await client.query('rollback');
    client.release();
  }
}

async function nothingLeft(study: SentStudy): Promise<void> {
  assert.deepEqual(await persons.entries('job-answered', jobOf(study)), []);
  assert.deepEqual(await rowsOf(alpha.pool, 'select from moim.released where job = $1', [jobOf(study)]), []);
}

test('an approval withdrawn during the run', async () => {
  const study = await whileItRuns('ada', [], async (job) => {
    await persons.done('ada', 'unapprove', job);
  });
  await persons.held(jobOf(study), 'approval-needed');
  await nothingLeft(study);
  await persons.done('bob', 'approve', jobOf(study));
  await reach(lead, study, { alpha: 'answered' });
  const late = await persons.by('bob', 'unapprove', jobOf(study));
  assert.equal(late.code, 3, 'what has left is not taken back');
  const [answered] = await persons.entries('job-answered', jobOf(study));
  assert.deepEqual(answered?.permittedBy, ['bob']);
});

test('an approver removed during the run', async () => {
  await persons.add('dana', 'carl', 'approver');
  await persons.confirm('ada', 'carl');
  const study = await whileItRuns('carl', [], async () => {
    await persons.done('dana', 'user', 'remove', 'carl');
  });
  await persons.held(jobOf(study), 'approval-needed');
  await nothingLeft(study);
  assert.equal(
    (await persons.by('carl', 'approve', jobOf(study))).code,
    3,
    'whose credential is good no more',
  );
  assert.equal(
    (await persons.by('dana', 'user', 'add', 'carl', '--role', 'approver')).code,
    3,
    'nor the name',
  );
});

test('a refusal during the run stops it', async () => {
  const study = await whileItRuns('ada', [], async (job) => {
    await persons.done('bob', 'refuse', job, '--reason', 'scope');
  });
  await reach(lead, study, { alpha: 'refused hospital-refused' });
  await nothingLeft(study);
});

test('a second run consumes a second of the runs approved', async () => {
  const study = await whileItRuns('ada', ['--runs', '1'], async () => {
    await alpha.stop();
  });
  await alpha.start();
  await persons.held(jobOf(study), 'approval-used-up');
  await nothingLeft(study);
  const again = await whileItRuns('ada', ['--runs', '2'], async () => {
    await alpha.stop();
  });
  await alpha.start();
  await reach(lead, again, { alpha: 'answered' });
  assert.equal((await persons.entries('job-started', jobOf(again))).length, 2);
});

test('figures other than those approved', async () => {
  await persons.apply('dana', 'release = "reviewed"');
  const study = await sendStudy(network);
  const job = jobOf(study);
  await persons.held(job, 'approval-needed');
  const seen = await persons.dryRun('ada', job);
  await alpha.stop();
  await persons.done('ada', 'approve', job, '--release', seen.hash);
  // By hand, past every command that would make a new data version of it.
  await alpha.pool.query('update cdm.person set gender_concept_id = 8507 where person_id % 5 = 1');
  await alpha.start();
  await persons.held(job, 'release-differs');
  await nothingLeft(study);
  const now = await persons.dryRun('ada', job);
  assert.equal(now.dataVersion, seen.dataVersion);
  assert.notEqual(now.hash, seen.hash);
  await persons.done('ada', 'approve', job, '--release', now.hash);
  await reach(lead, study, { alpha: 'answered' });
  const [answered] = await persons.entries('job-answered', job);
  assert.equal(answered?.dataVersion, now.dataVersion);
});
