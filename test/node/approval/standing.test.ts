/** An approval counts for what it was given for and nothing else. Each planted fault is one that must hold the job back. */

import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import { Kysely, PostgresDialect } from 'kysely';
import { type Asked, standingOf } from '#node/approval/standing.ts';
import { completePolicy, type PolicyFile, type PolicyVersion } from '#node/policy/policy.ts';
import { uuidv7 } from '#protocol/ids.ts';
import type { MoimTables } from '#sql/tables/moim.ts';
import { testDatabase } from '#test/support/database.ts';

const { pool } = await testDatabase({ after }, { streams: ['moim'] });
const db = new Kysely<MoimTables>({ dialect: new PostgresDialect({ pool }) }).withSchema('moim');

const now = Date.parse('2026-06-30T12:00:00.000Z');
const job = uuidv7(now);
const [studyHash, data, cells] = ['a', 'b', 'c'].map((letter) => letter.repeat(64)) as [
  string,
  string,
  string,
];

function policyOf(file: Partial<PolicyFile>, more: Partial<PolicyVersion> = {}): PolicyVersion {
  const policy = completePolicy({ minimumCell: 5, showZero: true, analyses: ['count'], ...file });
  return { version: 3, policy, hash: '', appliedBy: 'eve', appliedHand: 'eve', ...more };
}

const one = policyOf({ permit: 'one-person' });
const two = policyOf({ permit: 'two-persons' });
const reviewed = policyOf({ release: 'reviewed' });

async function standing(policy: PolicyVersion, asked: Partial<Asked> = {}): Promise<string> {
  const found = await standingOf(db, { job, studyHash, policy, now, dataVersion: data, ...asked });
  return found.kind === 'granted' ? `granted by ${[...found.by].sort().join(' and ')}` : found.code;
}

type Row = Partial<{
  hand: string;
  study_hash: string;
  data_version: string;
  policy: number;
  mode: 'run' | 'release';
  release_hash: string;
  expires_at: string;
  runs: number;
  used: number;
  withdrawn_at: string;
  approved_at: string;
  job: string;
}>;

async function approved(person: string, row: Row = {}): Promise<void> {
  await db
    .insertInto('approval')
    .values({
      id: uuidv7(now),
      job,
      person,
      hand: person,
      study_hash: studyHash,
      data_version: data,
      policy: 3,
      mode: 'run',
      approved_at: '2026-06-30T11:00:00.000Z',
      expires_at: '2026-07-01T00:00:00.000Z',
      runs: 1,
      ...row,
    })
    .execute();
}

async function person(name: string, role: 'approver' | 'dpo' | 'engineer' | 'reader'): Promise<void> {
  await db
    .insertInto('person')
    .values({
      name,
      role,
      credential: 'none',
      added_by: 'console',
      hand: name,
      created_at: '2026-01-01T00:00:00.000Z',
      removed_at: null,
    })
    .execute();
}

const remove = (name: string) =>
  db.updateTable('person').set({ removed_at: '2026-06-30T11:30:00.000Z' }).where('name', '=', name).execute();

const jobRow = (id: string) => ({
  job: id,
  study: uuidv7(now),
  version: 1,
  study_hash: studyHash,
  lead: 'AAAA-BBBB-CCCC-DDDD',
  envelope: '',
  state: 'awaiting-approval' as const,
  code: null,
  received_at: '2026-06-30T10:00:00.000Z',
  changed_at: '2026-06-30T10:00:00.000Z',
});

beforeEach(async () => {
  await pool.query('delete from moim.approval; delete from moim.person; delete from moim.job');
  await db.insertInto('job').values(jobRow(job)).execute();
  await person('ada', 'approver');
  await person('bob', 'approver');
  await person('eve', 'engineer');
});

test('a policy that asks nobody is granted by nobody', async () => {
  assert.equal(await standing(policyOf({})), 'granted by ');
});

test('one person, two persons', async () => {
  assert.equal(await standing(one), 'approval-needed');
  await approved('ada');
  assert.equal(await standing(one), 'granted by ada');
  assert.equal(await standing(two), 'second-person-needed');
  await approved('bob');
  assert.equal(await standing(two), 'granted by ada and bob');
});

test('one person twice is one person', async () => {
  await approved('ada');
  await approved('ada', { approved_at: '2026-06-30T11:10:00.000Z' });
  assert.equal(await standing(two), 'second-person-needed');
});

test('of two by one person the newer counts', async () => {
  await approved('ada');
  await approved('ada', { approved_at: '2026-06-30T11:10:00.000Z', expires_at: '2026-06-30T11:20:00.000Z' });
  assert.equal(await standing(one), 'approval-expired');
});

test('another study version, another job', async () => {
  const other = uuidv7(now);
  await db.insertInto('job').values(jobRow(other)).execute();
  await approved('ada', { job: other });
  await approved('bob', { study_hash: 'd'.repeat(64) });
  assert.equal(await standing(one), 'approval-needed');
});

