import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MoimError } from '#protocol/errors.ts';
import { readStudyDraft, type StudyDraft } from '#protocol/study.ts';
import { studyDiff } from '#protocol/study-diff.ts';
import { draft as plain } from '#test/vectors/fixed.ts';
import { draft } from '#test/vectors/make-study-cohorts.ts';

function faultOf(change: object): string {
  try {
    readStudyDraft({ ...draft, ...change });
  } catch (cause) {
    assert.ok(cause instanceof MoimError);
    assert.equal(cause.code, 'bad-input');
    return cause.message;
  }
  return assert.fail('the draft was accepted');
}

const combining = (expression: unknown) => ({
  cohorts: [...draft.cohorts.slice(0, 2), { name: 'it', expression }],
  pinned: undefined,
});

test('a study of definitions and combinations, with pinned concepts, is read as it is', () => {
  assert.deepEqual(readStudyDraft(draft), draft);
});

test('a cohort is one of the two, closed, and nothing is nested without end', () => {
  const [first] = draft.cohorts;
  assert.match(faultOf({ cohorts: [{ name: 'it' }] }), /\/cohorts\/0: either a definition or an expression/);
  const both = { ...first, expression: { op: 'union', of: ['a', 'b'], by: 'days' } };
  assert.match(faultOf({ cohorts: [both] }), /\/cohorts\/0: either a definition or an expression/);
  assert.match(faultOf(combining({ op: 'xor', of: ['a', 'b'], by: 'days' })), /\/cohorts\/2\/expression\/op/);
  assert.match(faultOf(combining({ op: 'union', of: ['a', 'b'] })), /\/cohorts\/2\/expression/);
  assert.match(faultOf(combining({ op: 'union', of: ['a'], by: 'days' })), /\/cohorts\/2\/expression\/of/);
  assert.match(
    faultOf(combining({ op: 'union', of: ['a', 'b'], by: 'days', sql: 'x' })),
    /sql: not a known member/,
  );
  const deep = (levels: number): object =>
    levels === 0
      ? { op: 'union', of: ['a', 'b'], by: 'days' }
      : { op: 'union', of: ['a', deep(levels - 1)], by: 'days' };
  readStudyDraft({ ...plain, cohorts: [{ name: 'it', expression: deep(3) }] });
  assert.match(faultOf(combining(deep(4))), /\/cohorts\/2\/expression/);
  const pinned = draft.pinned?.[0];
  assert.match(faultOf({ pinned: [pinned, pinned] }), /\/pinned: a name stands twice/);
  assert.match(
    faultOf({ pinned: [{ ...pinned, conceptSets: [{ id: 0, conceptIds: ['x'] }] }] }),
    /\/pinned\/0\/conceptSets\/0\/conceptIds\/0/,
  );
});

test('an amendment tells in words what became of combinations and pinned concepts', () => {
  const changed = (change: object) => studyDiff(draft, { ...draft, ...change } as StudyDraft);
  assert.deepEqual(changed({}), []);
  const [cases, exposed, both, others] = draft.cohorts;
  const other = { name: 'others', expression: { op: 'minus', of: ['cases', 'exposed'], by: 'days' } };
  assert.deepEqual(changed({ cohorts: [cases, exposed, both, other] }), [
    'cohort "others": "cases" without "exposed cases", by persons → "cases" without "exposed", by days',
  ]);
  assert.deepEqual(changed({ cohorts: [cases, exposed, { ...cases, name: 'exposed cases' }, others] }), [
    'cohort "exposed cases": "cases" and ("exposed" or "cases", by days), by persons → a definition',
  ]);
  assert.deepEqual(changed({ pinned: undefined }), ['concepts of cohort "cases": pinned no more']);
  const [pinned] = draft.pinned ?? [];
  assert.deepEqual(
    changed({
      pinned: [
        { ...pinned, vocabularyVersion: 'v20240830', conceptSets: [{ id: 0, conceptIds: [201826, 1, 2] }] },
      ],
    }),
    [
      'concepts of cohort "cases": of vocabulary "v5.0 30-AUG-23" → "v20240830"',
      'concepts of cohort "cases", set 0: 2 added, 1 removed',
    ],
  );
});
