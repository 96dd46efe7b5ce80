/** One party of the demo: a home, and `moim` processes in it, each of its own process group so that only we end it. */

import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { MoimError } from '#protocol/errors.ts';

/** A command of a party failed: the demo ends as the command did. */
export class PartyFault extends MoimError {
  readonly #code: number | null;
  constructor(code: number | null, detail: string) {
    super('demo-failed', detail);
    this.#code = code;
  }
  override get exit(): number {
    return this.#code === null || this.#code === 1 ? super.exit : this.#code;
  }
}

const moim = fileURLToPath(new URL('../../moim.ts', import.meta.url));

export interface Party {
  readonly home: string;
  /** Runs a command to its end. Gives stdout; throws where the exit code is not among `accept`. */
  command(
    args: readonly string[],
    options?: { accept?: readonly number[]; onLine?: (line: string) => void },
  ): Promise<string>;
  /** Starts a serving process; gives what follows `ready`. */
  serve(args: readonly string[]): Promise<{ url: string; pid: number }>;
  /** SIGTERM to every process that still runs, and waits for them. */
  stop(): Promise<void>;
  pids(): number[];
}

export function party(home: string, env: Readonly<Record<string, string | undefined>>): Party {
  const running = new Set<ChildProcess>();
  const start = (args: readonly string[]): ChildProcess => {
    const child = spawn(process.execPath, [moim, ...args, '--home', home], {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      env: { ...env },
    });
    running.add(child);
    child.once('exit', () => running.delete(child));
    return child;
  };
  return {
    home,
    command: (args, { accept = [0], onLine } = {}) =>
      new Promise((resolve, reject) => {
        const child = start(args);
        let out = '';
        let err = '';
        if (onLine && child.stdout) createInterface({ input: child.stdout }).on('line', onLine);
        child.stdout?.on('data', (data: Buffer) => {
          out += data.toString('utf8');
        });
        child.stderr?.on('data', (data: Buffer) => {
          err += data.toString('utf8');
        });
        child.once('close', (code) => {
          if (code !== null && accept.includes(code)) resolve(out);
          else
            reject(
              new PartyFault(
                code,
                `moim ${args.slice(0, 2).join(' ')} ended with ${code}\n${err.slice(-2000)}`,
              ),
            );
        });
      }),
    serve: (args) =>
      new Promise((resolve, reject) => {
        const child = start(args);
        child.stderr?.pipe(createWriteStream(join(home, 'log.jsonl'), { flags: 'a' }));
        if (child.stdout) {
          createInterface({ input: child.stdout }).on('line', (line) => {
            if (line.startsWith('ready ')) resolve(JSON.parse(line.slice(6)) as { url: string; pid: number });
          });
        }
        child.once('exit', (code) =>
          reject(
            new MoimError(
              'demo-failed',
              `moim ${args.join(' ')} ended with ${code}: see ${join(home, 'log.jsonl')}`,
            ),
          ),
        );
      }),
    async stop() {
      const ended = [...running].map(
        (child) => new Promise<void>((resolve) => child.once('exit', () => resolve())),
      );
      for (const child of running) child.kill('SIGTERM');
      await Promise.all(ended);
    },
    pids: () => [...running].flatMap(({ pid }) => (pid === undefined ? [] : [pid])),
  };
}
