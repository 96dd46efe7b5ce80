/** What a change of policy means for the jobs that wait: each is judged anew, as it would be if it came now. */

import { record } from '#host/audit-log.ts';
import { errors, MoimError } from '#protocol/errors.ts';
import type { NodeDb } from '../database.ts';
import { NotPermitted, underPolicy } from '../job/permit.ts';
import type { Verify } from '../job/run-context.ts';
import type { VerifiedJob } from '../job/verify.ts';
import { type PolicyVersion, personsNeeded } from './policy.ts';

export interface Change {
  readonly job: string;
  readonly study: string;
  readonly before: string;
  readonly after: string;
  /** Of a refusal: what the policy objects to. For whoever reads it here. */
  readonly why: readonly string[];
}

/**
 * What would become of the jobs that wait under `policy`. A job that no longer verifies (its study ended, its lead was removed) is left to the
 * run that meets it. Jobs are locked where `db` is a transaction.
 */
export async function changesUnder(
  db: NodeDb,
  policy: PolicyVersion,
  verify: Verify,
  now: number,
): Promise<Change[]> {
  const rows = await db
    .selectFrom('job')
    .select(['job', 'study', 'state', 'code', 'envelope', 'received_at'])
    .where('state', 'in', ['waiting', 'awaiting-approval'])
    .orderBy('received_at')
    .forUpdate()
    .execute();
  const changes: Change[] = [];
  for (const { job, study, state, code, envelope, received_at } of rows) {
    const verified = await verify(envelope, received_at).catch((cause: unknown) => {
      if (cause instanceof MoimError && errors[cause.code].exit !== 4) return undefined;
      throw cause;
    });
    if (!verified) continue;
    const before = code === 'quota-reached' ? `${state} ${code}` : state;
    const { after, why } = judged(verified, policy, now);
    if (after !== before) changes.push({ job, study, before, after, why });
  }
  return changes;
}

function judged(
  verified: VerifiedJob,
  policy: PolicyVersion,
  now: number,
): { readonly after: 'refused' | 'awaiting-approval' | 'waiting'; readonly why: readonly string[] } {
  try {
    underPolicy(verified, policy, now);
  } catch (cause) {
    if (!(cause instanceof NotPermitted)) throw cause;
    return { after: 'refused', why: cause.objections.map(({ rule, says }) => `${rule}: ${says}`) };
  }
  // Approvals are bound to the policy they were given under: none counts yet.
  return { after: personsNeeded(policy.policy) > 0 ? 'awaiting-approval' : 'waiting', why: [] };
}

/** What waits of a lead is looked at again at once; in the transaction that changes what the lead may. */
export async function judgeAgain(transaction: NodeDb, lead: string, at: string): Promise<void> {
  await transaction
    .updateTable('job')
    .set({ held_until: at, untold: true })
    .where('lead', '=', lead)
    .where('state', 'in', ['waiting', 'awaiting-approval'])
    .execute();
}

/** Writes the changes in the transaction that puts the policy in force; the running node tells the hub. */
export async function applyChanges(
  transaction: NodeDb,
  changes: readonly Change[],
  at: string,
): Promise<void> {
  for (const { job, after, why } of changes) {
    const refused = after === 'refused';
    const code = refused ? 'not-permitted' : after === 'awaiting-approval' ? 'policy-changed' : null;
    await transaction
      .updateTable('job')
      .set({
        state: after as 'refused' | 'awaiting-approval' | 'waiting',
        code,
        // What waits for persons is judged by the node itself, which knows when its study ends.
        held_until: after === 'awaiting-approval' ? at : null,
        changed_at: at,
        untold: true,
      })
      .where('job', '=', job)
      .execute();
    await record(transaction, at, refused ? 'job-refused' : 'job-rejudged', {
      job,
      state: after,
      ...(code === null ? {} : { code }),
      ...(why.length > 0 ? { why: why.slice(0, 20) } : {}),
    });
  }
}
