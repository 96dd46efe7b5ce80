/** Waiting for a study's jobs to change, without polling the database. */

import { MoimError } from '#protocol/errors.ts';

export interface Watchers {
  /** Resolves when a job of the study changed or the hub closes (true), or after `ms` (false). */
  wait(study: string, ms: number): Promise<boolean>;
  wake(study: string): void;
  close(): void;
}

/** How long a call that waits goes on under a token that was revoked meanwhile. */
const sliceMs = 900;

/** Waits up to `ms` in slices, for as long as the caller's right stands. Throws MoimError `token-refused` once it does not. */
export async function waitWhile(
  wait: (ms: number) => Promise<boolean>,
  ms: number,
  stands: () => Promise<boolean>,
): Promise<void> {
  for (let left = ms; left > 0; left -= sliceMs) {
    const woken = await wait(Math.min(left, sliceMs));
    if (!(await stands())) throw new MoimError('token-refused');
    if (woken) return;
  }
}

export function createWatchers(): Watchers {
  const waiting = new Map<string, Set<() => void>>();
  const wake = (study: string) => {
    for (const done of waiting.get(study) ?? []) done();
  };
  return {
    wait: (study, ms) =>
      new Promise((resolve) => {
        const of = waiting.get(study) ?? new Set();
        waiting.set(study, of);
        const end = (woken: boolean) => {
          clearTimeout(timer);
          of.delete(done);
          if (of.size === 0) waiting.delete(study);
          resolve(woken);
        };
        const done = () => end(true);
        const timer = setTimeout(() => end(false), ms);
        of.add(done);
      }),
    wake,
    close() {
      for (const study of [...waiting.keys()]) wake(study);
    },
  };
}
