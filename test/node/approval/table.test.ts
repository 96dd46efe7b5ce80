import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerInWords } from '#node/approval/table.ts';
import type { SiteAnswer } from '#protocol/reply.ts';

test('what would leave is told whole: the vocabulary line, then every figure', () => {
  const answer = {
    vocabulary: { version: 'unrecognised', unresolved: '100+' },
    cohorts: [{ cohort: 0, cells: [{ id: 'persons', kind: 'persons', state: 'value', value: 12 }] }],
  } as unknown as SiteAnswer;
  assert.deepEqual(answerInWords(answer, ['A cohort']), [
    '',
    "vocabulary unrecognised, 100+ of the study's concepts not found in it",
    '',
    'Cohort 1, A cohort: 1 figures, 0 of them withheld',
    '  persons  persons  12',
  ]);
  const { vocabulary: _, ...without } = answer;
  assert.equal(answerInWords(without, ['A cohort']).length, 3, 'as before where there is none');
});
