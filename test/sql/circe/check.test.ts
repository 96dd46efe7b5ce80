/**
 * Every finding of a check: a definition that gives it, and its near miss that does not. Longer than 300 lines because each
 * finding has its case here.
 */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkCodes } from '#sql/circe/check/codes.ts';
import { check } from '#sql/circe/check.ts';
import type { Finding } from '#sql/circe/expression.ts';
import { read } from '#sql/circe/read.ts';
import { dataSet, withoutData } from '#test/support/data.ts';
import { anyTime, cohort, conceptSet, correlated, group, item } from './definitions.ts';
import { assertSameInKorean } from './in-korean.ts';

const typed = { ConditionTypeCS: { CodesetId: 0, IsExclusion: false } };
const condition = { ConditionOccurrence: { CodesetId: 0, ...typed } };
const sets = [conceptSet(0, 1)];
const exit = { EndStrategy: { DateOffset: { DateField: 'EndDate', Offset: 1 } } };
const clean = cohort([condition], { ConceptSets: sets, ...exit });
const first = '$.PrimaryCriteria.CriteriaList[0]';
const place = '$.InclusionRules[0].expression';

/** What reading and checking find together, as the command tells it. */
function findingsOf(definition: object): readonly Finding[] {
  const result = read(JSON.stringify(definition));
  assert.ok(result.ok, JSON.stringify(result));
  return [...result.warnings, ...check(result.expression)];
}

/** The same in Korean. */
function inKorean(definition: object): readonly Finding[] {
  const result = read(JSON.stringify(definition), 'ko');
  assert.ok(result.ok);
  return [...result.warnings, ...check(result.expression, 'ko')];
}

const rule = (list: readonly object[], more: object = {}) => ({
  ...clean,
  InclusionRules: [{ name: 'rule', expression: group('ALL', list, more) }],
});
const rules = (...lists: readonly (readonly object[])[]) => ({
  ...clean,
  InclusionRules: lists.map((list, at) => ({ name: `rule ${at}`, expression: group('ALL', list) })),
});
const entry = (...criteria: readonly object[]) => cohort(criteria, { ConceptSets: sets, ...exit });
const person = (attributes: object) => rule([], { DemographicCriteriaList: [attributes] });
const none = { Occurrence: { Type: 0, Count: 0 } };
const window = (from: number, to: number) => ({
  StartWindow: {
    Start: { Days: Math.abs(from), Coeff: from < 0 ? -1 : 1 },
    End: { Days: Math.abs(to), Coeff: to < 0 ? -1 : 1 },
  },
});
const named = (concept: object, flags: object = {}) => ({
  id: 0,
  name: 'set',
  expression: { items: [{ concept: { CONCEPT_ID: 3, ...concept }, ...flags }] },
});
const withSets = (...given: readonly object[]) => ({ ...clean, ConceptSets: given });
const drugs = (more: object) => cohort([{ DrugExposure: { CodesetId: 0 } }], more);
const asked = (type: string, attributes: object) => ({
  ...clean,
  CensoringCriteria: [{ [type]: { CodesetId: 0, ...attributes } }],
});
const censoring = (type: string, name: string) => `$.CensoringCriteria[0].${type}.${name}`;
const from = (Value: string) => ({ Op: 'gte', Value });
const until = (Value: string) => ({ Op: 'lte', Value });
const additional = (Qualified: string) => ({
  ...clean,
  AdditionalCriteria: group('ALL', [correlated(condition)]),
  PrimaryCriteria: { ...clean.PrimaryCriteria, PrimaryCriteriaLimit: { Type: 'First' } },
  QualifiedLimit: { Type: Qualified },
  ExpressionLimit: { Type: 'First' },
});
const limited = (Type: string) => ({
  ...clean,
  PrimaryCriteria: { ...clean.PrimaryCriteria, PrimaryCriteriaLimit: { Type: 'First' } },
  ExpressionLimit: { Type },
});

const distinctly = (Type: number, Count: number) => ({ Occurrence: { Type, Count, IsDistinct: true } });

