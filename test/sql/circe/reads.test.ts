/** Whatever column the compiler reads for a definition, the definition is said to use the attribute of that column. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refusedAttributes } from '#node/policy/criteria.ts';
import { usedAttributes } from '#sql/circe/attributes.ts';
import { type CriterionType, criterionTypes, describeType } from '#sql/circe/criteria/types.ts';
import type { CohortExpression } from '#sql/circe/expression.ts';
import { conditions } from '#sql/circe/filter.ts';
import { read } from '#sql/circe/read.ts';
import { columnsIn, columnsOf, namesOf } from '#sql/circe/reads.ts';
import { createScope } from '#sql/circe/scope.ts';

const types = Object.keys(criterionTypes) as CriterionType[];
const concept = { CONCEPT_ID: 1, CONCEPT_NAME: 'one' };
const any = { PrimaryCriteria: { CriteriaList: [{ ConditionOccurrence: {} }] } };

function expressionOf(definition: object): CohortExpression {
  const result = read(JSON.stringify(definition));
  assert.ok(result.ok, JSON.stringify(result));
  return result.expression;
}

const names = (definition: object) =>
  usedAttributes(expressionOf(definition)).map(({ attribute }) => attribute);
const entry = (criterion: object) => ({ PrimaryCriteria: { CriteriaList: [criterion] } });
const counting = (type: string, Occurrence: object) => ({
  ...any,
  AdditionalCriteria: {
    Type: 'ALL',
    CriteriaList: [
      {
        Criteria: { [type]: {} },
        StartWindow: { Start: { Coeff: -1 }, End: { Coeff: 1 } },
        Occurrence: { Type: 2, Count: 2, ...Occurrence },
      },
    ],
    DemographicCriteriaList: [],
    Groups: [],
  },
});
const counted = (type: string, CountColumn: string) => counting(type, { IsDistinct: true, CountColumn });

/** Whether a policy lets the definition pass. */
function permitted(definition: object, lists: { allow?: string[]; deny?: string[] }): boolean {
  return refusedAttributes({ allow: [], deny: [], ...lists })(expressionOf(definition)).length === 0;
}

/** Columns that only lead to another table. */
const links = ['person_id', 'visit_occurrence_id', 'provider_id', 'care_site_id'];

test('every column of a compiled filter has the name of an attribute that is said to be used', () => {
  const examples: Record<string, unknown> = {
    codeset: 1,
    'set-filter': 1,
    concepts: [concept],
    selection: { CodesetId: 1, IsExclusion: false },
    number: { Op: 'gt', Value: 1 },
    text: { Op: 'contains', Text: 'x' },
    abnormal: true,
    flag: false,
    dates: { Op: 'gt', Value: '2010-01-01' },
    age: { Op: 'gt', Value: 1 },
  };
  const rows = { alias: 'x', person: 'x.person_id', start: 'start', end: 'end' };
  let columns = 0;
  for (const type of types)
    for (const [name, attribute] of Object.entries(describeType(type).attributes)) {
      const example = examples[attribute.kind];
      if (example === undefined) continue;
      const definition = entry({ [type]: { [name]: example } });
      const [criterion] = expressionOf(definition).PrimaryCriteria.CriteriaList;
      assert.ok(criterion);
      const scope = createScope({ cdmSchema: 'cdm', conceptSets: new Map([[1, [1]]]) });
      const sql = conditions(scope, criterion.filters, rows, type).join(' ');
      const used = names(definition);
      for (const [, column = ''] of sql.matchAll(/\bx\.([a-z_]+)/g)) {
        if (links.includes(column)) continue;
        columns += 1;
        assert.ok(columnsOf(attribute).includes(column), `${type}.${name} reads ${column}`);
        const own = namesOf(type, [column]);
        assert.notEqual(own.length, 0, `${type}: no attribute is called by ${column}`);
        for (const each of own)
          if (!isForm(each, name)) assert.ok(used.includes(`${type}.${each}`), `${type}.${name}: ${each}`);
      }
    }
  assert.ok(columns > 80, `${columns} columns`);
});

/** A name and its `…CS` form are one to a policy. */
const isForm = (one: string, other: string) => one.replace(/CS$/, '') === other.replace(/CS$/, '');

test('every column that may be counted has the name of an attribute', () => {
  // Numbers of a visit or an image say nothing of it.
  const nameless = ['VISIT_ID', 'VISIT_DETAIL_ID', 'STUDY', 'IMAGE'];
  for (const type of types.filter((one) => one !== 'LocationRegion')) {
    const { counts } = describeType(type);
    for (const [column, template] of Object.entries({ ...counts, START_DATE: '$start', END_DATE: '$end' })) {
      if (nameless.includes(column) || !template.includes('$')) continue;
      const used = names(counted(type, column)).filter((name) => name.startsWith(`${type}.`));
      assert.notEqual(used.length, 0, `${type} counts ${column}`);
      for (const read of columnsIn(template))
        assert.ok(
          namesOf(type, [read]).every((name) => used.includes(`${type}.${name}`)),
          `${type} ${column}: ${read}`,
        );
    }
  }
});

