/** Makes the data folder of a home's server, whole or not at all. */

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { MoimError } from '#protocol/errors.ts';
import type { Binaries } from './binaries.ts';
import { failureOf } from './failure.ts';
import type { Layout } from './layout.ts';
import type { RunAs } from './run-as.ts';

/** The superuser of our own server. */
export const superuser = 'moim';

/** What our programs inherit: nothing of this process, which may hold secrets or PG* settings in its environment. */
export const bareEnvironment: NodeJS.ProcessEnv = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C',
  TZ: 'UTC',
};

/**
 * Makes the cluster where there is none: checksums on, scram only, a generated password in a file of mode 0600, sorting
 * and casing by code point (the built-in C.UTF-8, the same on every system). Made beside and renamed, so that one
 * interrupted half way is not taken for a cluster. `durable: false` skips syncing (clusters of tests).
 */
export async function ensureCluster(
  layout: Layout,
  binaries: Binaries,
  runAs: RunAs,
  options: { readonly durable: boolean; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  if (existsSync(join(layout.data, 'PG_VERSION'))) return;
  // A name of its own: the `initdb` of a process that was killed may still be writing into an earlier one.
  const unfinished = join(layout.folder, `unfinished-${randomBytes(4).toString('hex')}`);
  for (const name of readdirSync(layout.folder).filter((entry) => entry.startsWith('unfinished-'))) {
    rmSync(join(layout.folder, name), { recursive: true, force: true, maxRetries: 3 });
  }
  writeFileSync(layout.password, randomBytes(24).toString('base64url'), { mode: 0o600, flush: true });
  mkdirSync(unfinished, { mode: 0o700 });
  runAs.own(unfinished);
  runAs.own(layout.password);
  const {
    file,
    args,
    options: how,
  } = runAs.command(binaries.initdb, [
    `--pgdata=${unfinished}`,
    `--username=${superuser}`,
    `--pwfile=${layout.password}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
    '--data-checksums',
    '--no-instructions',
    ...(options.durable ? [] : ['--no-sync']),
  ]);
  const { status, output } = await runToEnd(file, args, { ...how, signal: options.signal });
  layout.keep(layout.password);
  if (options.signal?.aborted || status !== 0) {
    rmSync(unfinished, { recursive: true, force: true });
    if (options.signal?.aborted) throw new MoimError('interrupted');
    appendFileSync(layout.log, output, { mode: 0o600 });
    throw failureOf(output, layout.log);
  }
  renameSync(unfinished, layout.data);
}

/** The password of our server. Throws MoimError `database-start-failed` where its file is gone. */
export function readPassword(layout: Layout): string {
  try {
    return readFileSync(layout.password, 'utf8').trim();
  } catch (cause) {
    throw new MoimError('database-start-failed', `the password file ${layout.password} cannot be read`, {
      cause,
      remedy: 'Restore that file from a backup of the home; the data beside it are unharmed.',
    });
  }
}

function runToEnd(
  file: string,
  args: readonly string[],
  options: {
    readonly uid?: number | undefined;
    readonly gid?: number | undefined;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<{ readonly status: number | null; readonly output: string }> {
  return new Promise((resolve) => {
    const { uid, gid, signal } = options;
    const child = spawn(file, args, {
      cwd: '/',
      env: bareEnvironment,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
    });
    // Ended by hand: with `spawn`'s own `signal` we would hear of the end before it is one.
    const stop = () => child.kill('SIGTERM');
    signal?.addEventListener('abort', stop, { once: true });
    if (signal?.aborted) stop();
    const output: Buffer[] = [];
    child.stdout.on('data', (part: Buffer) => output.push(part));
    child.stderr.on('data', (part: Buffer) => output.push(part));
    child.on('error', (error) =>
      resolve({ status: null, output: `${Buffer.concat(output)}\n${error.message}\n` }),
    );
    child.on('close', (status) => {
      signal?.removeEventListener('abort', stop);
      resolve({ status, output: Buffer.concat(output).toString() });
    });
  });
}
