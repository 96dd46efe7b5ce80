/**
 * The job pipeline: Envelope → VerifiedJob → PermittedJob → RawResult → ReleasedResult → SealedReply. One job at a time. Everything that
 * must survive is in the database: a restart takes up what is waiting or was running, sends its envelope through verify and permit
 * again, and answers once, because the answer, its audit entry and its place in the outbox are one transaction.
 */

import { record } from '#host/audit-log.ts';
import type { Log } from '#host/log.ts';
import { databaseError } from '#host/postgres/error.ts';
import { pause } from '#host/serve.ts';
import type { LinearSolver } from '#protocol/disclosure/linear.ts';
import type { MoimError } from '#protocol/errors.ts';
import type { JobState } from '#protocol/frame.ts';
import type { NodeDb } from '../database.ts';
import { release } from '../disclosure/release.ts';
import type { NodeIdentity, PinnedHub } from '../identity.ts';
import { commitAnswer, refuseOtherRule } from './commit.ts';
import { type ExecuteDeps, executeJob } from './execute.ts';
import { takeInbox } from './intake.ts';
import { acceptedLead } from './lead.ts';
import { endState, isPassing, wireCode } from './outcome.ts';
import { permitJob } from './permit.ts';
import { currentPolicy } from './policy.ts';
import { sealReply } from './seal.ts';
import { verifyJob } from './verify.ts';

export interface PipelineDeps {
  readonly db: NodeDb;
  readonly identity: NodeIdentity;
  readonly hub: PinnedHub;
  readonly solve: LinearSolver;
  readonly log: Log;
  readonly now: () => number;
  readonly count: ExecuteDeps['count'];
  readonly dataVersion: ExecuteDeps['dataVersion'];
  /** Tells the hub of a job's state, where a link is up; lost otherwise, and said again when the link comes back. */
  readonly announce: (job: string, state: JobState, code?: string) => void;
  /** Something is in the outbox. */
  readonly sent: () => void;
  readonly signal: AbortSignal;
}

export interface Pipeline {
  /** There may be something to do. */
  kick(): void;
  /** Resolves when the pipeline has ended, after `signal` was aborted. */
  readonly ended: Promise<void>;
}

export function startPipeline(deps: PipelineDeps): Pipeline {
  let wake: () => void = () => {};
  let kicked = true;
  const sleep = (ms: number) => {
    const nap = new AbortController();
    wake = () => nap.abort();
    return pause(kicked ? 0 : ms, AbortSignal.any([nap.signal, deps.signal]));
  };
  const lost = new Map<string, number>();
  const intake = { ...deps, verify: (envelope: string) => verify(deps, envelope) };
  const loop = async () => {
    while (!deps.signal.aborted) {
      kicked = false;
      let rest = 30_000;
      try {
        await takeInbox(intake);
        while (!deps.signal.aborted && (await runNext(deps, lost))) await takeInbox(intake);
      } catch (cause) {
        if (deps.signal.aborted) break;
        const error = databaseError(cause);
        deps.log.warn('pipeline-waits', { code: error.code });
        rest = 1_000;
      }
      await sleep(rest);
    }
  };
  return {
    kick() {
      kicked = true;
      wake();
    },
    ended: loop(),
  };
}

/** Runs the oldest open job; false where there is none. `lost` counts the runs that were cut off, a job. */
async function runNext(deps: PipelineDeps, lost: Map<string, number>): Promise<boolean> {
  const row = await deps.db
    .selectFrom('job')
    .select(['job', 'envelope', 'received_at'])
    .where('state', 'in', ['waiting', 'running'])
    .orderBy('received_at')
    .limit(1)
    .executeTakeFirst();
  if (!row) return false;
  const { job } = row;
  await setState(deps, job, 'running');
  try {
    await answer(deps, row.envelope);
    deps.log.info('job-answered', { job });
    deps.sent();
  } catch (cause) {
    if (deps.signal.aborted) return false;
    const error = databaseError(cause);
    const times = (lost.get(job) ?? 0) + 1;
    lost.set(job, times);
    // A definition that takes its session down each time must not hold up every other lead's.
    if (isPassing(error) && times < mostLostRuns) throw error;
    deps.log.warn('job-not-answered', { job, code: error.code });
    await setState(deps, job, endState(error), error);
  }
  lost.delete(job);
  return true;
}

/** Runs of one job that may be cut off by a fault that passes before the job counts as failed. */
const mostLostRuns = 5;

/** The sentence of the house: verify, permit, execute, release, seal. */
async function answer(deps: PipelineDeps, envelope: string): Promise<void> {
  const verified = await verify(deps, envelope);
  const permitted = permitJob(verified, await currentPolicy(deps.db));
  const raw = await executeJob(deps, permitted);
  await refuseOtherRule(deps.db, permitted, raw);
  const released = release(permitted, raw, deps.solve, deps.now());
  await commitAnswer(deps, permitted, raw, await sealReply(released, permitted, deps.identity));
}

function verify(deps: PipelineDeps, envelope: string) {
  return verifyJob(
    {
      site: deps.hub.site,
      fingerprint: deps.identity.fingerprint,
      hubKey: deps.hub.key,
      now: deps.now(),
      acceptedLead: (print) => acceptedLead(deps.db, print),
    },
    envelope,
  );
}

async function setState(
  deps: PipelineDeps,
  job: string,
  state: 'running' | 'refused' | 'expired' | 'failed',
  error?: MoimError,
): Promise<void> {
  const at = new Date(deps.now()).toISOString();
  const code = error ? wireCode(error) : null;
  await deps.db.transaction().execute(async (transaction) => {
    await transaction
      .updateTable('job')
      .set({ state, code, changed_at: at })
      .where('job', '=', job)
      .execute();
    if (error) await record(transaction, at, `job-${state}`, { job, code: error.code });
  });
  deps.announce(job, state, code ?? undefined);
}