test('an era of drugs reads drug exposures', () => {
  const era = {
    ...any,
    ConceptSets: [{ id: 1, name: 'drugs', expression: { items: [] } }],
    EndStrategy: { CustomEra: { DrugCodesetId: 1, GapDays: 0, Offset: 0 } },
  };
  assert.ok(permitted(era, {}));
  for (const deny of ['DrugExposure', 'DrugExposure.CodesetId', '*.DrugSourceConcept'])
    assert.ok(!permitted(era, { deny: [deny] }), deny);
  assert.ok(!permitted(era, { allow: ['ConditionOccurrence'] }));
  assert.ok(permitted(era, { allow: ['ConditionOccurrence', 'DrugExposure'] }));
});

test('ratios and abnormal values read the value and the range', () => {
  const number = { Op: 'gt', Value: 1 };
  const reads: Record<string, readonly string[]> = {
    RangeLowRatio: ['ValueAsNumber', 'RangeLow'],
    RangeHighRatio: ['ValueAsNumber', 'RangeHigh'],
    Abnormal: ['ValueAsNumber', 'RangeLow', 'RangeHigh', 'ValueAsConcept', 'ValueAsConceptCS'],
  };
  for (const [name, others] of Object.entries(reads)) {
    const definition = entry({ Measurement: { [name]: name === 'Abnormal' ? true : number } });
    for (const other of others)
      assert.ok(!permitted(definition, { deny: [`Measurement.${other}`] }), `${name} reads ${other}`);
    assert.ok(!permitted(definition, { allow: [`Measurement.${name}`] }), name);
    assert.ok(permitted(definition, { allow: ['Measurement'] }), name);
  }
  assert.ok(permitted(entry({ Measurement: { RangeLowRatio: number } }), { deny: ['*.RangeHigh'] }));
});

test('a distinct count reads its column, by default the concept', () => {
  const reads: readonly (readonly [object, string])[] = [
    [counted('PayerPlanPeriod', 'DOMAIN_CONCEPT'), 'PayerPlanPeriod.PayerConcept'],
    [counted('ObservationPeriod', 'DOMAIN_CONCEPT'), 'ObservationPeriod.PeriodType'],
    [counted('Death', 'DOMAIN_CONCEPT'), 'Death.CodesetId'],
    [counting('Death', { IsDistinct: true }), 'Death.CodesetId'],
    [counting('PayerPlanPeriod', { IsDistinct: true }), 'PayerPlanPeriod.PayerConcept'],
    [counted('ConditionOccurrence', 'DURATION'), 'ConditionOccurrence.OccurrenceEndDate'],
    [counted('DrugExposure', 'DURATION'), 'DrugExposure.OccurrenceEndDate'],
    [counted('DeviceExposure', 'DURATION'), 'DeviceExposure.OccurrenceEndDate'],
    [counted('VisitOccurrence', 'DURATION'), 'VisitOccurrence.VisitLength'],
    [counted('DrugEra', 'DURATION'), 'DrugEra.EraLength'],
    [counted('Measurement', 'END_DATE'), 'Measurement.OccurrenceStartDate'],
    [counted('DrugEra', 'GAP_DAYS'), 'DrugEra.GapDays'],
    [counted('DoseEra', 'UNIT'), 'DoseEra.Unit'],
  ];
  for (const [definition, name] of reads) {
    assert.ok(!permitted(definition, { deny: [name] }), name);
    assert.ok(permitted(definition, { allow: ['ConditionOccurrence', name.split('.')[0] ?? ''] }), name);
  }
  assert.ok(permitted(counting('Death', {}), { deny: ['Death.CodesetId'] }), 'counting rows reads none');
});

test('dates that take each other’s place are both used', () => {
  const DateAdjustment = { StartWith: 'END_DATE', StartOffset: 0, EndWith: 'END_DATE', EndOffset: 0 };
  const definition = entry({ ConditionOccurrence: { DateAdjustment } });
  assert.ok(!permitted(definition, { deny: ['ConditionOccurrence.OccurrenceEndDate'] }));
  const period = entry({ ObservationPeriod: { UserDefinedPeriod: { StartDate: '2010-01-01' } } });
  assert.ok(!permitted(period, { deny: ['*.PeriodStartDate'] }));
  assert.ok(!permitted(period, { deny: ['*.PeriodEndDate'] }));
});
