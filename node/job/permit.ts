/**
 * VerifiedJob → PermittedJob: the hospital's policy, in force now, says that this may run, and under which disclosure rule; where the
 * policy asks for persons, they said so too.
 */

import { type DisclosureRule, stricter } from '#protocol/disclosure/rule.ts';
import { MoimError } from '#protocol/errors.ts';
import { judge, type Objection } from '../policy/judge.ts';
import { type PolicyVersion, personsNeeded } from '../policy/policy.ts';
import { VerifiedJob } from './verify.ts';

/** Who permitted it. `dry`: nobody; it may be computed and looked at here, and never be sealed. */
export type Permission =
  | { readonly kind: 'policy' }
  | { readonly kind: 'persons'; readonly by: readonly string[]; readonly approvals: readonly string[] }
  | { readonly kind: 'dry' };

interface PermittedFacts {
  readonly verified: VerifiedJob['facts'];
  /** The stricter of hospital and study. */
  readonly rule: DisclosureRule;
  readonly policy: PolicyVersion;
  readonly policyVersion: number;
  readonly policyHash: string;
  readonly permission: Permission;
}

let make: (facts: PermittedFacts) => PermittedJob;

/** A door: made here alone. */
export class PermittedJob {
  readonly #made = true;
  readonly facts: PermittedFacts;
  private constructor(facts: PermittedFacts) {
    this.facts = facts;
  }
  static is(x: unknown): x is PermittedJob {
    return typeof x === 'object' && x !== null && #made in x && x.#made;
  }
  static {
    make = (facts) => new PermittedJob(facts);
  }
}

/** `not-permitted`, with the policy's objections for whoever reads here. */
export class NotPermitted extends MoimError {
  readonly objections: readonly Objection[];
  constructor(objections: readonly Objection[]) {
    super('not-permitted', objections.map(({ says }) => says).join('; '));
    this.objections = objections;
  }
}

/** Gives the policy where it permits the job. Throws NotPermitted; no policy permits nothing. `now` in ms since the epoch. */
export function underPolicy(job: VerifiedJob, policy: PolicyVersion | undefined, now: number): PolicyVersion {
  if (!VerifiedJob.is(job)) throw new MoimError('internal', 'a job that was not verified');
  if (!policy) throw new MoimError('not-permitted', 'no policy is in force here');
  const { lead, signed, expressions } = job.facts;
  const today = new Date(now).toISOString().slice(0, 10);
  const objections = judge(policy.policy, { lead, study: signed.study, expressions }, today);
  if (objections.length > 0) throw new NotPermitted(objections);
  return policy;
}

/** Throws NotPermitted, or `approval-held` where the policy asks for persons who are not there. */
export function permitJob(
  job: VerifiedJob,
  policy: PolicyVersion | undefined,
  permission: Permission,
  now: number,
): PermittedJob {
  const inForce = underPolicy(job, policy, now);
  const need = personsNeeded(inForce.policy);
  const have = permission.kind === 'persons' ? new Set(permission.by).size : 0;
  if (permission.kind !== 'dry' && have < need) throw new MoimError('approval-held');
  const rule = stricter(
    { minimumCell: inForce.policy.minimumCell, showZero: inForce.policy.showZero },
    { minimumCell: job.facts.signed.study.minimumCell, showZero: true },
  );
  return make({
    verified: job.facts,
    rule,
    policy: inForce,
    policyVersion: inForce.version,
    policyHash: inForce.hash,
    permission,
  });
}
