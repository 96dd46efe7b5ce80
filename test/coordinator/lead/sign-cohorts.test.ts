/** What signing a study says of cohorts that stand on one another. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { signStudyFile } from '#lead/sign.ts';
import { MoimError } from '#protocol/errors.ts';
import { temporaryHome } from '#test/support/temporary-home.ts';
import { draft, leadKey, noon } from '#test/vectors/fixed.ts';
import { cohort } from '../../sql/circe/definitions.ts';

const cases = { name: 'cases', definition: cohort([{ Death: {} }]) };
const member = { name: 'member', definition: cohort([{ CohortMembership: { Cohort: 'cases' } }]) };
const rest = { name: 'rest', expression: { op: 'minus', of: ['cases', 'member'], by: 'persons' } };

test('a study is signed with all its cohorts, or refused with the place at fault', async (t) => {
  const file = join(temporaryHome(t), 'study.json');
  const sign = (cohorts: readonly object[], more: object = {}) => {
    writeFileSync(file, JSON.stringify({ ...draft, cohorts, ...more }));
    return signStudyFile(file, leadKey, noon);
  };
  const refused = async (says: RegExp, ...words: Parameters<typeof sign>) =>
    assert.rejects(
      sign(...words),
      (error) =>
        error instanceof MoimError && error.code === 'definition-refused' && says.test(error.message),
    );
  const pinned = [{ name: 'cases', vocabularyVersion: 'v5.0 30-AUG-23', conceptSets: [] }];
  const { signed } = await sign([cases, member, rest], { pinned });
  assert.deepEqual(signed.study.cohorts[2], rest);
  assert.deepEqual(signed.study.pinned, pinned);
  await refused(/cohort rest \$\.expression\.of\[1\]: a cohort may name those before it alone/, [
    cases,
    rest,
    member,
  ]);
  await refused(/cohort member \$.*CohortMembership\.Cohort: the study has no cohort of that name/, [member]);
  await refused(/^\$\.pinned\[0\] \(nobody\): the study has no cohort of that name$/, [cases], {
    pinned: [{ name: 'nobody', vocabularyVersion: 'v', conceptSets: [] }],
  });
  await refused(/cohort cases \$\.pinned: no such concept set 7/, [cases], {
    pinned: [{ name: 'cases', vocabularyVersion: 'v', conceptSets: [{ id: 7, conceptIds: [1] }] }],
  });
});