interface Case {
  readonly hit: object;
  readonly at: string;
  readonly severity?: Finding['severity'];
  readonly miss: object;
}

const cases: Readonly<Record<keyof typeof checkCodes, readonly Case[]>> = {
  'unused-concept-set': [{ hit: withSets(...sets, conceptSet(1, 2)), at: '$.ConceptSets[1]', miss: clean }],
  'duplicate-concept-set': [
    {
      hit: withSets(...sets, conceptSet(1, 1)),
      at: '$.ConceptSets[1]',
      miss: withSets(...sets, conceptSet(1, 2)),
    },
    {
      hit: withSets(...sets, {
        id: 1,
        name: 'more',
        expression: { items: [item(1, { descendants: true })] },
      }),
      at: '$.ConceptSets[1]',
      severity: 'info',
      miss: withSets(...sets, {
        id: 1,
        name: 'more',
        expression: { items: [item(1, { descendants: true }), item(2)] },
      }),
    },
  ],
  'empty-concept-set': [
    {
      hit: withSets({ id: 0, name: 'x', expression: { items: [item(5, { excluded: true })] } }),
      at: '$.ConceptSets[0]',
      miss: clean,
    },
    { hit: withSets(conceptSet(0)), at: '$.ConceptSets[0]', miss: clean },
  ],
  'unknown-concept-set': [{ hit: withSets(), at: `${first}.ConditionOccurrence.CodesetId`, miss: clean }],
  'repeated-concept-set-id': [
    {
      hit: withSets(...sets, conceptSet(0, 2)),
      at: '$.ConceptSets[1].id',
      miss: withSets(...sets, conceptSet(1, 2)),
    },
  ],
  'concept-out-of-range': [
    {
      hit: withSets(named({ CONCEPT_ID: 2147483648 })),
      at: '$.ConceptSets[0].expression.items[0].concept.CONCEPT_ID',
      miss: withSets(named({ CONCEPT_ID: 2147483647 })),
    },
  ],
  'domain-mismatch': [
    {
      hit: withSets(named({ DOMAIN_ID: 'Drug' })),
      at: `${first}.ConditionOccurrence.CodesetId`,
      miss: withSets(named({ DOMAIN_ID: 'Condition/Meas' })),
    },
  ],
  'not-standard': [
    {
      hit: withSets(named({ STANDARD_CONCEPT: 'N' })),
      at: `${first}.ConditionOccurrence.CodesetId`,
      severity: 'info',
      miss: withSets(named({ STANDARD_CONCEPT: 'S' })),
    },
    {
      hit: {
        ...entry({ ConditionOccurrence: { ConditionSourceConcept: 0 } }),
        ConceptSets: [named({ STANDARD_CONCEPT: 'S' })],
      },
      at: `${first}.ConditionOccurrence.ConditionSourceConcept`,
      severity: 'info',
      miss: {
        ...entry({ ConditionOccurrence: { ConditionSourceConcept: 0 } }),
        ConceptSets: [named({ STANDARD_CONCEPT: 'N' })],
      },
    },
  ],
  'no-concept-set': [
    {
      hit: entry({ ProcedureOccurrence: {} }),
      at: `${first}.ProcedureOccurrence`,
      miss: entry({ ProcedureOccurrence: { ProcedureSourceConcept: 0 } }),
    },
    {
      hit: entry({ Death: {} }),
      at: `${first}.Death`,
      severity: 'info',
      miss: entry({ ObservationPeriod: {} }),
    },
  ],
  'empty-value': [
    {
      hit: asked('Measurement', { Unit: [] }),
      at: censoring('Measurement', 'Unit'),
      miss: asked('Measurement', {}),
    },
    {
      hit: asked('Measurement', { Unit: [] }),
      at: censoring('Measurement', 'Unit'),
      miss: asked('Measurement', { Unit: [{ CONCEPT_ID: 1 }] }),
    },
    {
      hit: asked('DrugExposure', { LotNumber: { Op: 'eq', Text: ' ' } }),
      at: censoring('DrugExposure', 'LotNumber'),
      miss: asked('DrugExposure', { LotNumber: { Op: 'eq', Text: 'x' } }),
    },
    {
      hit: asked('VisitDetail', { GenderCS: { IsExclusion: false } }),
      at: censoring('VisitDetail', 'GenderCS'),
      miss: asked('VisitDetail', { GenderCS: { CodesetId: 0, IsExclusion: false } }),
    },
  ],
  'empty-demographic': [
    {
      hit: person({}),
      at: `${place}.DemographicCriteriaList[0]`,
      miss: person({ Age: { Op: 'gt', Value: 1 } }),
    },
  ],
  'no-record-type': [
    {
      hit: entry({ ConditionOccurrence: { CodesetId: 0 } }),
      at: `${first}.ConditionOccurrence`,
      severity: 'info',
      miss: clean,
    },
  ],
  'drug-era-supply': [
    {
      hit: asked('DrugEra', {}),
      at: '$.CensoringCriteria[0].DrugEra',
      severity: 'info',
      miss: asked('DoseEra', {}),
    },
  ],
  'drug-not-in-exit': [
    {
      hit: drugs({ ConceptSets: [named({ DOMAIN_ID: 'Drug' })] }),
      at: `${first}.DrugExposure.CodesetId`,
      severity: 'info',
      miss: drugs({
        ConceptSets: [named({ DOMAIN_ID: 'Drug' })],
        EndStrategy: { CustomEra: { DrugCodesetId: 0, GapDays: 0, Offset: 0 } },
      }),
    },
  ],
  'empty-range': [
    {
      hit: asked('Death', { Age: { Op: 'bt', Value: 60, Extent: 50 } }),
      at: censoring('Death', 'Age'),
      miss: asked('Death', { Age: { Op: 'bt', Value: 50, Extent: 50 } }),
    },
    {
      hit: asked('Death', { OccurrenceStartDate: { Op: '!bt', Value: '2012-01-01', Extent: '2011-01-01' } }),
      at: censoring('Death', 'OccurrenceStartDate'),
      miss: asked('Death', { OccurrenceStartDate: { Op: 'gt', Value: '2012-01-01', Extent: '2011-01-01' } }),
    },
  ],
  'empty-period': [
    {
      hit: { ...clean, CensorWindow: { StartDate: '2020-01-02', EndDate: '2020-01-01' } },
      at: '$.CensorWindow',
      miss: { ...clean, CensorWindow: { StartDate: '2020-01-01', EndDate: '2020-01-01' } },
    },
    {
      hit: entry({
        ObservationPeriod: { UserDefinedPeriod: { StartDate: '2020-01-02', EndDate: '2020-01-01' } },
      }),
      at: `${first}.ObservationPeriod.UserDefinedPeriod`,
      miss: entry({ ObservationPeriod: { UserDefinedPeriod: { StartDate: '2020-01-02' } } }),
    },
  ],
  'negative-value': [
    {
      hit: asked('Death', { Age: { Op: 'gt', Value: -1 } }),
      at: censoring('Death', 'Age'),
      miss: asked('Death', { Age: { Op: 'gt', Value: 0 } }),
    },
    {
      hit: asked('Measurement', { ValueAsNumber: { Op: 'gt', Value: -2.5 } }),
      at: censoring('Measurement', 'ValueAsNumber'),
      severity: 'info',
      miss: asked('Measurement', { ValueAsNumber: { Op: 'gt', Value: 2.5 } }),
    },
  ],
  'negative-days': [
    {
      hit: rule([
        correlated(condition, { StartWindow: { Start: { Days: -1, Coeff: 1 }, End: { Days: 1, Coeff: 1 } } }),
      ]),
      at: `${place}.CriteriaList[0].StartWindow.Start.Days`,
      miss: rule([correlated(condition, window(-1, 1))]),
    },
    {
      hit: {
        ...clean,
        PrimaryCriteria: { ...clean.PrimaryCriteria, ObservationWindow: { PriorDays: -1, PostDays: 0 } },
      },
      at: '$.PrimaryCriteria.ObservationWindow.PriorDays',
      miss: clean,
    },
    {
      hit: { ...clean, EndStrategy: { DateOffset: { DateField: 'EndDate', Offset: -1 } } },
      at: '$.EndStrategy.DateOffset.Offset',
      miss: { ...clean, EndStrategy: { DateOffset: { DateField: 'EndDate', Offset: 0 } } },
    },
    {
      hit: { ...clean, CollapseSettings: { CollapseType: 'ERA', EraPad: -1 } },
      at: '$.CollapseSettings.EraPad',
      miss: { ...clean, CollapseSettings: { CollapseType: 'ERA', EraPad: 1 } },
    },
  ],
  'decimals-cut': [
    {
      hit: asked('Death', { Age: { Op: 'gt', Value: 1.5 } }),
      at: censoring('Death', 'Age'),
      miss: asked('Measurement', { RangeLow: { Op: 'gt', Value: 1.5 } }),
    },
  ],
  'dates-exclude': [
    {
      hit: asked('DrugExposure', {
        OccurrenceStartDate: from('2012-01-02'),
        OccurrenceEndDate: until('2012-01-01'),
      }),
      at: censoring('DrugExposure', 'OccurrenceEndDate'),
      miss: asked('DrugExposure', {
        OccurrenceStartDate: from('2012-01-01'),
        OccurrenceEndDate: until('2012-01-01'),
      }),
    },
  ],
  'contradictory-window': [
    {
      hit: rule([correlated(condition, window(10, -10))]),
      at: `${place}.CriteriaList[0].StartWindow`,
      miss: rule([correlated(condition, window(10, 10))]),
    },
  ],
  'longer-than-observation': [
    {
      hit: rule([correlated(condition, window(-365, 0))]),
      at: `${place}.CriteriaList[0].StartWindow.Start`,
      severity: 'info',
      miss: rule([correlated(condition, { ...window(-365, 0), IgnoreObservationPeriod: true })]),
    },
    {
      hit: rule([correlated(condition, window(0, 30))]),
      at: `${place}.CriteriaList[0].StartWindow.End`,
      severity: 'info',
      miss: rule([correlated(condition, window(0, 0))]),
    },
  ],
  'unlike-window': [
    {
      hit: rules(
        [correlated(condition, window(-30, 0))],
        [correlated({ Death: {} }, window(-30, 0))],
        [correlated({ Specimen: {} }, window(-31, 0))],
      ),
      at: '$.InclusionRules[2].expression.CriteriaList[0].StartWindow',
      severity: 'info',
      miss: rules([correlated(condition, window(-30, 0))], [correlated({ Specimen: {} }, window(-31, 0))]),
    },
  ],
  'death-before-index': [
    {
      hit: rule([
        correlated({ Death: {} }, { StartWindow: { Start: { Coeff: -1 }, End: { Days: 1, Coeff: -1 } } }),
      ]),
      at: `${place}.CriteriaList[0]`,
      miss: rule([
        correlated({ Death: {} }, { StartWindow: { Start: { Coeff: -1 }, End: { Days: 0, Coeff: -1 } } }),
      ]),
    },
  ],
  'before-first': [
    {
      hit: {
        ...rule([correlated(condition, window(-30, -1))]),
        PrimaryCriteria: entry({ ConditionOccurrence: { CodesetId: 0, First: true } }).PrimaryCriteria,
      },
      at: `${place}.CriteriaList[0]`,
      miss: {
        ...rule([correlated(condition, window(-30, 0))]),
        PrimaryCriteria: entry({ ConditionOccurrence: { CodesetId: 0, First: true } }).PrimaryCriteria,
      },
    },
  ],
  'not-first': [
    {
      hit: rule([correlated(condition, window(0, 0))]),
      at: `${place}.CriteriaList[0]`,
      severity: 'info',
      miss: rule([
        correlated({ ConditionOccurrence: { CodesetId: 0, First: true } }, window(0, 0)),
        correlated(condition),
      ]),
    },
  ],
  'incomplete-rule': [{ hit: rule([]), at: '$.InclusionRules[0]', miss: rule([correlated(condition)]) }],
  'rule-name': [
    {
      hit: {
        ...clean,
        InclusionRules: ['a', 'a'].map((name) => ({
          name,
          expression: group('ALL', [correlated(condition)]),
        })),
      },
      at: '$.InclusionRules[1].name',
      severity: 'info',
      miss: {
        ...clean,
        InclusionRules: ['a', 'b'].map((name) => ({
          name,
          expression: group('ALL', [correlated(condition)]),
        })),
      },
    },
    {
      hit: { ...clean, InclusionRules: [{ expression: group('ALL', [correlated(condition)]) }] },
      at: '$.InclusionRules[0].name',
      severity: 'info',
      miss: rule([correlated(condition)]),
    },
  ],
  'empty-group': [
    {
      hit: rule([correlated(condition)], { Groups: [group('ANY', [])] }),
      at: `${place}.Groups[0]`,
      severity: 'info',
      miss: rule([correlated(condition)], { Groups: [group('ANY', [correlated({ Death: {} })])] }),
    },
  ],
  'counts-nothing': [
    {
      hit: rule([correlated(condition, { Occurrence: { Type: 2, Count: 0 } })]),
      at: `${place}.CriteriaList[0].Occurrence`,
      miss: rule([correlated(condition, none)]),
    },
    {
      hit: rule([correlated(condition)], { Type: 'AT_MOST', Count: 1 }),
      at: place,
      miss: rule([correlated(condition)], { Type: 'AT_MOST', Count: 0 }),
    },
  ],
  'needless-distinct': [
    {
      hit: rule([correlated(condition, { Occurrence: { Type: 2, Count: 1, IsDistinct: true } })]),
      at: `${place}.CriteriaList[0].Occurrence`,
      miss: rule([correlated(condition, { Occurrence: { Type: 2, Count: 2, IsDistinct: true } })]),
    },
  ],
  'impossible-count': [
    {
      hit: rule([correlated(condition)], { Type: 'AT_LEAST', Count: 2 }),
      at: place,
      miss: rule([correlated(condition)], { Type: 'AT_LEAST', Count: 1 }),
    },
  ],
  'never-satisfied': [
    {
      hit: rule([correlated({ Measurement: { CodesetId: 9 } })]),
      at: `${place}.CriteriaList[0].Criteria.Measurement.CodesetId`,
      miss: rule([correlated({ Measurement: { CodesetId: 9 } }, none)]),
    },
    {
      hit: entry({ Measurement: { CodesetId: 9 } }),
      at: `${first}.Measurement.CodesetId`,
      miss: entry({ Measurement: { CodesetId: 0 } }),
    },
    {
      hit: asked('Measurement', { UnitCS: { CodesetId: 9, IsExclusion: false } }),
      at: '$.CensoringCriteria[0].Measurement.UnitCS',
      miss: asked('Measurement', { UnitCS: { CodesetId: 9, IsExclusion: true } }),
    },
  ],
  contradiction: [
    {
      hit: rule([correlated(condition, distinctly(2, 2)), correlated(condition, distinctly(1, 1))]),
      at: `${place}.CriteriaList[1]`,
      miss: rule([
        correlated(condition, { Occurrence: { Type: 2, Count: 2 } }),
        correlated(condition, distinctly(1, 1)),
      ]),
    },
    {
      hit: rule([correlated(condition), correlated(condition, none)]),
      at: `${place}.CriteriaList[1]`,
      miss: rule([correlated(condition), correlated(condition, none)], { Type: 'ANY' }),
    },
    {
      hit: rules([correlated(condition)], [correlated(condition, { Occurrence: { Type: 1, Count: 0 } })]),
      at: '$.InclusionRules[1].expression.CriteriaList[0]',
      miss: rules([correlated(condition)], [correlated(condition, { Occurrence: { Type: 1, Count: 1 } })]),
    },
    {
      hit: rule([
        correlated(condition, window(0, 10)),
        correlated(condition, { ...none, ...window(-10, -1) }),
      ]),
      at: `${place}.CriteriaList[1]`,
      severity: 'info',
      miss: rule([
        correlated(condition, window(0, 10)),
        correlated({ Death: {} }, { ...none, ...window(-10, -1) }),
      ]),
    },
  ],
  'duplicate-criterion': [
    {
      hit: rule([correlated(condition), correlated(condition)]),
      at: `${place}.CriteriaList[1]`,
      miss: rule([correlated(condition), correlated(condition, { RestrictVisit: true })]),
    },
    {
      hit: entry(condition, condition),
      at: '$.PrimaryCriteria.CriteriaList[1].ConditionOccurrence',
      miss: entry(condition, { Death: {} }),
    },
    {
      hit: rule([correlated(condition)]),
      at: `${place}.CriteriaList[0].Criteria.ConditionOccurrence`,
      severity: 'info',
      miss: rule([correlated({ Measurement: { CodesetId: 0 } })]),
    },
  ],
  'no-exit': [
    { hit: { ...clean, EndStrategy: null }, at: '$.EndStrategy', miss: clean },
    {
      hit: { ...clean, EndStrategy: null, ExpressionLimit: { Type: 'First' } },
      at: '$.EndStrategy',
      severity: 'info',
      miss: { ...limited('First'), EndStrategy: null },
    },
  ],
  'zero-offset': [
    {
      hit: { ...clean, EndStrategy: { DateOffset: { DateField: 'StartDate', Offset: 0 } } },
      at: '$.EndStrategy.DateOffset.Offset',
      miss: { ...clean, EndStrategy: { DateOffset: { DateField: 'StartDate', Offset: 1 } } },
    },
  ],
  'limit-without-effect': [
    { hit: limited('Last'), at: '$.ExpressionLimit', miss: limited('First') },
    { hit: limited('All'), at: '$.ExpressionLimit', severity: 'info', miss: limited('First') },
    { hit: additional('Last'), at: '$.QualifiedLimit', miss: additional('First') },
    { hit: additional('All'), at: '$.QualifiedLimit', severity: 'info', miss: additional('First') },
  ],
  'circe-differs': [
    {
      hit: asked('Measurement', { Abnormal: true }),
      at: censoring('Measurement', 'Abnormal'),
      miss: asked('Measurement', { Abnormal: true, ValueAsConcept: [{ CONCEPT_ID: 1 }] }),
    },
    {
      hit: asked('DrugExposure', { OccurrenceEndDate: from('2010-01-01') }),
      at: censoring('DrugExposure', 'OccurrenceEndDate'),
      miss: asked('DrugExposure', { OccurrenceStartDate: from('2010-01-01') }),
    },
    {
      hit: asked('DrugEra', { GapDays: { Op: 'gt', Value: 1 } }),
      at: censoring('DrugEra', 'GapDays'),
      miss: asked('DrugEra', { EraLength: { Op: 'gt', Value: 1 } }),
    },
    {
      hit: person({ RaceCS: { CodesetId: 0 } }),
      at: `${place}.DemographicCriteriaList[0].RaceCS`,
      miss: person({ GenderCS: { CodesetId: 0 } }),
    },
  ],
};

