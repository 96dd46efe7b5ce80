/**
 * What a command of the command line is: flags in, one answer on stdout, progress on stderr, an exit code.
 * `moim.ts` finds the command, parses its flags with `node:util` and maps errors to exit codes through the error table.
 */

import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { MoimError } from '#protocol/errors.ts';

/** Everything a command may touch of its surroundings. */
export interface CommandContext {
  /** The home folder of this party (absolute); it may not exist yet. */
  readonly home: string;
  /** Positional arguments after the verb. */
  readonly args: readonly string[];
  /** Parsed flags, by long name without dashes. */
  readonly flags: Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** True where stderr is a terminal: progress bars may be drawn. */
  readonly terminal: boolean;
  /** Aborted on the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  /** Writes one line (or one document) of the answer to stdout. */
  out(text: string): void;
  /** Writes a line of progress to stderr; nothing under --quiet. */
  note(text: string): void;
}

export interface Command {
  /** One line for `--help`. */
  readonly summary: string;
  /** Arguments and flags as the user types them, after `moim NOUN VERB`. */
  readonly usage: string;
  readonly options?: ParseArgsOptionsConfig;
  /** Gives the exit code; throws MoimError for an expected failure. */
  run(context: CommandContext): Promise<number>;
}

/** The verbs of one noun. A noun without verbs (`doctor`) has the single verb ''. */
export type Commands = Readonly<Record<string, Command>>;

const globalOptions = {
  home: { type: 'string' },
  json: { type: 'boolean' },
  quiet: { type: 'boolean', short: 'q' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
} as const satisfies ParseArgsOptionsConfig;

/** Parses the arguments after the verb. Throws MoimError `usage` naming the flag at fault. */
export function parseFlags(command: Command, args: readonly string[]) {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      // `study result --version N` is the study's, not ours.
      options: { ...globalOptions, ...command.options },
      allowPositionals: true,
      strict: true,
    });
    return { flags: values as CommandContext['flags'], args: positionals };
  } catch (cause) {
    throw new MoimError('usage', cause instanceof Error ? cause.message : undefined, { cause });
  }
}

/** The positional argument at `index`, or MoimError `usage` that names it. */
export function needArg(context: CommandContext, index: number, name: string): string {
  const value = context.args[index];
  if (value === undefined) throw new MoimError('usage', `${name} is missing`);
  return value;
}

/** The text of flag `--name`, or undefined where it was not given. */
export function textFlag(context: CommandContext, name: string): string | undefined {
  const value = context.flags[name];
  return typeof value === 'string' ? value : undefined;
}

/** The text of flag `--name`, or MoimError `usage` where it was not given. */
export function needFlag(context: CommandContext, name: string): string {
  const value = textFlag(context, name);
  if (value === undefined) throw new MoimError('usage', `--${name} is missing`);
  return value;
}

/** The whole number of flag `--name`, at least `least`, or `otherwise` where it was not given. */
export function numberFlag(
  context: CommandContext,
  name: string,
  least: number,
  otherwise: number,
  most = Number.MAX_SAFE_INTEGER,
): number {
  const text = textFlag(context, name);
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least || value > most) {
    const range = most < Number.MAX_SAFE_INTEGER ? `${least} to ${most}` : `${least}`;
    throw new MoimError('usage', `--${name} takes a whole number from ${range}`);
  }
  return value;
}

/** Writes the answer: one JSON document under --json, the text otherwise. */
export function answer(context: CommandContext, value: object, text: string): void {
  context.out(context.json ? JSON.stringify(value) : text);
}
