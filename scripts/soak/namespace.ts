/**
 * A hospital behind two cables of its own: a network namespace with one way to the hub and one to its database server. It lives as long as
 * the process that holds it, and everything in it ends with that one.
 */

import { spawn, spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import type { Program } from './served.ts';

export const cables = ['hub', 'database'] as const;
export type Cable = (typeof cables)[number];

export interface Namespace {
  readonly pid: number;
  /** This machine's address at the near end of a cable. */
  address(cable: Cable): string;
  inside(program: Program): Program;
  plug(cable: Cable, plugged: boolean): void;
}

/** Gives the namespace, or the reason why there is none on this machine. `folder` marks its process as ours. */
export async function openNamespace(folder: string): Promise<Namespace | string> {
  const name = randomInt(0x1000, 0xffff).toString(16);
  const net = `10.${randomInt(200, 250)}.${randomInt(1, 255)}`;
  const near = (cable: Cable) => `moim${name}${cable === 'hub' ? 'h' : 'd'}`;
  const at = (cable: Cable, end: 1 | 2) => `${net}.${(cable === 'hub' ? 0 : 4) + end}`;
  const holder = spawn('unshare', ['--net', 'sh', '-c', 'while :; do sleep 60; done', folder], {
    cwd: folder,
    stdio: 'ignore',
    detached: true,
  });
  const { pid } = holder;
  const failed = new Promise<string>((resolve) => {
    holder.once('error', ({ message }) => resolve(message));
    holder.once('exit', () => resolve('unshare --net is not allowed'));
  });
  const [isOpen, reason] = await Promise.race([
    failed.then((text) => [false, text] as const),
    new Promise<readonly [boolean, string]>((resolve) => setTimeout(() => resolve([true, '']), 300)),
  ]);
  if (!isOpen || pid === undefined) return reason;
  const far = ['nsenter', '-t', String(pid), '-n', '--'];
  const steps = [
    [...far, 'ip', 'link', 'set', 'lo', 'up'],
    ...cables.flatMap((cable) => [
      ['ip', 'link', 'add', near(cable), 'type', 'veth', 'peer', 'name', `to-${cable}`, 'netns', String(pid)],
      ['ip', 'addr', 'add', `${at(cable, 1)}/30`, 'dev', near(cable)],
      ['ip', 'link', 'set', near(cable), 'up'],
      [...far, 'ip', 'addr', 'add', `${at(cable, 2)}/30`, 'dev', `to-${cable}`],
      [...far, 'ip', 'link', 'set', `to-${cable}`, 'up'],
    ]),
  ];
  for (const step of steps) {
    const fault = run(step);
    if (fault === undefined) continue;
    process.kill(-pid, 'SIGKILL');
    return fault;
  }
  return {
    pid,
    address: (cable) => at(cable, 1),
    inside: ({ file, args }) => ({ file: 'nsenter', args: [...far.slice(1), file, ...args] }),
    plug(cable, plugged) {
      const fault = run(['ip', 'link', 'set', near(cable), plugged ? 'up' : 'down']);
      if (fault !== undefined) throw new Error(fault);
    },
  };
}

function run([file = '', ...args]: readonly string[]): string | undefined {
  const { status, stderr, error } = spawnSync(file, args, { encoding: 'utf8' });
  return status === 0 ? undefined : `${file} ${args.join(' ')}: ${(error?.message ?? stderr).trim()}`;
}
