/** Every attribute and count column of every criterion type is asked of an empty CDM 5.4: each column must be there. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Attribute } from '#sql/circe/criteria/attribute.ts';
import {
  type CriterionType,
  criterionTypes,
  demographicAttributes,
  describeType,
} from '#sql/circe/criteria/types.ts';
import { cohort, conceptSet, correlated, group } from './definitions.ts';
import { tinyCdm } from './tiny-cdm.ts';

/** Some JSON of each kind of attribute; undefined where there is none to ask. */
function sample(attribute: Attribute): unknown {
  switch (attribute.kind) {
    case 'codeset':
    case 'set-filter':
      return 0;
    case 'concepts':
      return [{ CONCEPT_ID: 1 }, { CONCEPT_ID: 2 }];
    case 'selection':
      return { CodesetId: 0, IsExclusion: true };
    case 'dates':
      return { Op: 'bt', Value: '2010-01-01', Extent: '2011-01-01' };
    case 'number':
    case 'age':
      return { Op: '!bt', Value: 1, Extent: 2 };
    case 'text':
      return { Op: '!contains', Text: 'x' };
    case 'adjustment':
      return { StartWith: 'END_DATE', StartOffset: -1, EndWith: 'START_DATE', EndOffset: 2 };
    case 'period':
      return { StartDate: '2010-01-01', EndDate: '2011-01-01' };
    case 'group':
      return group('ALL', [correlated({ ConditionOccurrence: {} })]);
    case 'first':
    case 'flag':
    case 'exclude':
    case 'abnormal':
      return true;
    case 'cohort':
    case 'unanswerable':
      return undefined;
  }
}

/** Not of CDM 5.4: no table, and rows of another cohort. */
const elsewhere: readonly string[] = ['LocationRegion', 'CohortMembership'];
const types = (Object.keys(criterionTypes) as CriterionType[]).filter((type) => !elsewhere.includes(type));

test('every attribute of every criterion type finds its column, alone and with all others', async (t) => {
  const cdm = await tinyCdm(t);
  const sets = { ConceptSets: [conceptSet(0, 1)] };
  for (const type of types) {
    const attributes = Object.entries(describeType(type).attributes).map(([name, attribute]) => [
      name,
      sample(attribute),
    ]);
    const full = Object.fromEntries(attributes);
    for (const given of [full, ...attributes.map(([name, value]) => ({ [String(name)]: value }))]) {
      const criterion = { [type]: given };
      const rules = [{ name: 'r', expression: group('ALL', [correlated(criterion)]) }];
      const definition = cohort([criterion], {
        ...sets,
        InclusionRules: rules,
        CensoringCriteria: [criterion],
      });
      assert.deepEqual(await cdm.rows(definition), [], `${type} ${Object.keys(given).join()}`);
    }
  }
});

test('every count column of every criterion type is there', async (t) => {
  const cdm = await tinyCdm(t);
  for (const type of types) {
    for (const column of ['START_DATE', 'END_DATE', 'VISIT_ID', ...Object.keys(describeType(type).counts)]) {
      const Occurrence = { Type: 2, Count: 2, IsDistinct: true, CountColumn: column };
      const rules = [{ name: 'r', expression: group('ALL', [correlated({ [type]: {} }, { Occurrence })]) }];
      assert.deepEqual(
        await cdm.rows(cohort([{ Death: {} }], { InclusionRules: rules })),
        [],
        `${type} ${column}`,
      );
    }
  }
});

test('every attribute of a person is there', async (t) => {
  const cdm = await tinyCdm(t);
  const person = Object.fromEntries(
    Object.entries(demographicAttributes).map(([name, attribute]) => [name, sample(attribute)]),
  );
  const rules = [{ name: 'r', expression: group('ALL', [], { DemographicCriteriaList: [person] }) }];
  assert.deepEqual(await cdm.rows(cohort([{ Death: {} }], { InclusionRules: rules })), []);
});
