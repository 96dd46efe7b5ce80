import assert from 'node:assert/strict';
import { test } from 'node:test';
import { check } from '#sql/circe/check.ts';
import { describe } from '#sql/circe/describe.ts';
import { read } from '#sql/circe/read.ts';
import { anyTime, cohort, conceptSet, correlated, group, item } from './definitions.ts';

const condition = { ConditionOccurrence: { CodesetId: 0 } };
const sets = [conceptSet(0, 1)];
const clean = cohort([condition], {
  ConceptSets: sets,
  EndStrategy: { DateOffset: { DateField: 'EndDate', Offset: 1 } },
});

function expressionOf(definition: object) {
  const result = read(JSON.stringify(definition));
  assert.ok(result.ok, JSON.stringify(result));
  return result.expression;
}

const codes = (definition: object) =>
  check(expressionOf(definition)).map(({ code, path }) => `${code} ${path}`);
const rule = (list: readonly object[], more: object = {}) => ({
  ...clean,
  InclusionRules: [{ name: 'rule', expression: group('ALL', list, more) }],
});
const place = '$.InclusionRules[0].expression';

test('finds nothing in a plain definition', () => {
  assert.deepEqual(codes(clean), []);
});

test('finds concept sets that are unused, empty, doubled or unknown', () => {
  const definition = {
    ...clean,
    ConceptSets: [
      ...sets,
      conceptSet(1, 1),
      { id: 2, name: 'none', expression: { items: [item(5, { excluded: true })] } },
    ],
    CensoringCriteria: [{ Measurement: { CodesetId: 9 } }],
  };
  assert.deepEqual(codes(definition), [
    'unused-concept-set $.ConceptSets[1]',
    'unused-concept-set $.ConceptSets[2]',
    'empty-concept-set $.ConceptSets[2]',
    'duplicate-concept-set $.ConceptSets[1]',
    'unknown-concept-set $.CensoringCriteria[0].Measurement.CodesetId',
  ]);
});

test('finds a concept set of another domain', () => {
  const drug = { ...item(3), concept: { CONCEPT_ID: 3, DOMAIN_ID: 'Drug' } };
  const definition = { ...clean, ConceptSets: [{ id: 0, name: 'drugs', expression: { items: [drug] } }] };
  assert.deepEqual(codes(definition), [
    'domain-mismatch $.PrimaryCriteria.CriteriaList[0].ConditionOccurrence.CodesetId',
  ]);
});

test('finds ranges and windows that hold nothing', () => {
  const window = { Start: { Days: 10, Coeff: 1 }, End: { Days: 10, Coeff: -1 } };
  const criterion = { ConditionOccurrence: { CodesetId: 0, Age: { Op: 'bt', Value: 60, Extent: 50 } } };
  const definition = {
    ...rule([correlated(criterion, { StartWindow: window })]),
    CensorWindow: { StartDate: '2020-01-01', EndDate: '2019-01-01' },
  };
  assert.deepEqual(codes(definition), [
    `empty-range ${place}.CriteriaList[0].Criteria.ConditionOccurrence.Age`,
    'empty-period $.CensorWindow',
    `contradictory-window ${place}.CriteriaList[0].StartWindow`,
  ]);
});

test('finds a look back that is longer than the observation required', () => {
  const window = { Start: { Days: 365, Coeff: -1 }, End: { Days: 0, Coeff: 1 } };
  assert.deepEqual(codes(rule([correlated(condition, { StartWindow: window })])), [
    `longer-than-observation ${place}.CriteriaList[0].StartWindow.Start`,
  ]);
  assert.deepEqual(
    codes(rule([correlated(condition, { StartWindow: window, IgnoreObservationPeriod: true })])),
    [],
  );
});

