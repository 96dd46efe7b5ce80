/**
 * RawResult → ReleasedResult: the one door through which figures leave a hospital (architecture, "Only a ReleasedResult can be
 * sealed"). The rule is applied, then an independent audit must find nothing; where either fails, nothing leaves.
 */

import { MoimError } from '#protocol/errors.ts';
import type { SiteAnswer } from '#protocol/reply.ts';
import { siteVocabulary } from '#protocol/vocabulary.ts';
import type { ExecuteDeps, RawResult } from '../job/execute.ts';
import { PermittedJob } from '../job/permit.ts';

let make: (answer: SiteAnswer) => ReleasedResult;

/** A door: made here alone. */
export class ReleasedResult {
  readonly #made = true;
  readonly answer: SiteAnswer;
  private constructor(answer: SiteAnswer) {
    this.answer = answer;
  }
  static is(x: unknown): x is ReleasedResult {
    return typeof x === 'object' && x !== null && #made in x && x.#made;
  }
  static {
    make = (answer) => new ReleasedResult(answer);
  }
}

/** `now` in ms since the epoch; `roster`: the head this node holds. Throws MoimError `disclosure-failed`; its text names cell ids, no figures. */
export async function release(
  job: PermittedJob,
  raw: RawResult,
  { withhold, signal }: Pick<ExecuteDeps, 'withhold' | 'signal'>,
  now: number,
  roster?: SiteAnswer['roster'],
): Promise<ReleasedResult> {
  if (!PermittedJob.is(job) || job.facts.verified.job !== raw.job)
    throw new MoimError('internal', 'a result of another job');
  const { rule, verified } = job.facts;
  const { study, hash } = verified.signed;
  const withheld = await withhold(raw.cohorts, rule, signal);
  if (withheld.length !== raw.cohorts.length) throw new MoimError('internal', 'a cohort without its release');
  const cohorts = withheld.map(({ cells, violations }, cohort) => {
    if (violations.length > 0) {
      const places = violations.slice(0, 5).map(({ id, fault }) => `${id} ${fault}`);
      throw new MoimError('disclosure-failed', `cohort ${cohort + 1}: ${places.join(', ')}`);
    }
    return { cohort, cells: [...cells] };
  });
  return make({
    schema: 'moim-result/1',
    study: study.id,
    version: study.version,
    studyHash: hash,
    job: raw.job,
    site: verified.site,
    answeredAt: new Date(now).toISOString(),
    dataVersion: raw.dataVersion,
    minimumCell: rule.minimumCell,
    zeroShown: rule.showZero,
    ...(roster === undefined ? {} : { roster }),
    // No text of the hospital's own making leaves, and no number that tells single concepts.
    vocabulary: siteVocabulary(raw.vocabulary.version, raw.vocabulary.unresolved),
    cohorts,
  });
}
