import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MoimError } from '#protocol/errors.ts';
import { readStudyDraft, type StudyDraft } from '#protocol/study.ts';
import { cohortInWords } from '#protocol/study-cohort.ts';
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

test('combinations name no more cohorts than a database has memory for', () => {
  const twenty = { op: 'union', of: Array(20).fill('a'), by: 'days' };
  const all = (of: number) => ({
    op: 'union',
    of: Array(3).fill({ op: 'union', of: Array(of).fill(twenty), by: 'days' }),
    by: 'days',
  });
  readStudyDraft({ ...plain, cohorts: [{ name: 'it', expression: all(16) }] });
  const message = /\/cohorts: combinations of more than 1000 cohorts altogether/;
  assert.match(faultOf({ cohorts: [{ name: 'it', expression: all(17) }], pinned: undefined }), message);
  const many = Array.from({ length: 51 }, (_, i) => ({ name: `c${i}`, expression: twenty }));
  assert.match(faultOf({ cohorts: many, pinned: undefined }), message);
});

test('persons who decide read what a name alone would hide', () => {
  const expression = { op: 'minus' as const, of: ['a', 'b'], by: 'persons' as const };
  assert.equal(cohortInWords({ name: 'c', expression }), 'c ("a" without "b", by persons)');
  const pinned = [{ name: 'a', vocabularyVersion: 'v', conceptSets: [{ id: 0, conceptIds: [1] }] }];
  assert.equal(
    cohortInWords({ name: 'a' }, pinned),
    'a (concepts of 1 concept set said by the study itself)',
  );
  assert.equal(cohortInWords({ name: 'b' }, pinned), 'b');
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
  // Names that differ in their last letter alone.
  const long = (end: string) => ({
    name: 'both',
    expression: { op: 'union' as const, of: [`${'x'.repeat(190)}${end}`, 'b'], by: 'days' as const },
  });
  assert.equal(
    studyDiff(
      { ...plain, cohorts: [long('1')] } as StudyDraft,
      { ...plain, cohorts: [long('2')] } as StudyDraft,
    ).length,
    1,
  );
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
      'concepts of cohort "cases", set 0: 2 (1, 2) added, 1 (443238) removed',
      'concepts of cohort "cases", set 0, its name: no longer given (was "Diabetes")',
    ],
  );
  const named = (name: string | undefined) => {
    const [set] = pinned?.conceptSets ?? [];
    return { ...plain, ...draft, pinned: [{ ...pinned, conceptSets: [{ ...set, name }] }] } as StudyDraft;
  };
  const place = 'concepts of cohort "cases", set 0, its name';
  assert.deepEqual(studyDiff(named('diabetes'), named('type 2')), [`${place}: "diabetes" → "type 2"`]);
  assert.deepEqual(studyDiff(named('diabetes'), named(undefined)), [
    `${place}: no longer given (was "diabetes")`,
  ]);
  assert.deepEqual(studyDiff(named('diabetes'), named('diabetes')), []);
});
