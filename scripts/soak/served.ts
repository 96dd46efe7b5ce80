/** One serving process (`moim hub run`, `moim node run`) under a small service manager: started, killed, and started again. */

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, copyFileSync, existsSync, openSync, statSync, truncateSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { send } from '#host/postgres/postmaster.ts';
import { pause } from '#host/serve.ts';

const moim = fileURLToPath(new URL('../../bin/moim.mjs', import.meta.url));

/** What the command line answers where a database or a port is not there yet: a service manager starts it again. */
const unavailable = 4;
const startMs = 40_000;
const restartMs = 300;
const largestLog = 8 * 2 ** 20;

export interface Program {
  readonly file: string;
  readonly args: readonly string[];
}

export interface ServedNeeds {
  readonly name: string;
  readonly home: string;
  readonly noun: 'hub' | 'node';
  readonly env: NodeJS.ProcessEnv;
  readonly log: string;
  /** Another way to start a program, such as inside a network namespace. */
  readonly around?: (program: Program) => Program;
  /** Something that must not happen, in words. */
  readonly fault: (text: string) => void;
}

export class Served {
  readonly needs: ServedNeeds;
  #front: ChildProcess | undefined;
  #pid: number | undefined;
  #wanted = false;
  #expected = false;
  #life: Promise<void> = Promise.resolve();
  #starting: Promise<void> | undefined;
  starts = 0;

  constructor(needs: ServedNeeds) {
    this.needs = needs;
  }

  /** The serving process itself; undefined while it is not ready. */
  get pid(): number | undefined {
    return this.#pid;
  }

  /** Every process of it that may live now. */
  get pids(): readonly number[] {
    return [this.#front?.pid, this.#pid].filter((pid) => pid !== undefined);
  }

  /** Starts it, again and again while it says that something is not available; resolves when it is ready. */
  start(): Promise<void> {
    this.#starting ??= this.#start().finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  async #start(): Promise<void> {
    if (this.#pid !== undefined) return;
    this.#wanted = true;
    const until = performance.now() + startMs;
    for (;;) {
      const ended = await this.#once();
      if (ended === undefined || !this.#wanted) return;
      if (ended !== unavailable || performance.now() > until)
        return this.needs.fault(
          `${this.needs.name} does not start: it ended with ${ended} (see ${this.needs.log})`,
        );
      await new Promise((resolve) => setTimeout(resolve, restartMs));
    }
  }

  /** SIGKILL to the serving process, to the front door that started it, or to both; resolves when the front door is gone. */
  async kill(what: 'process' | 'front' | 'both'): Promise<void> {
    this.#expected = true;
    const [front, pid] = [this.#front?.pid, this.#pid];
    if (what === 'process' && pid !== undefined) send(pid, 'SIGKILL');
    else if (front !== undefined) send(what === 'front' ? front : -front, 'SIGKILL');
    await this.#life;
  }

  /** SIGTERM, as a service manager stops it: it must end with 0. */
  async stop(): Promise<number | undefined> {
    this.#wanted = false;
    this.#expected = true;
    const front = this.#front;
    if (!front) return undefined;
    front.kill('SIGTERM');
    await this.#life;
    return front.exitCode ?? undefined;
  }

  freeze(frozen: boolean): void {
    if (this.#pid !== undefined) send(this.#pid, frozen ? 'SIGSTOP' : 'SIGCONT');
  }

  /** Gives nothing once it is ready, or the exit code where it ended before. */
  #once(): Promise<number | undefined> {
    this.starts += 1;
    this.#expected = false;
    setAside(this.needs.log);
    const plain = { file: process.execPath, args: [moim, this.needs.noun, 'run', '--home', this.needs.home] };
    const { file, args } = this.needs.around?.(plain) ?? plain;
    const log = openSync(this.needs.log, 'a', 0o600);
    const child = spawn(file, [...args], {
      env: this.needs.env,
      stdio: ['ignore', 'pipe', log],
      detached: true,
    });
    closeSync(log);
    this.#front = child;
    return new Promise((resolve) => {
      this.#life = new Promise((over) => {
        child.once('exit', (code, signal) => {
          const wasReady = this.#pid !== undefined;
          this.#front = undefined;
          this.#pid = undefined;
          if (wasReady && !this.#expected)
            this.needs.fault(`${this.needs.name} ended by itself with ${code ?? signal}`);
          over();
          resolve(this.#expected ? unavailable : (code ?? 70));
        });
      });
      createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
        if (!line.startsWith('ready ')) return;
        this.#pid = (JSON.parse(line.slice(6)) as { pid: number }).pid;
        resolve(undefined);
      });
    });
  }
}

/** As `logrotate` with `copytruncate`: the writer appends, so what it writes next stands at the begin. */
export function setAside(log: string): void {
  if (!existsSync(log) || statSync(log).size < largestLog) return;
  copyFileSync(log, `${log}.old`);
  truncateSync(log);
}

/** Waits at most `ms` for `look` to give true. */
export async function within(
  ms: number,
  look: () => Promise<boolean> | boolean,
  signal: AbortSignal,
  everyMs = 100,
): Promise<boolean> {
  for (const until = performance.now() + ms; ; ) {
    if (await look()) return true;
    if (signal.aborted || performance.now() > until) return false;
    await pause(everyMs, signal);
  }
}
