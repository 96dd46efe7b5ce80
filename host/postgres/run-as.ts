/**
 * As whom PostgreSQL runs. It refuses to run as root. For root we let it run, in this order: as the person who owns the
 * home; as an ordinary user of a user namespace of its own (root's files, none of root's powers, works under a 0700
 * home); as a service user.
 */

import { type SpawnOptions, spawnSync } from 'node:child_process';
import { chownSync, existsSync, readFileSync, statSync } from 'node:fs';
import { MoimError } from '#protocol/errors.ts';
import type { Binaries } from './binaries.ts';

/** A way to run a program: what to spawn for it. */
export interface RunAs {
  readonly kind: 'ourselves' | 'namespace' | 'user';
  /** Gives the program a folder or file that we made (changes the owner where that is needed). */
  own(path: string): void;
  command(
    program: string,
    args: readonly string[],
  ): {
    readonly file: string;
    readonly args: readonly string[];
    readonly options: SpawnOptions;
  };
}

/** `folder` is the cluster's folder, which exists and is ours. Throws MoimError `postgres-as-root` where no way works. */
export function chooseRunAs(folder: string, data: string, binaries: Binaries): RunAs {
  if (process.getuid?.() !== 0) return ourselves;
  // A cluster that exists was made in one of these ways and stays with it.
  const owner = statSync(existsSync(data) ? data : folder);
  if (owner.uid !== 0) return asUser(owner.uid, owner.gid);
  if (works(namespace, folder, binaries)) return namespace;
  for (const name of existsSync(data) ? [] : ['postgres', 'nobody']) {
    const user = serviceUser(name);
    const runAs = user && asUser(user.uid, user.gid);
    if (runAs && reaches(runAs, folder, binaries)) return runAs;
  }
  throw new MoimError('postgres-as-root');
}

const ourselves: RunAs = {
  kind: 'ourselves',
  own: () => {},
  command: (file, args) => ({ file, args, options: {} }),
};

const namespace: RunAs = {
  kind: 'namespace',
  own: () => {},
  command: (program, args) => ({
    file: 'unshare',
    args: ['-U', '--map-user=1000', '--map-group=1000', '--', program, ...args],
    options: {},
  }),
};

function asUser(uid: number, gid: number): RunAs {
  return {
    kind: 'user',
    own: (path) => chownSync(path, uid, gid),
    command: (file, args) => ({ file, args, options: { uid, gid } }),
  };
}

/** Whether that user can read our binaries, and traverse to the folder once it is theirs. */
function reaches(runAs: RunAs, folder: string, binaries: Binaries): boolean {
  const before = statSync(folder);
  runAs.own(folder);
  if (works(runAs, folder, binaries)) return true;
  chownSync(folder, before.uid, before.gid);
  return false;
}

function works(runAs: RunAs, folder: string, binaries: Binaries): boolean {
  const script = '[ -w "$1" ] && "$2" --version && "$3" --version';
  const { file, args, options } = runAs.command('/bin/sh', [
    '-c',
    script,
    'sh',
    folder,
    binaries.initdb,
    binaries.postgres,
  ]);
  return (
    spawnSync(file, args, { uid: options.uid, gid: options.gid, cwd: '/', stdio: 'ignore', timeout: 10_000 })
      .status === 0
  );
}

function serviceUser(name: string): { readonly uid: number; readonly gid: number } | undefined {
  try {
    const line = readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .find((entry) => entry.startsWith(`${name}:`));
    const [, , uid, gid] = line?.split(':') ?? [];
    return Number(uid) > 0 ? { uid: Number(uid), gid: Number(gid) } : undefined;
  } catch {
    return undefined;
  }
}
