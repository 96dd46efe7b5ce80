/** The command line: noun → room, imported only when asked for. Errors become exit codes here, through the one table. */

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command, CommandContext, Commands } from '#host/command.ts';
import { parseFlags } from '#host/command.ts';
import { databaseError } from '#host/postgres/error.ts';
import { abortOnSignals } from '#host/signals.ts';
import { MoimError } from '#protocol/errors.ts';
import packageFile from './package.json' with { type: 'json' };

const nouns: Readonly<Record<string, (home: string) => Promise<{ commands: Commands }>>> = {
  cdm: () => import('#node/commands/cdm.ts'),
  cohort: () => import('#node/commands/cohort.ts'),
  node: () => import('#node/commands/node.ts'),
  audit: (home) =>
    existsSync(join(home, 'hub.toml')) ? import('#hub/commands/audit.ts') : import('#node/commands/audit.ts'),
  doctor: async (home) => {
    if (existsSync(join(home, 'hub.toml'))) return import('#hub/commands/doctor.ts');
    const { isLeadHome } = await import('#lead/home.ts');
    return isLeadHome(home) ? import('#lead/commands/doctor.ts') : import('#node/commands/doctor.ts');
  },
  hub: () => import('#hub/commands/hub.ts'),
  key: () => import('#lead/commands/key.ts'),
  study: () => import('#lead/commands/study.ts'),
};

process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  const signal = abortOnSignals();
  const json = argv.includes('--json');
  try {
    return await dispatch(argv, signal);
  } catch (cause) {
    if (signal.aborted) return 130;
    const error = cause instanceof MoimError ? cause : databaseError(cause);
    const line = json
      ? JSON.stringify({ error: { code: error.code, message: error.message, remedy: error.remedy } })
      : `moim: ${error.message}\n  ${error.remedy}`;
    process.stderr.write(`${line}\n`);
    return error.exit;
  }
}

async function dispatch(argv: readonly string[], signal: AbortSignal): Promise<number> {
  const [noun, ...rest] = argv;
  if (noun === '--version') return print(packageFile.version);
  if (noun === undefined || noun === '--help' || noun === '-h' || noun === 'help')
    return print(await overview());
  const load = nouns[noun];
  if (!load) throw new MoimError('usage', `there is no \`moim ${noun}\``, { remedy: 'See `moim --help`.' });
  const { commands } = await load(homeOf(rest));
  const bare = commands[''];
  const verb = bare ? '' : (rest.find((word) => !word.startsWith('-')) ?? '');
  const command = commands[verb];
  if (!command) {
    if (rest.some((word) => word === '--help' || word === '-h')) return print(listing(noun, commands));
    throw new MoimError(
      'usage',
      verb ? `there is no \`moim ${noun} ${verb}\`` : `\`moim ${noun}\` needs a verb`,
      {
        remedy: `It has ${Object.keys(commands).join(', ')}. See \`moim ${noun} --help\`.`,
      },
    );
  }
  const words = [...rest];
  if (!bare) words.splice(words.indexOf(verb), 1);
  const { flags, args } = parseFlags(command, words);
  if (flags.help) return print(`moim ${noun} ${verb} ${command.usage}\n\n${command.summary}`);
  return command.run(contextOf(flags, args, signal));
}

/** `--home DIR`, else MOIM_HOME, else `./.moim`. */
function homeOf(words: readonly string[]): string {
  const at = words.findIndex((word) => word === '--home' || word.startsWith('--home='));
  const flag =
    at < 0 ? undefined : words[at] === '--home' ? words[at + 1] : words[at]?.slice('--home='.length);
  return resolve(flag ?? process.env.MOIM_HOME ?? '.moim');
}

function contextOf(
  flags: CommandContext['flags'],
  args: readonly string[],
  signal: AbortSignal,
): CommandContext {
  const quiet = flags.quiet === true;
  return {
    home: homeOf(typeof flags.home === 'string' ? ['--home', flags.home] : []),
    args,
    flags,
    json: flags.json === true,
    quiet,
    env: process.env,
    terminal: process.stderr.isTTY === true,
    signal,
    out: (text) => void process.stdout.write(`${text}\n`),
    note: (text) => void (quiet || process.stderr.write(`${text}\n`)),
  };
}

async function overview(): Promise<string> {
  const parts = await Promise.all(
    Object.entries(nouns).map(async ([noun, load]) => listing(noun, (await load('')).commands)),
  );
  return [
    `moim ${packageFile.version}`,
    ...parts,
    'Flags of every command: --home DIR --json --quiet --help --version',
  ].join('\n\n');
}

function listing(noun: string, commands: Commands): string {
  const line = ([verb, command]: [string, Command]) =>
    `  ${`moim ${noun} ${verb}`.trimEnd()} ${command.usage}\n      ${command.summary}`;
  return Object.entries(commands).map(line).join('\n');
}

function print(text: string): number {
  process.stdout.write(`${text}\n`);
  return 0;
}
