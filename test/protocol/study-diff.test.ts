import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type StudyDraft, signStudy } from '#protocol/study.ts';
import { studyDiff } from '#protocol/study-diff.ts';
import {
  draft,
  fixedIds,
  instant,
  leadKey,
  strangerKey,
  strangerSealing,
  studySealing,
} from '#test/vectors/fixed.ts';

const concept = (id: number, name: string, more: object = {}) => ({
  concept: { CONCEPT_ID: id, CONCEPT_NAME: name },
  includeDescendants: true,
  ...more,
});
const definition = (change: object = {}) => ({
  ConceptSets: [
    { id: 0, name: 'Hypertension', expression: { items: [concept(320128, 'Essential hypertension')] } },
  ],
  PrimaryCriteria: {
    CriteriaList: [{ ConditionOccurrence: { CodesetId: 0, Age: { Value: 18, Op: 'gte' } } }],
    ObservationWindow: { PriorDays: 0, PostDays: 0 },
    PrimaryCriteriaLimit: { Type: 'All' },
  },
  InclusionRules: [
    { name: 'Adult', expression: { Type: 'ALL', CriteriaList: [] } },
    { name: 'Seen twice', expression: { Type: 'ALL', CriteriaList: [] } },
  ],
  ...change,
});
const of = (change: object): StudyDraft => ({
  ...draft,
  cohorts: [{ name: 'Cases', definition: definition() }],
  ...change,
});
const base = of({});
const ofCohort = (change: object) => of({ cohorts: [{ name: 'Cases', definition: definition(change) }] });

test('nothing changes: no line', () => {
  assert.deepEqual(studyDiff(base, structuredClone(base)), []);
});

test('parts of an analysis that are asked for more are named', () => {
  const parts = [{ kind: 'count', parts: ['gain', 'year'], years: { from: 2010, to: 2020 } }];
  assert.deepEqual(studyDiff(base, of({ analyses: parts })), [
    'analysis removed: count',
    'analysis added: count with gain, year (2010 to 2020)',
  ]);
});

test('a field is named in words, with what stood there and what stands there now', () => {
  assert.deepEqual(
    studyDiff(base, of({ end: '2027-06-30', legalBasis: 'Art. 9(2)(j) GDPR', minimumCell: 10 })),
    [
      'legal basis: "Art. 9(2)(j) GDPR" (was not given)',
      'last day: "2026-12-31" → "2027-06-30"',
      'fewest persons a figure may stand on: 5 → 10',
    ],
  );
  assert.deepEqual(studyDiff(of({ contact: 'dpo@example.org' }), base), [
    'contact: no longer given (was "dpo@example.org")',
  ]);
  assert.deepEqual(studyDiff(base, of({ completion: { kind: 'by-date', date: '2026-10-01' } })), [
    'complete with: any 2 of the sites → whoever answers by the end of 2026-10-01 (UTC)',
  ]);
});

test('sites and recipients that come and go, and a pinned key that changes', () => {
  const after = of({
    sites: [{ site: 'seoul', fingerprint: 'AAAA-BBBB-CCCC-DDDD' }, 'daegu'],
    recipients: [{ name: 'B. Lead', organisation: 'A university' }],
  });
  assert.deepEqual(studyDiff(base, after), [
    'recipient removed: "A. Lead" of "A university"',
    'recipient added: "B. Lead" of "A university"',
    'site removed: busan',
    'site seoul: key not pinned → AAAA-BBBB-CCCC-DDDD',
    'site added: daegu',
  ]);
});

test('a cohort: its concept sets, its rules, and everything else by its path', () => {
  const after = ofCohort({
    ConceptSets: [
      {
        id: 0,
        name: 'Hypertension',
        expression: {
          items: [
            concept(320128, 'Essential hypertension', { includeDescendants: false }),
            concept(4167493, 'Pregnancy-induced hypertension', { isExcluded: true }),
          ],
        },
      },
      { id: 1, name: 'Metformin', expression: { items: [concept(1503297, 'metformin')] } },
    ],
    PrimaryCriteria: {
      CriteriaList: [{ ConditionOccurrence: { CodesetId: 0, Age: { Value: 21, Op: 'gte' } } }],
      ObservationWindow: { PriorDays: 365, PostDays: 0 },
      PrimaryCriteriaLimit: { Type: 'First' },
    },
    InclusionRules: [
      { name: 'Seen twice', expression: { Type: 'ANY', CriteriaList: [] } },
      { name: 'On metformin', expression: { Type: 'ALL', CriteriaList: [] } },
    ],
  });
  assert.deepEqual(studyDiff(base, after), [
    'cohort "Cases", concept set "Hypertension": concept 320128 "Essential hypertension" /includeDescendants: true → false',
    'cohort "Cases", concept set "Hypertension": concept added: 4167493 "Pregnancy-induced hypertension" (excluded, with descendants)',
    'cohort "Cases", concept set added: "Metformin", 1 concept',
    'cohort "Cases", /PrimaryCriteria/CriteriaList/0/ConditionOccurrence/Age/Value: 18 → 21',
    'cohort "Cases", /PrimaryCriteria/ObservationWindow/PriorDays: 0 → 365',
    'cohort "Cases", /PrimaryCriteria/PrimaryCriteriaLimit/Type: "All" → "First"',
    'cohort "Cases", inclusion rule removed: "Adult"',
    'cohort "Cases", inclusion rule "Seen twice" /expression/Type: "ALL" → "ANY"',
    'cohort "Cases", inclusion rule added: "On metformin"',
  ]);
  assert.deepEqual(studyDiff(base, of({ cohorts: [{ name: 'Others', definition: definition() }] })), [
    'cohort removed: "Cases"',
    'cohort added: "Others"',
  ]);
});

