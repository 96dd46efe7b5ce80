/**
 * Who uses the server of a home: one small file for each opening, named after its process. A killed process leaves its
 * file behind; it is recognised as dead and swept.
 */

import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRunning } from './process-mark.ts';

/** Registers a use. `user` is `<process mark>:<token>`. Call under the lock of the home. */
export function addUser(folder: string, user: string): void {
  writeFileSync(join(folder, user), '', { mode: 0o600 });
}

export function removeUser(folder: string, user: string): void {
  rmSync(join(folder, user), { force: true });
}

/** The uses whose process still runs; the files of dead ones are removed. Call under the lock of the home. */
export function livingUsers(folder: string): readonly string[] {
  return readdirSync(folder).filter((user) => {
    if (isRunning(user.split(':', 1)[0] ?? '')) return true;
    rmSync(join(folder, user), { force: true });
    return false;
  });
}
