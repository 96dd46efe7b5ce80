/**
 * The job pipeline: Envelope → VerifiedJob → PermittedJob → RawResult → ReleasedResult → SealedReply. One job at a time. Everything that
 * must survive is in the database: a restart takes up what is waiting or was running, sends its envelope through verify and permit
 * again, and answers once, because the answer, its audit entry and its place in the outbox are one transaction.
 */

import type { Log } from '#host/log.ts';
import { databaseError } from '#host/postgres/error.ts';
import { pause } from '#host/serve.ts';
import { releaseHash } from '../approval/release-hash.ts';
import { standsStill } from '../audit/standing.ts';
import type { NodeDb } from '../database.ts';
import { release } from '../disclosure/release.ts';
import type { NodeIdentity, PinnedHub } from '../identity.ts';
import { heldHead } from '../trust/roster.ts';
import { commitAnswer } from './commit.ts';
import { approvalHold, decide } from './decide.ts';
import { type ExecuteDeps, executeJob } from './execute.ts';
import { takeInbox } from './intake.ts';
import { isNotPaused } from './order.ts';
import { isPassing } from './outcome.ts';
import type { PermittedJob } from './permit.ts';
import { verifierOf } from './run-context.ts';
import { sealReply } from './seal.ts';
import { type Announce, beginRun, endJob, holdJob, isDue, tellStates, toldCode } from './state.ts';
import { refuseOtherRule } from './table-history.ts';
import type { VerifiedJob } from './verify.ts';

