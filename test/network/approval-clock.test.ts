/** Persons take their time: what the node's own clock makes of jobs and approvals that wait. */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openNetwork, rowsOf, type Site } from './network.ts';
import { personsOf } from './persons.ts';
import { lastingToken, reach, sendStudy } from './study.ts';

const day = 86_400_000;
let ahead = 0;
const network = await openNetwork(
  { after },
  { sites: { alpha: { persons: 60, salt: 1 } }, now: () => Date.now() + ahead },
);
const [alpha] = network.sites as [Site];
const persons = personsOf(alpha);
await lastingToken(network);
await persons.apply(undefined, 'permit = "one-person"');
await alpha.start();

test('a job may wait for its approval longer than an envelope may be on its way', async () => {
  const study = await sendStudy(network);
  const job = study.jobs.alpha ?? '';
  await persons.held(job, 'approval-needed');
  ahead = 20 * day;
  await persons.done(undefined, 'approve', job);
  await reach(network.lead, study, { alpha: 'answered' });
});

test('an approval that has expired sends the job back', async () => {
  ahead = 0;
  const study = await sendStudy(network);
  const job = study.jobs.alpha ?? '';
  await persons.held(job, 'approval-needed');
  await alpha.stop();
  const today = new Date().toISOString().slice(0, 10);
  await persons.done(undefined, 'approve', job, '--expires', today);
  ahead = 2 * day;
  await alpha.start();
  await persons.held(job, 'approval-expired');
  assert.deepEqual(await persons.entries('job-answered', job), []);
  const wrong = await persons.by(undefined, 'approve', job, '--expires', '2020-01-01');
  assert.equal(wrong.code, 2, 'a date that is past');
  assert.equal((await persons.by(undefined, 'approve', job, '--expires', '2026-02-30')).code, 2, 'no date');
});

test('a job that nobody approves ends with its study', async () => {
  ahead = 0;
  const study = await sendStudy(network);
  const job = study.jobs.alpha ?? '';
  await persons.held(job, 'approval-needed');
  await reach(network.lead, study, { alpha: 'awaiting-approval' });
  ahead = 366 * day;
  await reach(network.lead, study, { alpha: 'expired expired' });
  const [row] = await rowsOf<{ held_until: string | null }>(
    alpha.pool,
    'select held_until from moim.job where job = $1',
    [job],
  );
  assert.equal(row?.held_until, null);
});