test('other data', async () => {
  await approved('ada', { data_version: 'd'.repeat(64) });
  assert.equal(await standing(one), 'data-changed');
});

test('another policy', async () => {
  await approved('ada', { policy: 2 });
  assert.equal(await standing(one), 'policy-changed');
});

test('expired: not before, from then on', async () => {
  await approved('ada', { expires_at: '2026-06-30T12:00:00.001Z' });
  assert.equal(await standing(one), 'granted by ada');
  assert.equal(await standing(one, { now: now + 1 }), 'approval-expired');
});

test('used up; the run that is under way still counts', async () => {
  await approved('ada', { runs: 2, used: 2 });
  assert.equal(await standing(one), 'approval-used-up');
  assert.equal(await standing(one, { counted: true }), 'granted by ada');
});

test('withdrawn', async () => {
  await approved('ada', { withdrawn_at: '2026-06-30T11:30:00.000Z' });
  assert.equal(await standing(one), 'approval-needed');
});

test('by somebody removed since', async () => {
  await approved('ada');
  await remove('ada');
  assert.equal(await standing(one), 'approval-needed');
});

test('by somebody who has not the right', async () => {
  await person('rob', 'reader');
  await approved('eve');
  await approved('rob');
  await approved('nobody-registered');
  assert.equal(await standing(policyOf({ permit: 'one-person' }, { appliedBy: 'ada' })), 'approval-needed');
});

test('by whoever put the policy in force, alone', async () => {
  const own = policyOf({ permit: 'one-person' }, { appliedBy: 'ada', appliedHand: 'ada' });
  await approved('ada');
  assert.equal(await standing(own), 'second-person-needed');
  await approved('bob');
  assert.equal(await standing(own), 'granted by ada and bob');
});

test('the console counts while nobody is registered, and never twice', async () => {
  await approved('console');
  const applied = { appliedBy: 'console', appliedHand: null };
  assert.equal(await standing(policyOf({ permit: 'one-person' }, applied)), 'approval-needed');
  await pool.query('delete from moim.person');
  assert.equal(await standing(policyOf({ permit: 'one-person' }, applied)), 'granted by console');
  assert.equal(await standing(policyOf({ permit: 'two-persons' }, applied)), 'second-person-needed');
});

test('two names in one hand are one', async () => {
  await approved('ada');
  await approved('bob', { hand: 'ada' });
  assert.equal(await standing(two), 'second-person-needed');
  const own = policyOf({ permit: 'one-person' }, { appliedBy: 'eve', appliedHand: 'ada' });
  assert.equal(await standing(own), 'second-person-needed');
  await person('carl', 'approver');
  await approved('carl');
  assert.equal(await standing(two), 'granted by ada and bob and carl');
  assert.equal(await standing(own), 'granted by ada and bob and carl');
});

test('under a policy that the console put in force beside registered persons one is not enough', async () => {
  await approved('ada');
  for (const appliedHand of ['console', undefined]) {
    const { appliedHand: _none, ...policy } = policyOf({ permit: 'one-person' }, { appliedBy: 'console' });
    const beside = appliedHand === undefined ? policy : { ...policy, appliedHand };
    assert.equal(await standing(beside), 'second-person-needed');
  }
  await approved('bob');
  assert.equal(
    await standing(policyOf({ permit: 'one-person' }, { appliedBy: 'console', appliedHand: 'console' })),
    'granted by ada and bob',
  );
  const installed = policyOf({ permit: 'one-person' }, { appliedBy: 'console', appliedHand: null });
  await pool.query(`delete from moim.approval where person = 'bob'`);
  assert.equal(await standing(installed), 'granted by ada', 'the installer’s is another matter');
});

test('reviewed: the hash that was approved, and no other', async () => {
  await approved('ada');
  assert.equal(await standing(reviewed), 'release-differs', 'an approval of the run is none of what leaves');
  await approved('bob', { mode: 'release', release_hash: cells });
  assert.equal(await standing(reviewed), 'granted by bob');
  assert.equal(await standing(reviewed, { release: cells }), 'granted by bob');
  assert.equal(await standing(reviewed, { release: 'd'.repeat(64) }), 'release-differs');
});

test('two persons who approved different figures have not approved the same', async () => {
  const both = policyOf({ permit: 'two-persons', release: 'reviewed' });
  await approved('ada', { mode: 'release', release_hash: cells });
  await approved('bob', { mode: 'release', release_hash: 'd'.repeat(64) });
  assert.equal(await standing(both), 'second-person-needed');
  assert.equal(await standing(both, { release: cells }), 'release-differs');
});

test('an approval of certain figures binds where nothing is reviewed, too', async () => {
  await approved('ada', { mode: 'release', release_hash: cells });
  assert.equal(await standing(one, { release: cells }), 'granted by ada');
  assert.equal(await standing(one, { release: 'd'.repeat(64) }), 'release-differs');
});
