/** What a definition uses is named wherever it stands, for every type and every attribute that Circe knows. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isStructure, knownAttributes, usedAttributes } from '#sql/circe/attributes.ts';
import type { Attribute } from '#sql/circe/criteria/attribute.ts';
import { criterionTypes, demographicAttributes } from '#sql/circe/criteria/types.ts';
import { read } from '#sql/circe/read.ts';

const concept = { CONCEPT_ID: 1, CONCEPT_NAME: 'one' };

/** JSON that uses the attribute; undefined where it is but a switch of another. */
function example(attribute: Attribute): unknown {
  switch (attribute.kind) {
    case 'codeset':
    case 'set-filter':
      return 1;
    case 'first':
    case 'flag':
    case 'abnormal':
      return true;
    case 'concepts':
      return [concept];
    case 'selection':
      return { CodesetId: 1, IsExclusion: false };
    case 'dates':
      return { Op: 'gt', Value: '2010-01-01' };
    case 'number':
    case 'age':
      return { Op: 'gt', Value: 1 };
    case 'text':
      return { Op: 'contains', Text: 'x' };
    case 'cohort':
      return 'x';
    case 'adjustment':
      return { StartWith: 'START_DATE', StartOffset: 1, EndWith: 'END_DATE', EndOffset: 1 };
    case 'period':
      return { StartDate: '2010-01-01' };
    case 'group':
      return { Type: 'ALL', CriteriaList: [], DemographicCriteriaList: [], Groups: [] };
    case 'unanswerable':
      return [concept];
    case 'exclude':
      return undefined;
  }
}

const entry = (criterion: object) => ({ PrimaryCriteria: { CriteriaList: [criterion] } });
const group = (parts: object) => ({
  Type: 'ALL',
  CriteriaList: [],
  DemographicCriteriaList: [],
  Groups: [],
  ...parts,
});
const correlated = (criterion: object, more: object = {}) => ({
  Criteria: criterion,
  StartWindow: { Start: { Coeff: -1 }, End: { Coeff: 1 } },
  Occurrence: { Type: 2, Count: 1 },
  ...more,
});
const rule = (expression: object) => ({ InclusionRules: [{ name: 'rule', expression }] });
const any = entry({ ConditionOccurrence: {} });

function names(definition: object): string[] {
  const result = read(JSON.stringify(definition));
  assert.ok(result.ok, JSON.stringify(result));
  return usedAttributes(result.expression).map(({ attribute }) => attribute);
}

test('names every attribute of every criterion type', () => {
  let checked = 0;
  for (const [type, { attributes }] of Object.entries(criterionTypes)) {
    for (const [name, attribute] of Object.entries(attributes)) {
      const value = example(attribute as Attribute);
      if (value === undefined) continue;
      const used = names(entry({ [type]: { [name]: value } }));
      assert.ok(used.includes(type), `${type} itself`);
      assert.ok(used.includes(`${type}.${name}`), `${type}.${name}: ${used}`);
      checked += 1;
    }
  }
  assert.ok(checked > 250, `${checked} attributes`);
});

test('names every attribute of a demographic criterion', () => {
  for (const [name, attribute] of Object.entries(demographicAttributes)) {
    const used = names({
      ...any,
      ...rule(group({ DemographicCriteriaList: [{ [name]: example(attribute) }] })),
    });
    assert.ok(used.includes('DemographicCriteria'));
    assert.ok(used.includes(`DemographicCriteria.${name}`), name);
  }
});

test('finds a criterion in every place where one may stand', () => {
  const death = { Death: { OccurrenceStartDate: { Op: 'gt', Value: '2010-01-01' } } };
  const places: Record<string, object> = {
    entry: entry(death),
    'correlated with an entry': entry({
      ConditionOccurrence: { CorrelatedCriteria: group({ CriteriaList: [correlated(death)] }) },
    }),
    additional: { ...any, AdditionalCriteria: group({ CriteriaList: [correlated(death)] }) },
    rule: { ...any, ...rule(group({ CriteriaList: [correlated(death)] })) },
    'group in a group': {
      ...any,
      ...rule(group({ Groups: [group({ Groups: [group({ CriteriaList: [correlated(death)] })] })] })),
    },
    censoring: { ...any, CensoringCriteria: [death] },
  };
  for (const [place, definition] of Object.entries(places))
    assert.ok(names(definition).includes('Death.OccurrenceStartDate'), place);
});

test('names windows, counts, exits and what a distinct count reads', () => {
  const used = names({
    ...any,
    ...rule(
      group({
        CriteriaList: [
          correlated(
            { Measurement: {} },
            {
              EndWindow: { Start: { Coeff: -1 }, End: { Coeff: 1 } },
              RestrictVisit: true,
              IgnoreObservationPeriod: true,
              Occurrence: { Type: 2, Count: 3, IsDistinct: true, CountColumn: 'VALUE_AS_NUMBER' },
            },
          ),
        ],
      }),
    ),
    AdditionalCriteria: group({}),
    CensoringCriteria: [{ Death: {} }],
    CensorWindow: { StartDate: '2010-01-01' },
    EndStrategy: { DateOffset: { DateField: 'StartDate', Offset: 1 } },
  });
  for (const name of [
    'CorrelatedCriteria.StartWindow',
    'CorrelatedCriteria.EndWindow',
    'CorrelatedCriteria.RestrictVisit',
    'CorrelatedCriteria.IgnoreObservationPeriod',
    'Occurrence.IsDistinct',
    'Occurrence.CountColumn',
    'Measurement.ValueAsNumber',
    'CohortExpression.AdditionalCriteria',
    'CohortExpression.InclusionRules',
    'CohortExpression.CensoringCriteria',
    'CohortExpression.CensorWindow',
    'EndStrategy.DateOffset',
  ])
    assert.ok(used.includes(name), name);
});

test('every name given is a known one, and tells where it stands', () => {
  const known = new Set(knownAttributes());
  const result = read(
    JSON.stringify(entry({ Observation: { ValueAsString: { Op: 'contains', Text: 'x' } } })),
  );
  assert.ok(result.ok);
  const used = usedAttributes(result.expression);
  assert.deepEqual(
    used.filter(({ attribute }) => !known.has(attribute)),
    [],
  );
  assert.deepEqual(used.at(-1), {
    attribute: 'Observation.ValueAsString',
    path: '$.PrimaryCriteria.CriteriaList[0].Observation.ValueAsString',
  });
  assert.ok(isStructure('CorrelatedCriteria.StartWindow'));
  assert.ok(!isStructure('Observation.ValueAsString'));
});
