/** `moim cohort …` as the command line runs it, without a process. */

import assert from 'node:assert/strict';
import { parseFlags } from '#host/command.ts';
import { commands } from '#node/commands/cohort.ts';
import { MoimError } from '#protocol/errors.ts';

/** Gives the exit code, the lines of stdout and the notes on stderr. */
export async function moim(
  verb: string,
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
) {
  const command = commands[verb];
  assert.ok(command);
  const { flags, args } = parseFlags(command, words);
  const lines: string[] = [];
  const notes: string[] = [];
  const exit = await command.run({
    home: '/nowhere',
    args,
    flags,
    json: flags.json === true,
    quiet: true,
    env,
    terminal: false,
    signal: new AbortController().signal,
    out: (text) => void lines.push(text),
    note: (text) => void notes.push(text),
  });
  return { exit, lines, notes };
}

/** For `assert.rejects`: a MoimError of this code whose message says so. */
export const code =
  (expected: string, says = /./) =>
  (error: unknown) =>
    error instanceof MoimError && error.code === expected && says.test(error.message);
