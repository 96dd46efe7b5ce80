/** `moim audit …`, the same for a node's home and a hub's: verify the chain with or without a witness, show the entries, show what left. */

import { stringify } from 'csv-stringify/sync';
import type { Command, CommandContext, Commands } from '#host/command.ts';
import { textFlag } from '#host/command.ts';
import { MoimError } from '#protocol/errors.ts';
import type { PublicKey } from '#protocol/keys.ts';
import { LedgerEntry, verifyLedger } from '#protocol/ledger.ts';
import type { SiteAnswer } from '#protocol/reply.ts';
import { parseJson, parser } from '#protocol/schema.ts';
import { vocabularyInWords } from '#protocol/vocabulary.ts';
import type { Receipt } from '#protocol/witness.ts';
import { verifyWitnessed, type WitnessedVerdict } from './audit-witness.ts';
import { readText } from './home.ts';
import { readPublicKey } from './key-file.ts';
import { showTable } from './table.ts';
import { openWitness } from './witness-file.ts';

/** One answer that left, opened again and compared with its recorded hashes. */
export interface LeftAnswer {
  readonly job: string;
  readonly releasedAt: string;
  /** Whether plaintext and ciphertext still have the hashes on record. */
  readonly intact: boolean;
  readonly answer: SiteAnswer | null;
}

/** What a home knows of its witness. */
export interface WitnessSource {
  /** The hub's keys, the newest first. */
  readonly hubKeys: readonly PublicKey[];
  /** The site whose log this is; a hub's home holds receipts of many. */
  readonly site?: string;
  /** The receipts this home keeps itself. */
  readonly file?: string;
}

export interface AuditSource {
  readonly entries: (context: CommandContext) => Promise<LedgerEntry[]>;
  /** Undefined where the home knows no hub. */
  readonly witness: (context: CommandContext) => WitnessSource | undefined;
  /** What left, opened with the archive key; a hub has none. */
  readonly left?: (context: CommandContext) => Promise<LeftAnswer[]>;
  /** Flags by which a person names themselves to `left`. */
  readonly flags?: NonNullable<Command['options']>;
}

export function auditCommands(source: AuditSource): Commands {
  const verify: Command = {
    summary:
      'Verify the audit chain of this home, or of a file of JSON lines (`audit show --json`), and hold it against what the hub countersigned.',
    usage: '[--file F] [--witness F] [--hub-key KEYFILE]',
    options: { file: { type: 'string' }, witness: { type: 'string' }, 'hub-key': { type: 'string' } },
    async run(context) {
      const file = textFlag(context, 'file');
      const receipts = await witnessOf(context, source, file);
      const entries = file === undefined ? await source.entries(context) : readEntries(file);
      const verdict = receipts ? verifyWitnessed(entries, receipts) : verifyLedger(entries);
      tell(context, verdict, receipts);
      return verdict.ok ? 0 : 1;
    },
  };
  const show: Command = {
    summary:
      'Show the audit log; --left shows what left, opened with the archive key and compared with its recorded hashes.',
    usage: '[--left] [--csv]',
    options: { left: { type: 'boolean' }, csv: { type: 'boolean' }, ...source.flags },
    async run(context) {
      if (context.flags.left === true) return showLeft(context, source);
      const entries = await source.entries(context);
      if (context.flags.csv === true) context.out(csv(entries));
      else for (const entry of entries) context.out(line(entry, context));
      return 0;
    },
  };
  return { verify, show };
}

/**
 * The receipts to hold a log against, each opened: of the file given, else the home's own. Undefined where there are none to be had. Throws
 * MoimError where one does not verify: what cannot be trusted is no witness.
 */
async function witnessOf(
  context: CommandContext,
  source: AuditSource,
  log: string | undefined,
): Promise<readonly Receipt[] | undefined> {
  const given = textFlag(context, 'witness');
  const keyFile = textFlag(context, 'hub-key');
  // A log in a file is not this home's: only the witness that comes with it speaks of it.
  if (given === undefined && log !== undefined) return undefined;
  const home = keyFile === undefined || log === undefined ? source.witness(context) : undefined;
  const file = given ?? home?.file;
  const keys = keyFile === undefined ? home?.hubKeys : [readPublicKey(keyFile)];
  if (file === undefined) return undefined;
  if (!keys)
    throw new MoimError('not-enrolled', 'no hub is pinned in this home, whose signature a receipt needs', {
      remedy: 'Name the hub’s public key file with --hub-key.',
    });
  if (given !== undefined) readText(given, '--witness');
  const receipts = await openWitness(file, keys, given === undefined);
  const own =
    log === undefined && home?.site !== undefined
      ? receipts.filter(({ site }) => site === home.site)
      : receipts;
  if (new Set(own.map(({ site }) => site)).size > 1)
    throw new MoimError(
      'usage',
      'the witness speaks of several sites: give out one (`moim hub witness SITE`)',
    );
  if (given !== undefined && own.length === 0)
    throw new MoimError('bad-input', `${file} holds no receipt of this log`);
  return own.length === 0 ? undefined : own;
}

