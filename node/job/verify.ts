/**
 * Envelope → VerifiedJob. What is checked: the hub's signature and address, the study's signature by a lead that this hospital
 * accepted itself (the key in its own list, never the one in the message), form, dates, that the job is this site's, and that every
 * definition reads without an unknown word. What is not yet decided: whether policy permits it.
 */

import { allowedSkewMs, openEnvelope } from '#protocol/envelope.ts';
import { MoimError } from '#protocol/errors.ts';
import { fingerprint, type PublicKey } from '#protocol/keys.ts';
import { claimedLead, openStudy, type SignedStudy } from '#protocol/study.ts';
import type { CohortExpression } from '#sql/circe/expression.ts';
import { readStudyCohorts } from '#sql/circe/read/study-cohorts.ts';

interface VerifiedFacts {
  readonly job: string;
  readonly site: string;
  readonly lead: string;
  readonly signed: SignedStudy;
  readonly expressions: readonly CohortExpression[];
}

let make: (facts: VerifiedFacts) => VerifiedJob;

/** A door: made here alone. */
export class VerifiedJob {
  readonly #made = true;
  readonly facts: VerifiedFacts;
  private constructor(facts: VerifiedFacts) {
    this.facts = facts;
  }
  static is(x: unknown): x is VerifiedJob {
    return typeof x === 'object' && x !== null && #made in x && x.#made;
  }
  static {
    make = (facts) => new VerifiedJob(facts);
  }
}

export interface VerifyDeps {
  readonly site: string;
  /** Of this node's own key: a study that pins another is not meant for it. */
  readonly fingerprint: string;
  /** Of the keys that it followed: a study signed before a rotation pins one of them. */
  readonly formerly?: readonly string[];
  readonly hubKey: PublicKey;
  /** The accepted lead's key with this fingerprint, from the hospital's own list. */
  readonly acceptedLead: (fingerprint: string) => Promise<PublicKey | undefined>;
  /** The node's clock, ms since the epoch: it decides. */
  readonly now: number;
  /** When the envelope came, where that was before: its expiry is about its way here, the study's last day about what is done with it. */
  readonly received?: number;
}

/** Throws MoimError `bad-signature`, `bad-input`, `misaddressed`, `expired`, `lead-not-accepted`, `not-started`, `definition-refused`. */
export async function verifyJob(deps: VerifyDeps, envelopeJws: string): Promise<VerifiedJob> {
  const envelope = await openEnvelope(envelopeJws, {
    from: 'hub',
    to: deps.site,
    key: deps.hubKey,
    now: deps.received ?? deps.now,
  });
  if (envelope.body.kind !== 'job') throw new MoimError('bad-input', 'a hub sends jobs only');
  const { job, study: jws } = envelope.body;
  const lead = fingerprint(claimedLead(jws));
  const key = await deps.acceptedLead(lead);
  if (!key) throw new MoimError('lead-not-accepted', `the lead ${lead} is not accepted here`);
  const signed = await openStudy(jws, key);
  const ours = signed.study.sites.find((site) => site.site === deps.site);
  if (!ours || ours.job !== job)
    throw new MoimError('misaddressed', 'the study has no such job for this site');
  const prints = [deps.fingerprint, ...(deps.formerly ?? [])];
  if (ours.fingerprint !== undefined && !prints.includes(ours.fingerprint)) {
    throw new MoimError('misaddressed', 'the study pins another key than this site’s');
  }
  const day = (at: number) => new Date(at).toISOString().slice(0, 10);
  if (day(deps.now + allowedSkewMs) < signed.study.start)
    throw new MoimError('not-started', 'the study has not started yet');
  if (day(deps.now - allowedSkewMs) > signed.study.end) throw new MoimError('expired', 'the study has ended');
  const { cohorts, pinned } = signed.study;
  const read = readStudyCohorts(cohorts, pinned);
  if (!read.ok) {
    const places = read.findings
      .slice(0, 5)
      .map(({ cohort, path, message }) => `${cohort < 0 ? '' : `cohort ${cohort + 1}: `}${path}: ${message}`);
    throw new MoimError('definition-refused', places.join('; '));
  }
  const expressions = read.cohorts.map(({ expression }) => expression);
  return make({ job, site: deps.site, lead, signed, expressions });
}
