/** Watching a study: a line whenever a site's state changes, until every site has come to an end. */

import { pause } from '#host/serve.ts';
import { MoimError } from '#protocol/errors.ts';
import type { HubApi, HubJob } from './hub-api.ts';

export interface WatchOptions {
  readonly api: HubApi;
  readonly study: string;
  /** One look, then done. */
  readonly once: boolean;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly say: (job: HubJob) => void;
}

const ends = new Set(['answered', 'refused', 'failed', 'expired', 'left']);

/** True where every site has come to an end, false where the time ran out first. A hub that restarts is waited for. */
export async function watchStudy({
  api,
  study,
  once,
  timeoutMs,
  signal,
  say,
}: WatchOptions): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  const states = new Map<string, string>();
  for (let wait = 0; ; wait = 1) {
    const jobs = await api.jobs(study, '0', 0).catch((cause: unknown) => {
      if (once || signal.aborted || !(cause instanceof MoimError) || cause.code !== 'hub-unreachable')
        throw cause;
      return undefined;
    });
    for (const job of jobs ?? []) {
      const state = `${job.state} ${job.code ?? ''}`;
      if (states.get(job.site) !== state) say(job);
      states.set(job.site, state);
    }
    if (jobs && jobs.length > 0 && jobs.every(({ state }) => ends.has(state))) return true;
    if (once || signal.aborted || performance.now() >= deadline) return false;
    const newest =
      jobs?.reduce((high, { change }) => (BigInt(change) > high ? BigInt(change) : high), 0n) ?? 0n;
    const left = Math.max(1, Math.min(2, Math.ceil((deadline - performance.now()) / 1000)));
    if (jobs && wait > 0) await api.jobs(study, String(newest), left).catch(() => pause(500, signal));
    else await pause(100, signal);
  }
}
