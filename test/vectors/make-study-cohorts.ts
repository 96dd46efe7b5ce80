/**
 * Makes the vector of a study whose cohorts stand on one another, with pinned concepts, and of an answer that says its
 * vocabulary: what was added to version 1 without changing what was there. It refuses to write over the file;
 * study-cohorts.test.ts holds today's code against it.
 */

import { existsSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { publicOf } from '#protocol/keys.ts';
import type { SiteAnswer } from '#protocol/reply.ts';
import { sign } from '#protocol/sign.ts';
import { type StudyDraft, signStudy } from '#protocol/study.ts';
import * as fixed from './fixed.ts';

export const studyCohortsFile = fileURLToPath(new URL('study-cohorts-v1.json', import.meta.url));

const definition = { PrimaryCriteria: { CriteriaList: [] }, ConceptSets: [] };
export const draft: StudyDraft = {
  ...fixed.draft,
  cohorts: [
    { name: 'cases', definition },
    { name: 'exposed', definition },
    {
      name: 'exposed cases',
      expression: {
        op: 'intersect',
        of: ['cases', { op: 'union', of: ['exposed', 'cases'], by: 'days' }],
        by: 'persons',
      },
    },
    { name: 'others', expression: { op: 'minus', of: ['cases', 'exposed cases'], by: 'persons' } },
  ],
  pinned: [
    {
      name: 'cases',
      vocabularyVersion: 'v5.0 30-AUG-23',
      conceptSets: [{ id: 0, name: 'Diabetes', conceptIds: [201826, 443238] }],
    },
  ],
};

export async function makeStudyCohorts(): Promise<string> {
  const signed = await signStudy(draft, {
    key: fixed.leadKey,
    sealingKey: fixed.studySealing.public,
    signedAt: fixed.instant(),
    nextId: fixed.fixedIds('study'),
  });
  const answers: readonly SiteAnswer[] = [
    { version: 'v5.0 30-AUG-23', unresolved: '0' as const },
    { version: 'v20240830', unresolved: '1-9' as const },
    { version: 'unrecognised', unresolved: '100+' as const },
  ].map((vocabulary) => ({ ...fixed.siteAnswer(signed), vocabulary }));
  const signedAnswers = await Promise.all(
    answers.map(async (answer) => ({
      answer,
      inner: await sign(fixed.json(answer), 'moim-result', fixed.siteKey),
    })),
  );
  const { study, jws, hash } = signed;
  const keys = { key: publicOf(fixed.leadKey), site: publicOf(fixed.siteKey) };
  return `${JSON.stringify({ ...keys, study, jws, hash, answers: signedAnswers }, null, 2)}\n`;
}

if (import.meta.main && !existsSync(studyCohortsFile))
  writeFileSync(studyCohortsFile, await makeStudyCohorts(), { flag: 'wx' });
