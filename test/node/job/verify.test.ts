/** What a study says that this hospital cannot read is told by its place. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifyJob } from '#node/job/verify.ts';
import { sealEnvelope } from '#protocol/envelope.ts';
import { MoimError } from '#protocol/errors.ts';
import { fingerprint, publicOf } from '#protocol/keys.ts';
import { type StudyDraft, signStudy } from '#protocol/study.ts';
import {
  draft,
  fixedIds,
  hubKey,
  instant,
  jobEnvelope,
  leadKey,
  noon,
  siteKey,
  studySealing,
} from '#test/vectors/fixed.ts';

/** What verifying gives, of a study that a lead signed without `study sign`, which would refuse it. */
async function saidOf(change: Partial<StudyDraft>): Promise<string> {
  const signed = await signStudy(
    { ...draft, ...change },
    { key: leadKey, sealingKey: studySealing.public, signedAt: instant(), nextId: fixedIds('study') },
  );
  const deps = {
    site: 'seoul',
    fingerprint: fingerprint(publicOf(siteKey)),
    hubKey: publicOf(hubKey),
    acceptedLead: async () => publicOf(leadKey),
    now: noon,
  };
  return verifyJob(deps, await sealEnvelope(jobEnvelope(signed), hubKey)).then(
    () => 'verified',
    (error: unknown) => {
      assert.ok(error instanceof MoimError && error.code === 'definition-refused', String(error));
      return error.message;
    },
  );
}

const cases = { name: 'cases', definition: { PrimaryCriteria: { CriteriaList: [{ Death: {} }] } } };
const pinned = (name: string, id = 0) => ({
  name,
  vocabularyVersion: 'v20240830',
  conceptSets: [{ id, conceptIds: [1] }],
});

test('a fault of one cohort is told by its number, one of none by its place in the study', async () => {
  assert.equal(await saidOf({ cohorts: [cases] }), 'verified');
  assert.match(
    await saidOf({ cohorts: [cases, { ...cases, name: 'b', withoutRules: [3] }] }),
    /^cohort 2: \$\./,
  );
  assert.match(await saidOf({ cohorts: [cases], pinned: [pinned('cases', 7)] }), /^cohort 1: \$\.pinned: /);
  assert.equal(
    await saidOf({ cohorts: [cases], pinned: [pinned('nobody')] }),
    '$.pinned[0]: the study has no cohort of that name',
  );
});
