/** What the tests of starting, sharing and dying have in common: homes with a cluster, and processes that use them. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openDatabase } from '#host/postgres/database.ts';
import { processMark } from '#host/postgres/process-mark.ts';
import { type RunningProcess, startProcess } from '#test/support/process.ts';
import { scratchFolder } from '#test/support/scratch.ts';
import { temporaryHome } from '#test/support/temporary-home.ts';

/** The program of `use-database.ts`. */
export const program = fileURLToPath(new URL('use-database.ts', import.meta.url));

export function use(t: TestContext, verb: string, home: string): RunningProcess {
  return startProcess(t, process.execPath, [program, verb, home]);
}

export async function ready(
  user: RunningProcess,
): Promise<{ readonly port: number; readonly server: number }> {
  return JSON.parse((await user.line(/^ready /, 20_000)).slice('ready '.length));
}

export const pidFile = (home: string) => join(home, 'postgres', 'data', 'postmaster.pid');

/** Call once in a file: makes a cluster, and gives a function that gives each test a home with a copy of it. */
export function clusterForTests(): (t: TestContext) => string {
  const pristine = mkdtempSync(join(scratchFolder(), 'moim-test-'));
  before(async () => (await openDatabase({ home: pristine })).close());
  after(() => rmSync(pristine, { recursive: true, force: true }));
  return (t) => {
    let home = '';
    t.after(async () => killServer(home));
    home = join(temporaryHome(t), '병원 하나');
    assert.equal(spawnSync('cp', ['-a', pristine, home]).status, 0);
    return home;
  };
}

export function assertStopped(home: string, server: number): void {
  assert.equal(processMark(server), undefined, 'the server still runs');
  assert.equal(existsSync(pidFile(home)), false, 'postmaster.pid was left behind');
  assert.deepEqual(readdirSync(join(home, 'postgres', 'users')), []);
  assert.equal(existsSync(join(home, 'postgres', 'lock')), false);
}

/** What a test that failed left running. */
function killServer(home: string): void {
  const pid = existsSync(pidFile(home)) ? Number(readFileSync(pidFile(home), 'utf8').split('\n')[0]) : 0;
  if (pid > 0 && pid !== process.pid && processMark(pid) !== undefined) process.kill(pid, 'SIGKILL');
}
