/** Policies are versioned, each version kept with its text; the newest is in force. Where there is none, nothing is permitted. */

import { record, recordAll } from '#host/audit-log.ts';
import { canonicalHash, type Json } from '#protocol/canonical.ts';
import type { NodeDb } from '../database.ts';
import { consoleHand, handOf, isConsoles } from '../person/hand.ts';
import { completePolicy, type PolicyFile, type PolicyVersion } from './policy.ts';
import { policyFiles } from './read.ts';

/** The policy in force, or undefined. */
export async function currentPolicy(db: NodeDb): Promise<PolicyVersion | undefined> {
  const row = await db
    .selectFrom('policy')
    .selectAll()
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst();
  return (
    row && {
      version: row.version,
      policy: completePolicy(policyFiles.parse(row.body, 'stored policy')),
      hash: row.sha256,
      appliedBy: row.applied_by,
      appliedHand: row.applied_hand,
    }
  );
}

/**
 * Puts a policy in force as the next version, in the caller's transaction; one that says the same in other words is kept as its
 * newest text. `text` is the file with its comments, `by` the person or `console`. Throws MoimError `not-found` where the person is gone.
 */
export async function applyPolicy(
  transaction: NodeDb,
  { file, text }: { readonly file: PolicyFile; readonly text: string },
  by: string,
  at: string,
): Promise<{ readonly policy: PolicyVersion; readonly changed: boolean }> {
  const hash = canonicalHash(file as unknown as Json);
  // With the log locked: of two at once one is the next version, the other the one after.
  await recordAll(transaction, at, []);
  const current = await currentPolicy(transaction);
  if (current?.hash === hash) {
    await keepText(transaction, current.version, text, by, at);
    return { policy: current, changed: false };
  }
  const appliedHand = await handBehind(transaction, by);
  const version = (current?.version ?? 0) + 1;
  await transaction
    .insertInto('policy')
    .values({
      version,
      body: JSON.stringify(file),
      sha256: hash,
      applied_at: at,
      body_text: text,
      applied_by: by,
      applied_hand: appliedHand,
    })
    .execute();
  await record(transaction, at, 'policy-applied', { version, hash, person: by });
  return {
    policy: { version, policy: completePolicy(file), hash, appliedBy: by, appliedHand },
    changed: true,
  };
}

async function handBehind(transaction: NodeDb, by: string): Promise<string | null> {
  if (by !== consoleHand) return handOf(transaction, by);
  return (await isConsoles(transaction)) ? null : consoleHand;
}

async function keepText(
  transaction: NodeDb,
  version: number,
  text: string,
  by: string,
  at: string,
): Promise<void> {
  const changed = await transaction
    .updateTable('policy')
    .set({ body_text: text })
    .where('version', '=', version)
    .where((where) => where.or([where('body_text', 'is', null), where('body_text', '!=', text)]))
    .returning('version')
    .executeTakeFirst();
  if (changed) await record(transaction, at, 'policy-reworded', { version, person: by });
}