function tell(
  context: CommandContext,
  verdict: WitnessedVerdict,
  receipts: readonly Receipt[] | undefined,
): void {
  const { lost = [], ...facts } = verdict;
  if (lost.length > 0)
    context.note(
      `${lost.length} entries that the hub countersigned are lost, as this log admits: what stands in their place has this site's word alone`,
    );
  if (context.json)
    context.out(
      JSON.stringify({
        ...facts,
        witnessed: receipts !== undefined,
        receipts: receipts?.length ?? 0,
        lossAdmitted: lost.length > 0,
        lost,
      }),
    );
  else {
    context.out(
      verdict.ok
        ? `ok ${verdict.entries} entries, head ${verdict.head}`
        : `entry ${verdict.entry}: ${verdict.fault}`,
    );
    for (const { epoch, n, admittedBy } of lost)
      context.out(`lost: entry ${n} of epoch ${epoch}, admitted by entry ${admittedBy} (epoch-opened)`);
  }
  if (!receipts) context.note('no witness was given: a tail that was cut off would not show');
  else {
    const newest = receipts.reduce((last, each) =>
      each.epoch > last.epoch || (each.epoch === last.epoch && each.n > last.n) ? each : last,
    );
    context.note(
      `${receipts.length} receipts of the hub; the newest is of entry ${newest.n}, epoch ${newest.epoch}: a tail cut off behind it would not show`,
    );
  }
}

async function showLeft(context: CommandContext, source: AuditSource): Promise<number> {
  if (!source.left) throw new MoimError('usage', 'a hub holds no archive key: --left is a hospital’s');
  const answers = await source.left(context);
  for (const { job, releasedAt, intact, answer } of answers) {
    if (context.json) context.out(JSON.stringify({ job, releasedAt, intact, answer }));
    else {
      context.out(`${releasedAt} job ${job} ${intact ? 'as recorded' : 'NOT AS RECORDED'}`);
      if (answer) context.out(inCells(answer));
    }
  }
  context.note(`answers that left: ${answers.length}`);
  return answers.every(({ intact }) => intact) ? 0 : 1;
}

/** The cells of an answer for a person's eyes. */
function inCells(answer: SiteAnswer): string {
  const zero = answer.zeroShown ? 'zeros shown' : 'zeros withheld';
  const parts = [
    `  study ${answer.study} version ${answer.version}, minimum cell ${answer.minimumCell}, ${zero}`,
  ];
  if (answer.vocabulary) parts.push(`  ${vocabularyInWords(answer.vocabulary)}`);
  for (const { cohort, cells } of answer.cohorts) {
    parts.push(`  cohort ${cohort}`);
    parts.push(
      showTable(
        ['cell', 'counts', 'figure'],
        cells.map((cell) => [cell.id, cell.kind, figure(cell)]),
        '    ',
      ),
    );
  }
  return parts.join('\n');
}

function figure(cell: SiteAnswer['cohorts'][number]['cells'][number]): string {
  switch (cell.state) {
    case 'value':
    case 'zero':
      return String(cell.value);
    case 'suppressed':
      return `withheld, ${cell.low}–${cell.high}`;
    case 'not-applicable':
    case 'error':
      return cell.state;
  }
}

/** One row an entry; the body as one JSON text. Quoted as RFC 4180 says, and nothing that a spreadsheet would run. */
const csv = (entries: readonly LedgerEntry[]): string =>
  stringify(
    entries.map((entry) => ({ ...entry, body: JSON.stringify(entry.body) })),
    { header: true, columns: ['n', 'at', 'kind', 'body', 'previous', 'hash'], escape_formulas: true },
  ).trimEnd();

function line(entry: LedgerEntry, context: CommandContext): string {
  if (context.json) return JSON.stringify(entry);
  const facts = Object.entries(entry.body).map(
    ([key, value]) => `${key}=${typeof value === 'object' ? JSON.stringify(value) : String(value)}`,
  );
  return `${String(entry.n).padStart(6)} ${entry.at} ${entry.kind.padEnd(18)} ${facts.join(' ')}`;
}

const lines = parser(LedgerEntry);

function readEntries(file: string): LedgerEntry[] {
  return readText(file, '--file')
    .split('\n')
    .filter((text) => text.trim() !== '')
    .map((text, i) => lines.parse(parseJson(text, `${file}:${i + 1}`), `${file}:${i + 1}`));
}
