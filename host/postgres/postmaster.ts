/** What is known of a running server from the outside: its `postmaster.pid` file and the process table. */

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { processMark } from './process-mark.ts';

/** A living server on a data folder. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  readonly state: 'starting' | 'stopping' | 'ready';
  /** Its command line, arguments separated by NUL. */
  readonly command: string;
}

/**
 * The server that `<data>/postmaster.pid` names, if that process lives and is a PostgreSQL on this data folder (not
 * another program that got the same pid later). `data` is the path the server was started with.
 */
export function findPostmaster(data: string): Postmaster | undefined {
  const lines = pidFile(data);
  const pid = Number(lines[0]);
  if (!Number.isSafeInteger(pid) || pid <= 0 || processMark(pid) === undefined) return undefined;
  const command = commandLine(pid);
  if (!command.includes(data) || !command.includes('postgres')) return undefined;
  const state = lines[7]?.trim();
  return {
    pid,
    port: Number(lines[3]),
    state: state === 'ready' || state === 'stopping' ? state : 'starting',
    command,
  };
}

/** Processes of any server on this data folder, including the children of one that was killed (Linux; else none). */
export function processesOn(data: string): readonly number[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isSafeInteger(pid) && folderOf(pid) === data && processMark(pid) !== undefined);
}

/** Sends a signal; a process that is gone already is no error. */
export function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone.
  }
}

function pidFile(data: string): readonly string[] {
  try {
    return readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n');
  } catch {
    return [];
  }
}

function commandLine(pid: number): string {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  } catch {
    return '';
  }
}

/** A server makes its data folder its working folder. */
function folderOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}
