/** A program under test: started with a bounded life, watched line by line, ended by its pid. */

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Ending } from './database.ts';

export interface RunningProcess {
  readonly pid: number;
  /** What it has written so far. */
  stdout(): string;
  stderr(): string;
  /** The first line of stdout that matches; fails when the process ends, or after `ms` (10 s), without one. */
  line(pattern: RegExp, ms?: number): Promise<string>;
  /** Sends a signal to the process, or with `group` to its whole process group, as Ctrl-C in a terminal does. */
  kill(signal: NodeJS.Signals, group?: 'group'): void;
  /** Resolves when it has ended and its output is complete. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
}

export interface ProcessOptions {
  /** In place of this process's environment. */
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** It is killed after this time, and when the test ends; 30 s unless said otherwise. */
  readonly lifeMs?: number;
  readonly input?: string;
}

/** Starts a TypeScript file of the project (`script`: path from the project's root) in a process group of its own. */
export function startScript(
  t: Ending,
  script: string,
  args: readonly string[],
  options: ProcessOptions = {},
): RunningProcess {
  const path = fileURLToPath(new URL(`../../${script}`, import.meta.url));
  return startProcess(t, process.execPath, [path, ...args], options);
}

/** Starts `moim …args` with its home. */
export function startMoim(
  t: Ending,
  home: string,
  args: readonly string[],
  options: ProcessOptions = {},
): RunningProcess {
  return startScript(t, 'moim.ts', [...args, '--home', home], options);
}

/** Starts any program in a process group of its own. */
export function startProcess(
  t: Ending,
  file: string,
  args: readonly string[],
  options: ProcessOptions = {},
): RunningProcess {
  const child = spawn(file, args, {
    env: options.env ?? process.env,
    cwd: options.cwd,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdin.on('error', () => {}).end(options.input ?? '');
  const life = setTimeout(() => child.kill('SIGKILL'), options.lifeMs ?? 30_000);
  let over = false;
  const ended = new Promise<Awaited<RunningProcess['ended']>>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      over = true;
      clearTimeout(life);
      resolve({ code, signal });
    });
  });
  ended.catch(() => {});
  t.after(async () => {
    if (!over) child.kill('SIGKILL');
    await ended.catch(() => {});
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${file} cannot be started`);

  const line = (pattern: RegExp, ms = 10_000) =>
    new Promise<string>((resolve, reject) => {
      const look = () => {
        const found = stdout
          .split('\n')
          .slice(0, -1)
          .find((text) => pattern.test(text));
        if (found !== undefined) settle(() => resolve(found));
      };
      const settle = (how: () => void) => {
        clearTimeout(timer);
        child.stdout.off('data', look);
        how();
      };
      const fail = (why: string) =>
        settle(() =>
          reject(new Error(`${why} before a line like ${pattern}; stderr: ${stderr.slice(-2_000)}`)),
        );
      const timer = setTimeout(() => fail(`${ms} ms passed`), ms);
      child.stdout.on('data', look);
      ended.then(
        () => {
          look();
          fail('the process ended');
        },
        () => fail('the process did not start'),
      );
      look();
    });

  return {
    pid,
    stdout: () => stdout,
    stderr: () => stderr,
    line,
    kill: (signal, group) => {
      if (over) return;
      if (group) process.kill(-pid, signal);
      else child.kill(signal);
    },
    ended,
  };
}
