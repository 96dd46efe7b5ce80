/** Watching a study: a line whenever a site's state changes, until every site has come to an end or nothing more can come. */

import { pause } from '#host/serve.ts';
import { type ErrorCode, MoimError } from '#protocol/errors.ts';
import type { HubApi, HubJob, HubJobs, HubStudy } from './hub-api.ts';

export interface WatchOptions {
  readonly api: Pick<HubApi, 'jobs'>;
  readonly study: string;
  readonly version?: number;
  /** Whether an answer can still be in time. */
  readonly over: () => boolean;
  /** One look, then done. */
  readonly once: boolean;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly say: (job: HubJob) => void;
  /** Called where the study itself changed. */
  readonly stands: (study: HubStudy) => unknown;
  /** The hub was not to be had: it is waited for. */
  readonly waits?: (code: ErrorCode) => void;
  readonly longestPauseMs?: number;
}

/** `paused`: nothing runs, and nothing will until the lead resumes. */
export type WatchEnd = 'ended' | 'paused' | 'time';

const ends: ReadonlySet<string> = new Set(['answered', 'refused', 'failed', 'expired', 'left']);

/** A hub that restarts, or asks for patience, is waited for. */
const passing: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['hub-unreachable', 'too-many-requests']);
const firstPauseMs = 250;

export async function watchStudy(options: WatchOptions): Promise<WatchEnd> {
  const { api, study, version, once, timeoutMs, signal, say, stands, longestPauseMs = 30_000 } = options;
  const deadline = performance.now() + timeoutMs;
  const left = () => deadline - performance.now();
  const states = new Map<string, string>();
  let standing = '';
  let faults = 0;
  const ask = async (after: string, waitSeconds: number): Promise<HubJobs | undefined> => {
    try {
      const found = await api.jobs(study, after, waitSeconds, version);
      faults = 0;
      return found;
    } catch (cause) {
      if (once || signal.aborted || !(cause instanceof MoimError) || !passing.has(cause.code)) throw cause;
      if (faults === 0) options.waits?.(cause.code);
      faults += 1;
      const longest = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(faults, 10));
      await pause(Math.max(0, Math.min(left(), longest * (0.5 + Math.random() / 2))), signal);
      return undefined;
    }
  };
  for (let wait = 0; ; wait = 1) {
    const found = await ask('0', 0);
    if (found) {
      const { state, version: newest, order } = found.study;
      if (standing !== `${state} ${newest} ${order ?? ''}`) await stands(found.study);
      standing = `${state} ${newest} ${order ?? ''}`;
      for (const job of found.jobs) {
        const told = `${job.state} ${job.code ?? ''} ${job.reason ?? ''} ${job.late}`;
        if (states.get(job.site) !== told) say(job);
        states.set(job.site, told);
      }
      const end = endOf(found, options.over());
      if (end) return end;
    }
    if (once || signal.aborted || left() <= 0) return 'time';
    if (!found) continue;
    const newest = found.jobs.reduce(
      (high, { change }) => (BigInt(change) > high ? BigInt(change) : high),
      0n,
    );
    if (wait > 0) await ask(String(newest), Math.max(1, Math.min(2, Math.ceil(left() / 1000))));
    else await pause(100, signal);
  }
}

function endOf({ study, jobs }: HubJobs, over: boolean): WatchEnd | undefined {
  if (jobs.length > 0 && jobs.every(({ state }) => ends.has(state))) return 'ended';
  if (study.state === 'withdrawn' || study.state === 'closed') return 'ended';
  if (study.state === 'complete' && over) return 'ended';
  if (study.state === 'paused' && !jobs.some(({ state }) => state === 'running')) return 'paused';
  return undefined;
}
