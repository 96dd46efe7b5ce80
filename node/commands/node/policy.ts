/** `moim node policy`. */

import { answer, type Command, type CommandContext, needArg } from '#host/command.ts';
import { readText } from '#host/home.ts';
import { MoimError } from '#protocol/errors.ts';
import type { NodeDb } from '../../database.ts';
import { readNodeIdentity, readPinnedHub } from '../../identity.ts';
import { verifierOf } from '../../job/run-context.ts';
import { actingPerson, personFlags, personUsage } from '../../person/acting.ts';
import { completePolicy, type PolicyFile, type PolicyVersion } from '../../policy/policy.ts';
import { readPolicy } from '../../policy/read.ts';
import { applyChanges, type Change, changesUnder } from '../../policy/rejudge.ts';
import { applyPolicy, currentPolicy } from '../../policy/store.ts';
import { policyInWords } from '../../policy/words.ts';
import { instant, passphrase, withDatabase } from './with-database.ts';

export const policy: Command = {
  summary: "Show the hospital's policy in words, check a file, or put one in force.",
  usage: `show | check FILE | apply FILE   ${personUsage}`,
  options: personFlags,
  async run(context) {
    const what = needArg(context, 0, 'show, check or apply');
    if (what === 'show') return show(context);
    if (what !== 'check' && what !== 'apply')
      throw new MoimError('usage', 'policy takes show, check FILE or apply FILE');
    const path = needArg(context, 1, 'FILE');
    const text = readText(path, 'policy');
    const file = readPolicy(text, path);
    return what === 'check' ? check(context, file) : apply(context, file, text);
  },
};

async function show(context: CommandContext): Promise<number> {
  const current = await withDatabase(context, currentPolicy);
  if (!current)
    throw new MoimError('not-permitted', 'no policy is in force: nothing is permitted', {
      remedy: 'Run `moim node policy apply FILE`.',
    });
  answer(context, current, policyInWords(current).join('\n'));
  return 0;
}

async function check(context: CommandContext, file: PolicyFile): Promise<number> {
  const read: PolicyVersion = { version: 0, policy: completePolicy(file), hash: '', appliedBy: null };
  const changes = await withDatabase(context, (db) =>
    db.transaction().execute((transaction) => changesOf(context, transaction, read)),
  );
  const words = policyInWords(read).map((line, i) => (i === 0 ? 'The file is a valid policy.' : line));
  answer(context, { ...read, changes }, [...words, ...changesInWords(changes, 'would become')].join('\n'));
  return 0;
}

async function apply(context: CommandContext, file: PolicyFile, text: string): Promise<number> {
  const { applied, changes } = await withDatabase(context, async (db) => {
    const by = await actingPerson(context, db, 'policy');
    return db.transaction().execute(async (transaction) => {
      const at = instant();
      const version = ((await currentPolicy(transaction))?.version ?? 0) + 1;
      const next: PolicyVersion = { version, policy: completePolicy(file), hash: '', appliedBy: by };
      // Jobs are locked before the audit log is, as everywhere.
      const found = await changesOf(context, transaction, next);
      const { policy: inForce, changed } = await applyPolicy(transaction, { file, text }, by, at);
      if (changed) await applyChanges(transaction, found, at);
      return { applied: inForce, changes: changed ? found : [] };
    });
  });
  answer(
    context,
    { ...applied, changes },
    [...policyInWords(applied), ...changesInWords(changes, 'is now')].join('\n'),
  );
  return 0;
}

/** A home that knows no hub yet has no jobs. */
async function changesOf(
  context: CommandContext,
  db: NodeDb,
  next: PolicyVersion,
): Promise<readonly Change[]> {
  const hub = readPinnedHub(context.home);
  if (!hub) return [];
  const identity = readNodeIdentity(context.home, passphrase(context));
  return changesUnder(db, next, verifierOf({ db, identity, hub, now: Date.now }), Date.now());
}

function changesInWords(changes: readonly Change[], becomes: string): string[] {
  if (changes.length === 0) return ['Nothing that waits changes.'];
  return changes.flatMap(({ job, before, after, why }) => [
    `Job ${job}: ${before}, ${becomes} ${after}`,
    ...why.map((line) => `  ${line}`),
  ]);
}
