/** A command's surroundings for tests: what it writes is gathered. */

import type { CommandContext } from '#host/command.ts';

export interface Gathered {
  readonly context: CommandContext;
  readonly out: string[];
  readonly notes: string[];
}

export function gather(
  given: Partial<Pick<CommandContext, 'args' | 'flags' | 'json' | 'env' | 'home' | 'signal'>>,
): Gathered {
  const out: string[] = [];
  const notes: string[] = [];
  const context: CommandContext = {
    home: '/nowhere',
    args: [],
    flags: {},
    json: false,
    quiet: false,
    env: {},
    terminal: false,
    signal: new AbortController().signal,
    out: (text) => void out.push(text),
    note: (text) => void notes.push(text),
    ...given,
  };
  return { context, out, notes };
}
