/** Starts and stops the server of a data folder. Both are called under the lock of the home. */

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { MoimError } from '#protocol/errors.ts';
import type { Binaries } from './binaries.ts';
import { bareEnvironment } from './cluster.ts';
import { failureOf } from './failure.ts';
import type { Layout } from './layout.ts';
import { findPostmaster, type Postmaster, processesOn, send } from './postmaster.ts';
import { isRunning, processMark } from './process-mark.ts';
import type { RunAs } from './run-as.ts';
import { type Settings, settingArguments } from './settings.ts';

/** Gives a port that seems free: `preferred`, if it is one, and none of `avoid`. See `freePort`. */
export type NextPort = (preferred: number | undefined, avoid: ReadonlySet<number>) => Promise<number>;

const pollMs = 10;
/** How long what a killed server left behind may take to go away. */
const leftoverMs = 10_000;
const startMs = 300_000;

/**
 * Starts the server and waits until it accepts connections (recovering from its log first, where it was killed). It
 * gets a session of its own, so Ctrl-C in the terminal does not reach it: we stop it, or it outlives us.
 * Throws MoimError `port-taken`, `disk-full`, `home-unwritable`, `database-start-failed` or `interrupted`.
 */
export async function startServer(
  layout: Layout,
  binaries: Binaries,
  runAs: RunAs,
  options: {
    readonly settings: Settings;
    readonly nextPort: NextPort;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<Postmaster> {
  await waitForLeftovers(layout.data);
  const avoid = new Set<number>();
  const until = performance.now() + leftoverMs;
  for (;;) {
    const port = await options.nextPort(lastPort(layout), avoid);
    const {
      file,
      args,
      options: how,
    } = runAs.command(binaries.postgres, serverArguments(layout, port, options.settings));
    const log = openLog(layout);
    const child = spawn(file, args, {
      ...how,
      cwd: '/',
      env: bareEnvironment,
      detached: true,
      stdio: ['ignore', log.descriptor, log.descriptor],
    });
    closeSync(log.descriptor);
    const started = await waitUntilReady(child, layout.data, options.signal);
    if (started) {
      child.unref();
      writeFileSync(layout.port, `${port}\n`, { mode: 0o600 });
      layout.keep(layout.port);
      return started;
    }
    const output = readFileSync(layout.log).subarray(log.offset).toString();
    if (/Address already in use/.test(output) && avoid.size < 20) avoid.add(port);
    else if (
      /lock file .* already exists|pre-existing shared memory block/.test(output) &&
      performance.now() < until
    ) {
      await sleep(200);
    } else throw failureOf(output, layout.log);
  }
}

/** `-D` first: another process recognises the server by it. */
function serverArguments(layout: Layout, port: number, settings: Settings): string[] {
  return ['-D', layout.data, '-h', '127.0.0.1', '-p', String(port), '-k', '', ...settingArguments(settings)];
}

/** Whether a running server was started with these settings. */
export function runsWith(server: Postmaster, settings: Settings): boolean {
  const words = server.command.split(server.command.includes('\0') ? '\0' : ' ');
  return settingArguments(settings).every((word) => words.includes(word));
}

/** Stops a server: sessions are ended, everything is written. After `patienceMs` without a clean end, at once (it recovers at its next start). */
export async function stopServer(server: Postmaster, patienceMs = 8_000): Promise<void> {
  const mark = processMark(server.pid);
  if (mark === undefined) return;
  send(server.pid, 'SIGINT');
  if (await isGone(mark, patienceMs)) return;
  send(server.pid, 'SIGQUIT');
  if (!(await isGone(mark, 5_000)))
    throw new MoimError('database-start-failed', `server ${server.pid} does not stop`);
}

/** The same without an event loop, for the end of a process. Gives up after `patienceMs`. */
export function stopServerNow(server: Postmaster, patienceMs = 3_000): void {
  const mark = processMark(server.pid);
  if (mark === undefined) return;
  send(server.pid, 'SIGINT');
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (let waited = 0; waited < patienceMs && isRunning(mark); waited += pollMs)
    Atomics.wait(pause, 0, 0, pollMs);
}

/** Waits until a server that is stopping is gone. */
export async function waitUntilStopped(server: Postmaster): Promise<void> {
  const mark = processMark(server.pid);
  if (mark !== undefined && !(await isGone(mark, 30_000))) await stopServer(server, 0);
}

async function isGone(mark: string, patienceMs: number): Promise<boolean> {
  const until = performance.now() + patienceMs;
  while (isRunning(mark)) {
    if (performance.now() > until) return false;
    await sleep(pollMs);
  }
  return true;
}

/** The children of a killed server notice by themselves; PostgreSQL refuses to start before they are gone. */
async function waitForLeftovers(data: string): Promise<void> {
  const until = performance.now() + leftoverMs;
  while (processesOn(data).length > 0) {
    if (performance.now() > until) {
      for (const pid of processesOn(data)) send(pid, 'SIGQUIT');
      return;
    }
    await sleep(pollMs);
  }
}

async function waitUntilReady(
  child: ChildProcess,
  data: string,
  signal: AbortSignal | undefined,
): Promise<Postmaster | undefined> {
  let failed = false;
  child.once('error', () => {
    failed = true;
  });
  const until = performance.now() + startMs;
  while (!failed && child.exitCode === null && child.signalCode === null) {
    const server = findPostmaster(data);
    if (server?.pid === child.pid && server?.state === 'ready') return server;
    if (signal?.aborted || performance.now() > until) {
      child.kill('SIGINT');
      if (signal?.aborted) throw new MoimError('interrupted');
      return undefined;
    }
    await sleep(pollMs);
  }
  return undefined;
}

/** Opens the server's log for appending; one over 8 MB is set aside first. `offset` is where this start's lines begin. */
function openLog(layout: Layout): { readonly descriptor: number; readonly offset: number } {
  const path = layout.log;
  if (existsSync(path) && statSync(path).size > 8 * 2 ** 20) renameSync(path, `${path}.old`);
  const descriptor = openSync(path, 'a', 0o600);
  layout.keep(path);
  return { descriptor, offset: statSync(path).size };
}

function lastPort(layout: Layout): number | undefined {
  try {
    return Number(readFileSync(layout.port, 'utf8').trim()) || undefined;
  } catch {
    return undefined;
  }
}