test('finds rules that ask nothing, twice, or what cannot be', () => {
  assert.deepEqual(codes(rule([])), ['incomplete-rule $.InclusionRules[0]']);
  const none = { Occurrence: { Type: 0, Count: 0 } };
  assert.deepEqual(codes(rule([correlated(condition), correlated(condition, none)])), [
    `contradiction ${place}.CriteriaList[1]`,
  ]);
  assert.deepEqual(codes(rule([correlated(condition), correlated(condition)])), [
    `duplicate-criterion ${place}.CriteriaList[1]`,
  ]);
  assert.deepEqual(codes(rule([correlated(condition)], { Type: 'AT_LEAST', Count: 2 })), [
    `impossible-count ${place}`,
  ]);
  assert.deepEqual(codes(rule([correlated(condition, { Occurrence: { Type: 2, Count: 0 } })])), [
    `counts-nothing ${place}.CriteriaList[0].Occurrence`,
  ]);
});

test('finds a death before the index, a missing exit and stays of no length', () => {
  const before = { StartWindow: { Start: { Coeff: -1 }, End: { Days: 1, Coeff: -1 } } };
  assert.deepEqual(codes(rule([correlated({ Death: {} }, before)])), [
    `death-before-index ${place}.CriteriaList[0]`,
  ]);
  const { EndStrategy: _, ...endless } = clean;
  assert.deepEqual(codes(endless), ['no-exit $.EndStrategy']);
  assert.deepEqual(codes({ ...clean, EndStrategy: { DateOffset: { DateField: 'StartDate', Offset: 0 } } }), [
    'zero-offset $.EndStrategy.DateOffset.Offset',
  ]);
});

test('says where Circe is known to differ', () => {
  const definition = {
    ...clean,
    CensoringCriteria: [
      { DrugExposure: { OccurrenceEndDate: { Op: 'gt', Value: '2010-01-01' } } },
      { DrugEra: { GapDays: { Op: 'gt', Value: 1 } } },
      { Measurement: { Abnormal: true } },
    ],
  };
  assert.deepEqual(codes(definition), [
    'circe-differs $.CensoringCriteria[0].DrugExposure.OccurrenceEndDate',
    'circe-differs $.CensoringCriteria[1].DrugEra.GapDays',
    'circe-differs $.CensoringCriteria[2].Measurement.Abnormal',
  ]);
});

test('what CDM 5.4 cannot answer is an error that names the path and the reason', () => {
  const definition = cohort([
    { DrugExposure: { EffectiveDrugDose: { Op: 'gt', Value: 1 }, DoseUnit: [{ CONCEPT_ID: 1 }] } },
    { VisitOccurrence: { PlaceOfServiceLocation: 1 } },
    { LocationRegion: {} },
  ]);
  const errors = check(expressionOf(definition)).filter((finding) => finding.severity === 'error');
  assert.deepEqual(
    errors.map(({ code, path }) => `${code} ${path}`),
    [
      'not-in-cdm-5.4 $.PrimaryCriteria.CriteriaList[0].DrugExposure.EffectiveDrugDose',
      'not-in-cdm-5.4 $.PrimaryCriteria.CriteriaList[0].DrugExposure.DoseUnit',
      'not-in-cdm-5.4 $.PrimaryCriteria.CriteriaList[1].VisitOccurrence.PlaceOfServiceLocation',
      'not-in-cdm-5.4 $.PrimaryCriteria.CriteriaList[2].LocationRegion',
    ],
  );
  assert.match(errors[0]?.message ?? '', /effective_drug_dose/);
});

test('describes a definition in words', () => {
  const definition = rule([
    correlated(
      { Measurement: { CodesetId: 0, ValueAsNumber: { Op: 'gt', Value: 6.5 } } },
      { StartWindow: anyTime },
    ),
  ]);
  assert.deepEqual(describe(expressionOf(definition)), [
    'Entry: every event of',
    '  condition occurrence of "set 0"',
    '  observed for at least 0 days before and 0 days after',
    'Rule 0 "rule":',
    '  all of',
    '    at least 1 measurement of "set 0" (value as number > 6.5), starting from any time before to any time after of the index date',
    'Exit: 1 days after the event ends, at most the end of observation.',
    'Stays of a person that touch or overlap are joined.',
  ]);
});
