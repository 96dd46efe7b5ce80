/** A person approves, or takes it back. Both are decisions about content: what is bound is written with them, and the log keeps their name. */

import { record } from '#host/audit-log.ts';
import { MoimError } from '#protocol/errors.ts';
import { uuidv7 } from '#protocol/ids.ts';
import type { NodeDb } from '../database.ts';
import { consoleHand, handOf } from '../person/hand.ts';
import { nobodyNamed } from '../person/person.ts';
import { type PolicyVersion, personsNeeded } from '../policy/policy.ts';
import { currentPolicy } from '../policy/store.ts';
import { dataOfDryRun } from './dry-run.ts';
import { type Standing, standingOf } from './standing.ts';
import { type WaitingJob, waitingJob } from './waiting-job.ts';

export interface Approving {
  readonly job: string;
  readonly person: string;
  /** Hash of what may leave, from a dry run; undefined approves the run. */
  readonly release?: string | undefined;
  /** ms since the epoch; the policy's `approvalDays` unless given. */
  readonly expiresAt?: number | undefined;
  readonly runs: number;
}

export interface ApproveDeps {
  readonly db: NodeDb;
  readonly now: () => number;
  readonly dataVersion: () => Promise<string>;
}

export interface Approved {
  readonly id: string;
  readonly standing: Standing;
  readonly need: number;
  readonly expiresAt: string;
}

/** Throws MoimError `not-found`, `job-settled`, `approval-held` (a release is reviewed, or no dry run gave this hash). */
export async function approve(deps: ApproveDeps, { job, person, ...given }: Approving): Promise<Approved> {
  const { db, now } = deps;
  const release = given.release;
  const [row, policy] = [await waitingJob(db, job), await neededPolicy(db)];
  if (release === undefined && policy.policy.release === 'reviewed') {
    throw new MoimError('approval-held', 'what leaves is reviewed here: an approval names its hash', {
      remedy: 'Run `moim node dry-run JOB`, look at it, then `moim node approve JOB --release HASH`.',
    });
  }
  const dataVersion =
    release === undefined
      ? await deps.dataVersion()
      : await dataOfDryRun(db, { job, studyHash: row.studyHash, policy: policy.version, hash: release });
  if (dataVersion === undefined) {
    throw new MoimError('approval-held', 'no dry run of this job under this policy gave this hash', {
      remedy: 'Run `moim node dry-run JOB` again: data or policy may have changed, or the hash is misread.',
    });
  }
  const at = new Date(now()).toISOString();
  const expires = new Date(given.expiresAt ?? now() + policy.policy.approvalDays * 86_400_000).toISOString();
  const approval = {
    id: uuidv7(now()),
    job,
    person,
    study_hash: row.studyHash,
    data_version: dataVersion,
    policy: policy.version,
    mode: release === undefined ? ('run' as const) : ('release' as const),
    release_hash: release ?? null,
    approved_at: at,
    expires_at: expires,
    runs: given.runs,
    withdrawn_at: null,
  };
  const standing = await db.transaction().execute(async (transaction) => {
    const locked = await waitingJob(transaction, job, true);
    const hand = person === nobodyNamed ? consoleHand : await handOf(transaction, person);
    // One decision a person: a newer one takes the place of the older.
    await withdraw(transaction, job, person, at);
    await transaction
      .insertInto('approval')
      .values({ ...approval, hand })
      .execute();
    await record(transaction, at, 'job-approved', {
      job,
      person,
      approval: approval.id,
      study: locked.study,
      version: locked.version,
      studyHash: locked.studyHash,
      dataVersion,
      policy: policy.version,
      mode: approval.mode,
      release: release ?? null,
      expires,
      runs: given.runs,
    });
    return settle(transaction, locked, { policy, dataVersion, release, now: now() }, at);
  });
  return { id: approval.id, standing, need: personsNeeded(policy.policy), expiresAt: expires };
}

/** Where enough persons have approved, the job is let go: the node judges it again. */
async function settle(
  transaction: NodeDb,
  { job, studyHash }: WaitingJob,
  seen: {
    readonly policy: PolicyVersion;
    readonly dataVersion: string;
    readonly release?: string | undefined;
    readonly now: number;
  },
  at: string,
): Promise<Standing> {
  const { policy, dataVersion, now, release } = seen;
  const standing = await standingOf(transaction, {
    job,
    studyHash,
    policy,
    dataVersion,
    now,
    ...(release === undefined ? {} : { release }),
  });
  const changed =
    standing.kind === 'granted'
      ? { state: 'waiting' as const, code: null, held_until: null }
      : { code: standing.code };
  await transaction
    .updateTable('job')
    .set({ ...changed, changed_at: at, untold: true })
    .where('job', '=', job)
    .where('state', '=', 'awaiting-approval')
    .execute();
  return standing;
}

async function neededPolicy(db: NodeDb): Promise<PolicyVersion> {
  const policy = await currentPolicy(db);
  if (!policy) throw new MoimError('not-permitted', 'no policy is in force here');
  return policy;
}

/**
 * Takes back what `person` approved, until it has left; a job that runs meanwhile does not release. Throws MoimError `not-found`, `job-settled`.
 */
export async function unapprove(db: NodeDb, job: string, person: string, now: number): Promise<void> {
  const at = new Date(now).toISOString();
  await db.transaction().execute(async (transaction) => {
    await waitingJob(transaction, job, true);
    if ((await withdraw(transaction, job, person, at)) === 0)
      throw new MoimError('not-found', `${person} has approved nothing of this job`);
    await record(transaction, at, 'approval-withdrawn', { job, person });
    // What was let go and has not begun is judged again before it begins.
    await transaction
      .updateTable('job')
      .set({ untold: true, held_until: null })
      .where('job', '=', job)
      .where('state', '=', 'waiting')
      .execute();
  });
}

async function withdraw(transaction: NodeDb, job: string, person: string, at: string): Promise<number> {
  const rows = await transaction
    .updateTable('approval')
    .set({ withdrawn_at: at })
    .where('job', '=', job)
    .where('person', '=', person)
    .where('withdrawn_at', 'is', null)
    .returning('id')
    .execute();
  return rows.length;
}
