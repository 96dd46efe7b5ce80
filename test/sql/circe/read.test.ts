import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { read } from '#sql/circe/read.ts';
import { dataSet, withoutData } from '#test/support/data.ts';
import { cohort, conceptSet, correlated, group } from './definitions.ts';
import { assertSameInKorean } from './in-korean.ts';

const condition = { ConditionOccurrence: { CodesetId: 0 } };
const plain = cohort([condition], { ConceptSets: [conceptSet(0, 1)] });

function findings(definition: object | string): readonly string[] {
  const text = typeof definition === 'string' ? definition : JSON.stringify(definition);
  const result = read(text);
  if (!result.ok) {
    const korean = read(text, 'ko');
    assert.ok(!korean.ok);
    assertSameInKorean(result.findings, korean.findings);
  }
  return result.ok ? [] : result.findings.map(({ code, path }) => `${code} ${path}`);
}

for (const [folder, count] of [
  ['ohdsi/phenotypes', 547],
  ['ohdsi/random-definitions', 100],
] as const) {
  test(`reads every definition of ${folder}`, { skip: withoutData(folder) }, () => {
    const path = dataSet(folder) ?? '';
    const files = readdirSync(path).filter((file) => file.endsWith('.json'));
    assert.equal(files.length, count);
    for (const file of files) assert.deepEqual(findings(readFileSync(join(path, file), 'utf8')), [], file);
  });
}

test('refuses an unknown property of a criterion, naming its path', () => {
  const definition = cohort([{ ConditionOccurrence: { CodesetId: 0, Foo: 1 } }]);
  assert.deepEqual(findings(definition), [
    'unknown-property $.PrimaryCriteria.CriteriaList[0].ConditionOccurrence.Foo',
  ]);
});

test('refuses an unknown property wherever it stands', () => {
  const criterion = {
    Criteria: condition,
    StartWindow: { Start: { Coeff: 1, Month: 1 }, End: { Coeff: 1 } },
    Occurrence: { Type: 2, Count: 1 },
  };
  const rules = [{ name: 'r', expression: group('ALL', [criterion], { 'odd name': 1 }) }];
  assert.deepEqual(findings({ ...plain, InclusionRules: rules, Extra: {} }), [
    'unknown-property $.InclusionRules[0].expression.CriteriaList[0].StartWindow.Start.Month',
    'unknown-property $.InclusionRules[0].expression["odd name"]',
    'unknown-property $.Extra',
  ]);
});

test('refuses an unknown criterion and a criterion of two types', () => {
  assert.deepEqual(findings(cohort([{ Episode: {} }, { Death: {}, Specimen: {} }])), [
    'unknown-criterion $.PrimaryCriteria.CriteriaList[0].Episode',
    'criterion $.PrimaryCriteria.CriteriaList[1]',
  ]);
});

test('an attribute of one criterion type is unknown to another', () => {
  assert.deepEqual(findings(cohort([{ Death: { First: true } }])), [
    'unknown-property $.PrimaryCriteria.CriteriaList[0].Death.First',
  ]);
});

test('refuses ranges that say nothing, and dates that are none', () => {
  const criteria = [
    { ConditionOccurrence: { Age: { Op: 'gt' }, OccurrenceStartDate: { Op: 'bt', Value: '2020-02-30' } } },
    { DrugExposure: { LotNumber: { Op: 'like', Text: 'a\0b' } } },
  ];
  assert.deepEqual(findings(cohort(criteria)), [
    'not-a-date $.PrimaryCriteria.CriteriaList[0].ConditionOccurrence.OccurrenceStartDate.Value',
    'empty-range $.PrimaryCriteria.CriteriaList[0].ConditionOccurrence.OccurrenceStartDate.Extent',
    'empty-range $.PrimaryCriteria.CriteriaList[0].ConditionOccurrence.Age.Value',
    'unknown-word $.PrimaryCriteria.CriteriaList[1].DrugExposure.LotNumber.Op',
    'bad-text $.PrimaryCriteria.CriteriaList[1].DrugExposure.LotNumber.Text',
    'empty-range $.PrimaryCriteria.CriteriaList[1].DrugExposure.LotNumber.Op',
    'empty-range $.PrimaryCriteria.CriteriaList[1].DrugExposure.LotNumber.Text',
  ]);
});

