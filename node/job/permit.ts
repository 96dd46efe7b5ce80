/** VerifiedJob → PermittedJob: the hospital's policy, in force now, says that this may run, and under which disclosure rule. */

import { type DisclosureRule, stricter } from '#protocol/disclosure/rule.ts';
import { MoimError } from '#protocol/errors.ts';
import type { PolicyVersion } from './policy.ts';
import { VerifiedJob } from './verify.ts';

interface PermittedFacts {
  readonly verified: VerifiedJob['facts'];
  /** The stricter of hospital and study. */
  readonly rule: DisclosureRule;
  readonly policyVersion: number;
  readonly policyHash: string;
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

/** Throws MoimError `not-permitted`. No policy permits nothing. */
export function permitJob(job: VerifiedJob, policy: PolicyVersion | undefined): PermittedJob {
  if (!VerifiedJob.is(job)) throw new MoimError('internal', 'a job that was not verified');
  if (!policy) throw new MoimError('not-permitted', 'no policy is in force here');
  const { study } = job.facts.signed;
  const unwanted = study.analyses.find(({ kind }) => !policy.policy.analyses.includes(kind));
  if (unwanted) throw new MoimError('not-permitted', `the analysis ${unwanted.kind} is not permitted here`);
  const rule = stricter(
    { minimumCell: policy.policy.minimumCell, showZero: policy.policy.showZero },
    { minimumCell: study.minimumCell, showZero: true },
  );
  return make({ verified: job.facts, rule, policyVersion: policy.version, policyHash: policy.hash });
}
