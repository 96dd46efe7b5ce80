/** A study switches rules off without editing the definition: the cohort is the one whose definition never had them. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MoimError } from '#protocol/errors.ts';
import { readStudyDraft } from '#protocol/study.ts';
import { cohortInWords } from '#protocol/study-cohort.ts';
import { studyDiff } from '#protocol/study-diff.ts';
import { compile } from '#sql/circe/compile.ts';
import { type CohortSource, readStudyCohorts } from '#sql/circe/read/study-cohorts.ts';
import { draft } from '#test/vectors/fixed.ts';
import { cohort, group } from './definitions.ts';

const older = (age: number) => ({
  name: `at least ${age}`,
  expression: group('ALL', [], { DemographicCriteriaList: [{ Age: { Op: 'gte', Value: age } }] }),
});
const of = (...ages: readonly number[]) =>
  cohort([{ ConditionOccurrence: {} }], { InclusionRules: ages.map(older) });

function sqlOf(source: CohortSource): string {
  const result = readStudyCohorts([source]);
  assert.ok(result.ok, JSON.stringify(result));
  const [first] = result.cohorts;
  assert.ok(first);
  return compile(first.expression, { cdmSchema: 'cdm', conceptSets: new Map() }).ctes;
}

test('a cohort without a rule is the one whose definition never had it', () => {
  const definition = of(20, 30, 40);
  assert.equal(
    sqlOf({ name: 'a', definition, withoutRules: [1] }),
    sqlOf({ name: 'a', definition: of(20, 40) }),
  );
  assert.equal(
    sqlOf({ name: 'a', definition, withoutRules: [2, 0, 1] }),
    sqlOf({ name: 'a', definition: of() }),
  );
  assert.notEqual(sqlOf({ name: 'a', definition, withoutRules: [1] }), sqlOf({ name: 'a', definition }));
});

test('a rule that the definition does not have is no rule that can be switched off', () => {
  const result = readStudyCohorts([{ name: 'a', definition: of(20), withoutRules: [0, 1] }]);
  assert.ok(!result.ok);
  assert.deepEqual(
    result.findings.map(({ code, path, message }) => [code, path, message]),
    [['unknown-rule', '$.InclusionRules', 'no rule 1: rules are numbered from 0']],
  );
});

test('a study carries it, a combination cannot, and whoever decides is told', () => {
  const a = { name: 'a', definition: of(20, 30) };
  const study = (...cohorts: object[]) => readStudyDraft({ ...draft, cohorts });
  const without = study({ ...a, withoutRules: [1] });
  assert.deepEqual(without.cohorts[0]?.withoutRules, [1]);
  assert.deepEqual(studyDiff(study(a), without), [
    'cohort "a", rules switched off, counted from 0: "none" → "1"',
  ]);
  assert.equal(cohortInWords({ name: 'a', withoutRules: [1, 3] }), 'a (without rule 1, 3, counted from 0)');
  assert.equal(cohortInWords(a), 'a');
  const expression = { op: 'union', of: ['a', 'a'], by: 'days' };
  assert.throws(
    () => study(a, { name: 'b', expression, withoutRules: [0] }),
    (error) => error instanceof MoimError && /\/cohorts\/1\/withoutRules/.test(error.message),
  );
  assert.throws(() => study({ ...a, withoutRules: [1, 1] }), MoimError);
});