test('keeps concept ids beyond 2^53 exact', () => {
  const text = JSON.stringify(plain).replace('"CONCEPT_ID":1', '"CONCEPT_ID":9007199254740993');
  const result = read(text);
  assert.ok(result.ok);
  assert.equal(result.expression.ConceptSets[0]?.items[0]?.concept.CONCEPT_ID, 9007199254740993n);
});

test('refuses numbers that do not fit where they stand', () => {
  const text = JSON.stringify(
    cohort([condition], { CollapseSettings: { CollapseType: 'ERA', EraPad: 1.5 } }),
  );
  assert.deepEqual(findings(text), ['not-an-integer $.CollapseSettings.EraPad']);
  assert.deepEqual(findings(text.replace('1.5', '12345678901234567890')), [
    'not-an-integer $.CollapseSettings.EraPad',
  ]);
});

test('accepts a byte order mark and an ATLAS export around the expression', () => {
  assert.deepEqual(findings(`\uFEFF${JSON.stringify(plain)}`), []);
  assert.deepEqual(findings({ id: 7, name: 'from ATLAS', expression: plain }), []);
  const broken = { id: 7, expression: { ...plain, Extra: 1 } };
  assert.deepEqual(findings(broken), ['unknown-property $.expression.Extra']);
});

test('refuses what is no definition, without throwing', () => {
  assert.deepEqual(findings('{'), ['not-json $']);
  assert.deepEqual(findings(''), ['not-json $']);
  assert.deepEqual(findings('[]'), [
    'not-an-object $',
    'missing $.PrimaryCriteria',
    'missing $.PrimaryCriteria.CriteriaList',
  ]);
  assert.deepEqual(findings(`${'['.repeat(100_000)}${']'.repeat(100_000)}`), ['not-json $']);
});

test('a message about text that is no JSON does not repeat the text', () => {
  const result = read('{"PatientName": Hong}');
  assert.ok(!result.ok);
  assert.doesNotMatch(JSON.stringify(result.findings), /Hong|Patient/);
});

test('null is absent, and absent limits mean First', () => {
  const { QualifiedLimit: _, ...rest } = plain;
  const result = read(
    JSON.stringify({ ...rest, ExpressionLimit: null, AdditionalCriteria: null, CensorWindow: null }),
  );
  assert.ok(result.ok);
  assert.equal(result.expression.QualifiedLimit, 'First');
  assert.equal(result.expression.ExpressionLimit, 'First');
  assert.equal('AdditionalCriteria' in result.expression, false);
});

test('a group needs its type where it has members', () => {
  const correlatedOnce = { CriteriaList: [correlated(condition)] };
  assert.deepEqual(findings({ ...plain, AdditionalCriteria: {} }), []);
  assert.deepEqual(findings({ ...plain, AdditionalCriteria: correlatedOnce }), [
    'missing $.AdditionalCriteria.Type',
  ]);
  assert.deepEqual(findings({ ...plain, AdditionalCriteria: { ...correlatedOnce, Type: 'SOME' } }), [
    'unknown-word $.AdditionalCriteria.Type',
  ]);
  assert.deepEqual(findings({ ...plain, AdditionalCriteria: { ...correlatedOnce, Type: 'AT_LEAST' } }), [
    'missing $.AdditionalCriteria.Count',
  ]);
});

test('the expression is frozen through and through', () => {
  const result = read(
    JSON.stringify({
      ...plain,
      InclusionRules: [{ name: 'r', expression: group('ALL', [correlated(condition)]) }],
    }),
  );
  assert.ok(result.ok);
  const rule = result.expression.InclusionRules[0];
  assert.ok(Object.isFrozen(rule?.expression.CriteriaList[0]?.Criteria.filters));
});
