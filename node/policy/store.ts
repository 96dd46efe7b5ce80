/** Policies are versioned, each version kept with its text; the newest is in force. Where there is none, nothing is permitted. */

import { record } from '#host/audit-log.ts';
import { canonicalHash, type Json } from '#protocol/canonical.ts';
import type { NodeDb } from '../database.ts';
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
    }
  );
}

/**
 * Puts a policy in force as the next version, in the caller's transaction; one that says the same changes nothing. `text` is the file
 * with its comments, `by` the person or `console`.
 */
export async function applyPolicy(
  transaction: NodeDb,
  { file, text }: { readonly file: PolicyFile; readonly text: string },
  by: string,
  at: string,
): Promise<{ readonly policy: PolicyVersion; readonly changed: boolean }> {
  const hash = canonicalHash(file as unknown as Json);
  const current = await currentPolicy(transaction);
  if (current?.hash === hash) return { policy: current, changed: false };
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
    })
    .execute();
  await record(transaction, at, 'policy-applied', { version, hash, person: by });
  return { policy: { version, policy: completePolicy(file), hash, appliedBy: by }, changed: true };
}
