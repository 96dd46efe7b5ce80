/** One person with two names is one person: what a data-protection officer, or the console, cannot do alone. */

import { after, test } from 'node:test';
import { openNetwork, type Site } from './network.ts';
import { personsOf } from './persons.ts';
import { reach, sendStudy } from './study.ts';

const network = await openNetwork({ after }, { sites: { alpha: { persons: 60, salt: 1 } } });
const { lead } = network;
const [alpha] = network.sites as [Site];
const persons = personsOf(alpha);
const { done, add, apply, confirm } = persons;
await apply(undefined, 'permit = "one-person"');
await add(undefined, 'lee', 'approver');
await add(undefined, 'kim', 'dpo');
await alpha.start();

const waiting = async () => {
  const study = await sendStudy(network);
  const job = study.jobs.alpha ?? '';
  await persons.held(job, 'approval-needed');
  return { study, job };
};

test('two persons registered at the console; one approves under the policy of the installation', async () => {
  const { study, job } = await waiting();
  await done('lee', 'approve', job);
  await reach(lead, study, { alpha: 'answered' });
});

test('a policy put in force under the name of somebody whom kim added, approved by kim', async () => {
  await add('kim', 'max', 'engineer');
  await apply('max', 'permit = "one-person"\napprovalDays = 9');
  const { study, job } = await waiting();
  await done('kim', 'approve', job);
  await persons.held(job, 'second-person-needed');
  // Nor does it help that max is confirmed later: it was kim's hand.
  await confirm('lee', 'max');
  await done('kim', 'approve', job);
  await persons.held(job, 'second-person-needed');
  await done('lee', 'approve', job);
  await reach(lead, study, { alpha: 'answered' });
});

test('two persons: kim and one whom kim added, two whom kim added, kim and one confirmed', async () => {
  await apply('max', 'permit = "two-persons"');
  await add('kim', 'ada', 'approver');
  await add('kim', 'bob', 'approver');
  const { study, job } = await waiting();
  for (const name of ['ada', 'bob', 'kim']) {
    await done(name, 'approve', job);
    await persons.held(job, 'second-person-needed');
  }
  await confirm('lee', 'ada');
  await persons.held(job, 'second-person-needed');
  await done('ada', 'approve', job);
  await reach(lead, study, { alpha: 'answered' });
});
