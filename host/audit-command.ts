/** `moim audit …`, the same for a node's home and a hub's: verify the chain, show the entries, show what left. */

import type { Command, CommandContext, Commands } from '#host/command.ts';
import { textFlag } from '#host/command.ts';
import { MoimError } from '#protocol/errors.ts';
import { LedgerEntry, type LedgerVerdict, verifyLedger } from '#protocol/ledger.ts';
import { parseJson, parser } from '#protocol/schema.ts';
import { readText } from './home.ts';

/** One answer that left, opened again and compared with its recorded hashes. */
export interface LeftAnswer {
  readonly job: string;
  readonly releasedAt: string;
  /** Whether plaintext and ciphertext still have the hashes on record. */
  readonly intact: boolean;
  readonly answer: unknown;
}

export interface AuditSource {
  readonly entries: (context: CommandContext) => Promise<LedgerEntry[]>;
  /** What left, opened with the archive key; a hub has none. */
  readonly left?: (context: CommandContext) => Promise<LeftAnswer[]>;
}

export function auditCommands(source: AuditSource): Commands {
  const verify: Command = {
    summary: 'Verify the audit chain of this home, or of a file of JSON lines.',
    usage: '[--file F]',
    options: { file: { type: 'string' } },
    async run(context) {
      const file = textFlag(context, 'file');
      const verdict = verifyLedger(file === undefined ? await source.entries(context) : readEntries(file));
      if (context.json) context.out(JSON.stringify({ ...verdict, witnessed: false }));
      else context.out(inWords(verdict));
      context.note('no witness was given: a tail that was cut off would not show');
      return verdict.ok ? 0 : 1;
    },
  };
  const show: Command = {
    summary:
      'Show the audit log; --left shows what left, opened with the archive key and compared with its recorded hashes.',
    usage: '[--left] [--csv]',
    options: { left: { type: 'boolean' }, csv: { type: 'boolean' } },
    async run(context) {
      if (context.flags.left === true) return showLeft(context, source);
      const entries = await source.entries(context);
      if (context.flags.csv === true) context.out('n,at,kind,body,previous,hash');
      for (const entry of entries) context.out(line(entry, context));
      return 0;
    },
  };
  return { verify, show };
}

async function showLeft(context: CommandContext, source: AuditSource): Promise<number> {
  if (!source.left) throw new MoimError('usage', 'a hub holds no archive key: --left is a hospital’s');
  const answers = await source.left(context);
  for (const { job, releasedAt, intact, answer } of answers) {
    if (context.json) context.out(JSON.stringify({ job, releasedAt, intact, answer }));
    else
      context.out(
        `${releasedAt} job ${job} ${intact ? 'as recorded' : 'NOT AS RECORDED'}\n${JSON.stringify(answer, null, 2)}`,
      );
  }
  context.note(`answers that left: ${answers.length}`);
  return answers.every(({ intact }) => intact) ? 0 : 1;
}

function line(entry: LedgerEntry, context: CommandContext): string {
  if (context.flags.csv === true) {
    const quoted = `"${JSON.stringify(entry.body).replaceAll('"', '""')}"`;
    return [entry.n, entry.at, entry.kind, quoted, entry.previous, entry.hash].join(',');
  }
  if (context.json) return JSON.stringify(entry);
  const facts = Object.entries(entry.body).map(([key, value]) => `${key}=${String(value)}`);
  return `${String(entry.n).padStart(6)} ${entry.at} ${entry.kind.padEnd(18)} ${facts.join(' ')}`;
}

function inWords(verdict: LedgerVerdict): string {
  return verdict.ok
    ? `ok ${verdict.entries} entries, head ${verdict.head}`
    : `entry ${verdict.entry}: ${verdict.fault}`;
}

const lines = parser(LedgerEntry);

function readEntries(file: string): LedgerEntry[] {
  return readText(file, '--file')
    .split('\n')
    .filter((text) => text.trim() !== '')
    .map((text, i) => lines.parse(parseJson(text, `${file}:${i + 1}`), `${file}:${i + 1}`));
}