test('finds nothing in a plain definition', () => {
  assert.deepEqual(findingsOf(clean), []);
});

for (const [code, list] of Object.entries(cases))
  test(`finds ${code}, and not in its near miss`, () => {
    for (const { hit, at, severity = 'warning', miss } of list) {
      const told = (definition: object) =>
        findingsOf(definition).filter((finding) => finding.code === code && finding.severity === severity);
      const paths = told(hit).map(({ path }) => path);
      assert.ok(paths.includes(at), `${severity} ${code} at ${at}; found ${paths.join(', ') || 'none'}`);
      assert.deepEqual(told(miss), [], `near miss of ${code} at ${at}`);
    }
  });

test('a finding is a warning or an info, has a message in both languages, and no path twice for one code', () => {
  for (const { hit } of Object.values(cases).flat()) {
    const findings = findingsOf(hit);
    assertSameInKorean(findings, inKorean(hit));
    const keys = findings.map(({ code, path }) => `${code} ${path}`);
    assert.equal(new Set(keys).size, keys.length, keys.join('\n'));
    for (const { message, severity } of findings) {
      assert.ok(message.length > 10);
      assert.notEqual(severity, 'error');
    }
  }
});

test('what CDM 5.4 cannot answer is an error that names the path and the reason', () => {
  const definition = cohort([
    { DrugExposure: { EffectiveDrugDose: { Op: 'gt', Value: 1 }, DoseUnit: [{ CONCEPT_ID: 1 }] } },
    { VisitOccurrence: { PlaceOfServiceLocation: 1 } },
    { LocationRegion: {} },
  ]);
  const errors = findingsOf(definition).filter((finding) => finding.severity === 'error');
  assertSameInKorean(findingsOf(definition), inKorean(definition));
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

test('the page of checks has a row for every code, with the names of the checks of the reference', () => {
  const page = readFileSync(new URL('../../../docs/cohort-checks.md', import.meta.url), 'utf8');
  const [ofDefinition = ''] = page.split('These are errors');
  const rows = new Map(
    ofDefinition
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .map((line) => line.split('|').map((cell) => cell.trim()))
      .map(
        ([, code = '', , severity = '', reference = '']) =>
          [code.replaceAll('`', ''), { severity, reference }] as const,
      ),
  );
  for (const [code, reference] of Object.entries(checkCodes)) {
    const row = rows.get(code);
    assert.ok(row, `${code} has no row`);
    assert.equal(row.reference, reference === '' ? '–' : reference, code);
    const severities = new Set(
      (cases[code as keyof typeof cases] ?? []).map(({ severity = 'warning' }) => severity),
    );
    for (const severity of severities) assert.match(row.severity, new RegExp(severity), code);
  }
});

test('a window at any time is no finding', () => {
  assert.deepEqual(
    findingsOf(
      rule([
        correlated(
          { Measurement: { CodesetId: 0, MeasurementTypeCS: { CodesetId: 0 } } },
          { StartWindow: anyTime },
        ),
      ]),
    ),
    [],
  );
});

test('a definition of many thousand criteria and concepts is checked whole, each finding told once', () => {
  const many = (count: number) => ({
    ...rule(
      Array.from({ length: count }, (_, at) =>
        correlated(condition, {
          Occurrence: { Type: at % 2 === 0 ? 2 : 0, Count: at % 7 },
          ...window(-at, at),
        }),
      ),
    ),
    ConceptSets: Array.from({ length: count / 10 }, (_, id) =>
      conceptSet(id, ...Array.from({ length: 10 }, (_, at) => at * id)),
    ),
  });
  const large = findingsOf(many(5000));
  assert.ok(large.length > 5000);
  const paths = new Set(large.map(({ code, path }) => `${code} ${path}`));
  assert.equal(paths.size, large.length);
});

test('every definition of the library that reads can be checked', {
  skip: withoutData('ohdsi/phenotypes'),
}, () => {
  const folder = dataSet('ohdsi/phenotypes');
  assert.ok(folder);
  let errors = 0;
  const files = readdirSync(folder);
  for (const file of files) {
    const result = read(readFileSync(join(folder, file), 'utf8'));
    assert.ok(result.ok, file);
    const findings = check(result.expression);
    assertSameInKorean(findings, check(result.expression, 'ko'));
    errors += findings.filter(({ severity }) => severity === 'error').length;
  }
  assert.equal(errors, 0, 'the library holds nothing that CDM 5.4 cannot answer');
  assert.ok(files.length >= 500);
});