export interface PipelineDeps {
  readonly db: NodeDb;
  readonly identity: NodeIdentity;
  readonly hub: PinnedHub;
  readonly log: Log;
  readonly now: () => number;
  readonly count: ExecuteDeps['count'];
  readonly dataVersion: ExecuteDeps['dataVersion'];
  readonly vocabulary: ExecuteDeps['vocabulary'];
  readonly steady: ExecuteDeps['steady'];
  readonly withhold: ExecuteDeps['withhold'];
  /** Tells the hub of a job's state, where a link is up; lost otherwise, and said again when the link comes back. */
  readonly announce: Announce;
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

export function startPipeline(given: PipelineDeps): Pipeline {
  const deps: PipelineDeps = {
    ...given,
    announce: (job, state, code, reason) => given.announce(job, state, toldCode(code), reason),
  };
  let wake: () => void = () => {};
  let kicked = true;
  const sleep = (ms: number) => {
    const nap = new AbortController();
    wake = () => nap.abort();
    return pause(kicked ? 0 : ms, AbortSignal.any([nap.signal, deps.signal]));
  };
  const lost = new Map<string, number>();
  const running: Running = { job: undefined, cancel: new AbortController() };
  const intake = {
    ...deps,
    verify: verifierOf(deps),
    stop: (job: string) => {
      if (running.job === job) running.cancel.abort();
    },
  };
  // One look into the inbox at a time: one beside a job that runs, since an order may be meant for it.
  let looking: Promise<void> = Promise.resolve();
  const look = (): Promise<void> => {
    const next = looking.then(() => takeInbox(intake));
    looking = next.catch(() => {});
    return next;
  };
  const loop = async () => {
    while (!deps.signal.aborted) {
      kicked = false;
      let rest = 30_000;
      try {
        await look();
        while (!deps.signal.aborted && (await runNext(deps, lost, running))) await look();
      } catch (cause) {
        if (deps.signal.aborted) break;
        const error = databaseError(cause);
        deps.log.warn('pipeline-waits', { code: error.code });
        rest = 1_000;
      }
      await sleep(rest);
    }
    await looking;
  };
  const kick = () => {
    kicked = true;
    wake();
  };
  // What persons decide by commands is in the database alone, and a day's end is nobody's doing.
  const watch = async () => {
    while (!deps.signal.aborted) {
      try {
        const told = await tellStates(deps);
        if (told.some(({ job, state }) => job === running.job && state === 'refused')) running.cancel.abort();
        if (told.length > 0 || (await isDue(deps))) kick();
      } catch {
        // The loop meets the same fault and says so.
      }
      await pause(1_000, deps.signal);
    }
  };
  return {
    kick() {
      kick();
      // What fails here is met again by the loop, which looks after every job.
      if (running.job !== undefined && !deps.signal.aborted) look().catch(() => {});
    },
    ended: Promise.all([loop(), watch()]).then(() => {}),
  };
}

/** The job that runs, and what ends it early: an order or an amendment. */
interface Running {
  job: string | undefined;
  cancel: AbortController;
}

/** Runs the oldest open job; false where there is none. `lost` counts the runs that were cut off, a job. */
async function runNext(deps: PipelineDeps, lost: Map<string, number>, running: Running): Promise<boolean> {
  if (await standsStill(deps.db)) return false;
  const row = await deps.db
    .selectFrom('job')
    .select(['job', 'envelope', 'received_at'])
    .where((where) =>
      where.or([
        where('state', '=', 'running'),
        where.and([where('state', '=', 'waiting'), where('held_until', 'is', null)]),
        where.and([
          where('state', 'in', ['waiting', 'awaiting-approval']),
          where('held_until', '<=', new Date(deps.now()).toISOString()),
        ]),
      ]),
    )
    .where('unconfirmed', '=', false)
    .where(isNotPaused)
    .orderBy('received_at')
    .limit(1)
    .executeTakeFirst();
  if (!row) return false;
  const { job } = row;
  running.job = job;
  running.cancel = new AbortController();
  const signal = AbortSignal.any([deps.signal, running.cancel.signal]);
  try {
    const verified = await verifierOf(deps)(row.envelope, row.received_at);
    let version: Promise<string> | undefined;
    // Reading it may take minutes: not twice, and not while the job is locked.
    const judging = { now: deps.now, dataVersion: () => (version ??= deps.dataVersion(signal)) };
    const decision = await decide(deps.db, judging, verified);
    if (decision.kind === 'held') {
      await holdJob(deps, job, (transaction) => decide(transaction, judging, verified));
      deps.log.info('job-held', { job, code: decision.code });
      return true;
    }
    const { permission } = decision.permitted.facts;
    // Stopped between the choice and the start: what stopped it gave it its state.
    if (!(await beginRun(deps, job, permission.kind === 'persons' ? permission.approvals : []))) return true;
    if (await answer({ ...deps, signal }, verified, decision.permitted)) {
      deps.log.info('job-answered', { job });
      deps.sent();
    }
  } catch (cause) {
    if (deps.signal.aborted) return false;
    const error = databaseError(cause);
    if (running.cancel.signal.aborted || error.code === 'study-stopped') return true;
    const times = (lost.get(job) ?? 0) + 1;
    lost.set(job, times);
    // A definition that takes its session down each time must not hold up every other lead's.
    if (isPassing(error) && times < mostLostRuns) throw error;
    deps.log.warn('job-not-answered', { job, code: error.code });
    await endJob(deps, job, error);
  } finally {
    running.job = undefined;
  }
  lost.delete(job);
  return true;
}

/** Runs of one job that may be cut off by a fault that passes before the job counts as failed. */
const mostLostRuns = 5;

/** The sentence of the house, after verify and permit: execute, release, seal. False where persons have to look at it again. */
async function answer(deps: PipelineDeps, verified: VerifiedJob, permitted: PermittedJob): Promise<boolean> {
  const raw = await executeJob(deps, permitted);
  await refuseOtherRule(deps, permitted, raw);
  const released = await release(permitted, raw, deps, deps.now(), await heldHead(deps.db));
  const seen = { dataVersion: raw.dataVersion, release: releaseHash(released, deps.identity), counted: true };
  const look = (db: NodeDb) => approvalHold(db, verified, deps.now(), seen);
  if ((await look(deps.db)).kind === 'held') {
    await holdJob(deps, raw.job, look);
    return false;
  }
  await commitAnswer(deps, permitted, raw, await sealReply(released, permitted, deps.identity), seen.release);
  return true;
}
