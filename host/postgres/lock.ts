/**
 * One at a time starts or stops the server of a home. The lock is a symbolic link whose target names its holder, so it
 * is made whole or not at all, and what a killed process left can be told from a lock that is held.
 */

import { mkdirSync, readlinkSync, rmdirSync, statSync, symlinkSync, unlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { MoimError } from '#protocol/errors.ts';
import { isRunning } from './process-mark.ts';

/**
 * Runs `work` while holding the lock `path`. `holder` is `<process mark>:<token>`, unlike any other holder's.
 * Throws MoimError `database-busy` after `patienceMs`, and `interrupted` when the signal is aborted while waiting.
 */
export async function withLock<T>(
  path: string,
  holder: string,
  work: () => Promise<T>,
  options: { readonly patienceMs?: number; readonly signal?: AbortSignal | undefined } = {},
): Promise<T> {
  const until = performance.now() + (options.patienceMs ?? 120_000);
  while (!tryLock(path, holder)) {
    if (options.signal?.aborted) throw new MoimError('interrupted');
    if (performance.now() > until) throw new MoimError('database-busy', `${path} is held by another process`);
    await sleep(15);
  }
  try {
    return await work();
  } finally {
    unlock(path, holder);
  }
}

/** Takes the lock if it is free or its holder is dead; never waits. */
export function tryLock(path: string, holder: string): boolean {
  try {
    symlinkSync(holder, path);
    return true;
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  }
  removeIfAbandoned(path);
  return false;
}

export function unlock(path: string, holder: string): void {
  if (holderOf(path) === holder) unlinkSync(path);
}

/**
 * Only under a second, momentary lock may one process remove the lock of another; otherwise two who both saw a dead
 * holder could remove, the one the dead lock, the other the first one's new lock.
 */
function removeIfAbandoned(path: string): void {
  const guard = `${path}.break`;
  const seen = holderOf(path);
  if (seen === undefined || isRunning(seen.split(':', 1)[0] ?? '')) return;
  try {
    mkdirSync(guard);
  } catch {
    // It is held for microseconds: one of ten seconds was left by a process killed right there.
    try {
      if (Date.now() - statSync(guard).mtimeMs > 10_000) rmdirSync(guard);
    } catch {
      // Gone by itself.
    }
    return;
  }
  try {
    if (holderOf(path) === seen) unlinkSync(path);
  } finally {
    rmdirSync(guard);
  }
}

function holderOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
