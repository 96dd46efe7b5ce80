import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { canonicalHash, type Json } from '#protocol/canonical.ts';
import type { PublicKey } from '#protocol/keys.ts';
import { SiteAnswer } from '#protocol/reply.ts';
import { parser } from '#protocol/schema.ts';
import { verifySignature } from '#protocol/sign.ts';
import { openStudy, type Study } from '#protocol/study.ts';
import { makeStudyCohorts, studyCohortsFile } from './make-study-cohorts.ts';

const kept = readFileSync(studyCohortsFile, 'utf8');
const vector = JSON.parse(kept) as {
  readonly key: PublicKey;
  readonly site: PublicKey;
  readonly study: Study;
  readonly jws: string;
  readonly hash: string;
  readonly answers: readonly { readonly answer: SiteAnswer; readonly inner: string }[];
};

test('today’s code writes the study and its answers as they were written then', async () => {
  assert.equal(JSON.stringify(JSON.parse(await makeStudyCohorts())), JSON.stringify(vector));
});

test('the study opens, and the answers verify and are what a lead takes', async () => {
  const { key, site, study, jws, hash, answers } = vector;
  assert.deepEqual(await openStudy(jws, key), { study, jws, hash, whole: hash });
  assert.equal(canonicalHash(study as unknown as Json), hash);
  const taken = parser(SiteAnswer);
  assert.equal(answers.length, 3);
  for (const { answer, inner } of answers)
    assert.deepEqual(taken.parse(await verifySignature(inner, 'moim-result', site), 'answer'), answer);
});
