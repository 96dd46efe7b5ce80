/** Whether a verified job may run now, has to wait for persons, or has to wait for tomorrow. */

import { allowedSkewMs } from '#protocol/envelope.ts';
import { type HoldCode, standingOf } from '../approval/standing.ts';
import type { NodeDb } from '../database.ts';
import { personsNeeded } from '../policy/policy.ts';
import { quotaHold } from '../policy/quota.ts';
import { currentPolicy } from '../policy/store.ts';
import { type Permission, type PermittedJob, permitJob, underPolicy } from './permit.ts';
import type { VerifiedJob } from './verify.ts';

export interface Hold {
  readonly kind: 'held';
  readonly state: 'awaiting-approval' | 'waiting';
  readonly code: HoldCode | 'quota-reached';
  /** When the job is to be looked at again by itself: the end of its study, or of the day. */
  readonly until: string;
}

export type Decision = Hold | { readonly kind: 'granted'; readonly permitted: PermittedJob };

export interface DecideDeps {
  readonly now: () => number;
  readonly dataVersion: () => Promise<string>;
}

/** Before a run. Throws `not-permitted`. */
export async function decide(db: NodeDb, deps: DecideDeps, job: VerifiedJob): Promise<Decision> {
  const now = deps.now();
  const policy = underPolicy(job, await currentPolicy(db), now);
  const asked = personsNeeded(policy.policy) > 0;
  const hold = asked
    ? await approvalHold(db, job, now, { dataVersion: await deps.dataVersion() })
    : undefined;
  if (hold?.kind === 'held') return hold;
  const { job: id, lead } = job.facts;
  const until = await quotaHold(db, policy.policy, { job: id, lead, now });
  if (until !== undefined) return { kind: 'held', state: 'waiting', code: 'quota-reached', until };
  return {
    kind: 'granted',
    permitted: permitJob(job, policy, hold?.permission ?? { kind: 'policy' }, now),
  };
}

/**
 * What the persons say who must approve: with the data's version before a run, with the hash of what would leave as well after it (`counted`:
 * the run is counted by then). Throws `not-permitted`.
 */
export async function approvalHold(
  db: NodeDb,
  job: VerifiedJob,
  now: number,
  seen: { readonly dataVersion: string; readonly release?: string; readonly counted?: boolean },
): Promise<Hold | { readonly kind: 'granted'; readonly permission: Permission }> {
  const policy = underPolicy(job, await currentPolicy(db), now);
  const { job: id, signed } = job.facts;
  const standing = await standingOf(db, { job: id, studyHash: signed.whole, policy, now, ...seen });
  if (standing.kind === 'held') {
    return {
      kind: 'held',
      state: 'awaiting-approval',
      code: standing.code,
      until: new Date(Date.parse(signed.study.end) + 86_400_000 + allowedSkewMs).toISOString(),
    };
  }
  const { by, approvals } = standing;
  return {
    kind: 'granted',
    permission: by.length === 0 ? { kind: 'policy' } : { kind: 'persons', by, approvals },
  };
}
