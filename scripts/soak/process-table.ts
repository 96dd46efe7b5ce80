/** The processes of this machine that belong to a folder of ours, from /proc (Linux). */

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { processMark } from '#host/postgres/process-mark.ts';

export interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** Living processes whose command line names the folder, or that work in it. */
export function processesUnder(folder: string): readonly Process[] {
  return allProcesses().filter(({ pid, command }) => pid !== process.pid && belongs(pid, command, folder));
}

export function childrenOf(parent: number): readonly number[] {
  return allProcesses()
    .filter((each) => each.parent === parent)
    .map(({ pid }) => pid);
}

function allProcesses(): readonly Process[] {
  return readdirSync('/proc').flatMap((name) => {
    const pid = Number(name);
    if (!Number.isSafeInteger(pid) || processMark(pid) === undefined) return [];
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      return [
        { pid, parent, command: readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').trim() },
      ];
    } catch {
      return [];
    }
  });
}

function belongs(pid: number, command: string, folder: string): boolean {
  if (command.includes(folder)) return true;
  try {
    return readlinkSync(`/proc/${pid}/cwd`).startsWith(folder);
  } catch {
    return false;
  }
}

/** SIGKILL to everything of the folder but `keep`, until nothing is left. */
export async function endAllUnder(folder: string, keep: readonly number[] = []): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) {
    const left = processesUnder(folder).filter(({ pid }) => !keep.includes(pid));
    if (left.length === 0) return;
    for (const { pid } of left) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // Gone.
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
