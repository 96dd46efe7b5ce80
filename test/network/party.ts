/** One party under test, in this process: its home, its commands as the command line runs them, its serving life. */

import { type Command, type CommandContext, parseFlags } from '#host/command.ts';
import { createLog, type Log } from '#host/log.ts';
import { databaseError } from '#host/postgres/error.ts';
import { commands as hubAudit } from '#hub/commands/audit.ts';
import { commands as hubDoctor } from '#hub/commands/doctor.ts';
import { commands as hub } from '#hub/commands/hub.ts';
import { commands as leadDoctor } from '#lead/commands/doctor.ts';
import { commands as key } from '#lead/commands/key.ts';
import { commands as study } from '#lead/commands/study.ts';
import { commands as nodeAudit } from '#node/commands/audit.ts';
import { commands as cdm } from '#node/commands/cdm.ts';
import { commands as doctor } from '#node/commands/doctor.ts';
import { commands as node } from '#node/commands/node.ts';
import { MoimError } from '#protocol/errors.ts';

const nouns = { hub, key, study, cdm, node, doctor, leadDoctor, hubAudit, hubDoctor, nodeAudit };

export interface Answer {
  readonly code: number;
  readonly out: string;
  /** What a person reads on stderr: progress, or message and remedy. */
  readonly err: string;
}

export type Environment = Readonly<Record<string, string>>;

/** Runs a command as `moim.ts` does: errors become exit codes, message and remedy. `hubAudit` and `nodeAudit` are `audit` of either home. */
export async function command(
  home: string,
  env: Environment,
  noun: keyof typeof nouns,
  ...words: readonly string[]
): Promise<Answer> {
  const [verb = '', ...rest] = noun.toLowerCase().endsWith('doctor') ? ['', ...words] : words;
  const found: Command | undefined = nouns[noun][verb];
  if (!found) throw new Error(`there is no ${noun} ${verb}`);
  const [out, err]: [string[], string[]] = [[], []];
  try {
    const { flags, args } = parseFlags(found, rest);
    const context: CommandContext = {
      home,
      args,
      flags,
      json: flags.json === true,
      quiet: false,
      env,
      terminal: false,
      signal: new AbortController().signal,
      out: (text) => void out.push(text),
      note: (text) => void err.push(text),
    };
    return { code: await found.run(context), out: out.join('\n'), err: err.join('\n') };
  } catch (cause) {
    const error = cause instanceof MoimError ? cause : databaseError(cause);
    return { code: error.exit, out: out.join('\n'), err: [...err, error.message, error.remedy].join('\n') };
  }
}

export interface Serving {
  /** Resolves when it is ready; rejects where it ends before. */
  start(): Promise<{ readonly url: string }>;
  /** Ends it as SIGTERM does, and waits for the end. */
  stop(): Promise<void>;
  /** The log, a line an entry. */
  readonly lines: readonly string[];
}

interface Run {
  readonly signal: AbortSignal;
  readonly ready: (run: { url: string }) => void;
  readonly log: Log;
}

/** A `runHub` or `runNode` that can be started and stopped again and again. */
export function serving(name: string, run: (needs: Run) => Promise<void>): Serving {
  const lines: string[] = [];
  const log = createLog(name, 'debug', (line) => void lines.push(line));
  let abort = new AbortController();
  let running: Promise<void> | undefined;
  return {
    lines,
    start() {
      if (running) throw new Error(`${name} runs already`);
      abort = new AbortController();
      const { promise, resolve, reject } = Promise.withResolvers<{ url: string }>();
      const life = run({ signal: abort.signal, ready: resolve, log });
      running = life;
      life.then(() => reject(new Error(`${name} ended before it was ready`)), reject);
      return promise;
    },
    async stop() {
      abort.abort();
      const ending = running;
      running = undefined;
      await ending?.catch(() => {});
    },
  };
}

/** Waits until `look` gives something; fails with `what` after `ms`. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  ms = 60_000,
  everyMs = 25,
): Promise<T> {
  const end = performance.now() + ms;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > end) throw new Error(`waited ${ms} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
