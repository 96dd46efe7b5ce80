/**
 * Names a running process so that a later one with the same pid is not mistaken for it: pid, start time and boot. Used
 * for the lock and for the list of those who use a server.
 */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** `<pid>-<start>` of a living process (a zombie is not living), or undefined where there is none. */
export function processMark(pid: number): string | undefined {
  const start = process.platform === 'linux' ? startOnLinux(pid) : startByPs(pid);
  return start === undefined ? undefined : `${pid}-${start}`;
}

/** Whether the process that this mark names is still running. */
export function isRunning(mark: string): boolean {
  const pid = Number(mark.split('-', 1)[0]);
  return Number.isSafeInteger(pid) && pid > 0 && processMark(pid) === mark;
}

/** The boot and the start in clock ticks since then: fields 3 (state) and 22 of proc(5), counted after the name's last ')'. */
function startOnLinux(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').slice(0, 8);
    return `${boot}.${fields[19]}`;
  } catch {
    return undefined;
  }
}

function startByPs(pid: number): string | undefined {
  try {
    const [state = 'Z', ...start] = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
      encoding: 'latin1',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
      .trim()
      .split(/\s+/);
    return state.startsWith('Z') ? undefined : start.join('.').replaceAll(/[^\w.]/g, '');
  } catch {
    return undefined;
  }
}