test('rules that change places say so: attrition counts them in order', () => {
  const turned = ofCohort({ InclusionRules: definition().InclusionRules.toReversed() });
  assert.deepEqual(studyDiff(base, turned), [
    'cohort "Cases", inclusion rules: another order (attrition counts them in order)',
  ]);
});

test('another order of concept sets, or another word for a concept, is told apart from a change of meaning', () => {
  const renamed = [{ id: 0, name: 'Hypertension', expression: { items: [concept(320128, 'Hypertension')] } }];
  assert.match(
    studyDiff(base, ofCohort({ ConceptSets: renamed })).join(),
    /^cohort "Cases", written otherwise, with the same meaning/,
  );
});

test('names that stand twice hide nothing: the places are compared', () => {
  const twice = (type: string) =>
    ofCohort({
      InclusionRules: [
        { name: 'A', expression: { Type: 'ALL' } },
        { name: 'A', expression: { Type: type } },
      ],
    });
  assert.deepEqual(studyDiff(twice('ALL'), twice('ANY')), [
    'cohort "Cases", /InclusionRules/1/expression/Type: "ALL" → "ANY"',
  ]);
});

test('ids and keys of signed versions get one line, a new key of the lead one of its own', async () => {
  const needs = {
    key: leadKey,
    sealingKey: studySealing.public,
    signedAt: instant(),
    nextId: fixedIds('study'),
  };
  const first = await signStudy(draft, needs);
  const second = await signStudy(draft, { ...needs, sealingKey: strangerSealing.public, amends: first });
  assert.deepEqual(studyDiff(first.study, second.study), ['the key that answers are sealed to was renewed']);
  const third = await signStudy(draft, { ...needs, key: strangerKey, amends: second });
  assert.match(
    studyDiff(second.study, third.study)[0] ?? '',
    /^the lead signs with another key: [A-Z2-7-]+ → [A-Z2-7-]+$/,
  );
});

test('a lead’s text acts on no terminal and stays on its line', () => {
  const [line, ...more] = studyDiff(base, of({ title: 'x\n\u001b[2J\u009b2J\u202egnol'.padEnd(400, 'y') }));
  assert.deepEqual(more, []);
  assert.doesNotMatch(line ?? '', /[\p{Cc}\p{Cf}]/u);
  assert.ok((line ?? '').length < 300);
});

test('no change of a definition goes without a line', () => {
  const leaf = fc.oneof(fc.integer(), fc.boolean(), fc.string({ maxLength: 8 }));
  const tree = fc.letrec((tie) => ({
    node: fc.oneof(
      { maxDepth: 3 },
      leaf,
      fc.array(tie('node'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom('ConceptSets', 'InclusionRules', 'name', 'id', 'a'), tie('node'), {
        maxKeys: 3,
        noNullPrototype: true,
      }),
    ),
  })).node;
  const any = fc.dictionary(fc.constantFrom('ConceptSets', 'InclusionRules', 'PrimaryCriteria', 'b'), tree, {
    maxKeys: 4,
    noNullPrototype: true,
  });
  const text = (value: unknown): string =>
    JSON.stringify(value, (_, each: unknown) =>
      typeof each === 'object' && each !== null && !Array.isArray(each)
        ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
        : each,
    );
  fc.assert(
    fc.property(any, any, (one, other) => {
      const lines = studyDiff(
        of({ cohorts: [{ name: 'c', definition: one }] }),
        of({ cohorts: [{ name: 'c', definition: other }] }),
      );
      assert.equal(lines.length === 0, text(one) === text(other), `${text(one)} ${text(other)}`);
    }),
    { numRuns: 500 },
  );
});
