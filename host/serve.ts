/**
 * The life of a serving process: it is ready, it watches over its database, it ends on a signal. SIGTERM: stop intake, cancel, flush,
 * close; after 10 s exit 70. A second signal is immediate.
 */

import type { Log } from './log.ts';

/** Starts the database again when it went away, until `signal` is aborted. */
export async function watchDatabase(
  healthy: () => Promise<unknown>,
  reopen: () => Promise<void>,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  let lost = false;
  while (!signal.aborted) {
    await pause(1_000, signal);
    if (signal.aborted) return;
    try {
      await healthy();
      // A given server that came back between two looks.
      if (lost) log.info('database-back');
      lost = false;
    } catch {
      log.warn('database-lost');
      lost = true;
      try {
        await reopen();
        log.info('database-back');
        lost = false;
      } catch {
        await pause(2_000, signal);
      }
    }
  }
}

/** Waits `ms`, or until the signal is aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}

export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
