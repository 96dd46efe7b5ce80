/** How narrow a window of the calendar a definition cuts out, wherever its bounds stand. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dateWindows } from '#sql/circe/date-bounds.ts';
import { read } from '#sql/circe/read.ts';

const today = '2026-06-30';

function narrowest(definition: object): number {
  const result = read(JSON.stringify(definition));
  assert.ok(result.ok, JSON.stringify(result));
  return Math.min(...dateWindows(result.expression, today).map(({ days }) => days));
}

const entry = (...criteria: object[]) => ({ PrimaryCriteria: { CriteriaList: criteria } });
const onset = (range: object) => ({ ConditionOccurrence: { OccurrenceStartDate: range } });
const person = (filters: object, Type = 'ALL') => ({
  name: 'rule',
  expression: { Type, CriteriaList: [], DemographicCriteriaList: [filters], Groups: [] },
});

test('a day is one day, a range counts both its ends', () => {
  assert.equal(narrowest(entry(onset({ Op: 'eq', Value: '2020-02-29' }))), 1);
  assert.equal(narrowest(entry(onset({ Op: 'bt', Value: '2020-02-01', Extent: '2020-03-01' }))), 30);
  assert.equal(narrowest(entry(onset({ Op: 'bt', Value: '2020-03-01', Extent: '2020-02-01' }))), 0);
});

test('what is open to one side is not narrow, but nothing lies after today', () => {
  assert.equal(narrowest(entry(onset({ Op: 'lte', Value: '2020-01-01' }))), Number.POSITIVE_INFINITY);
  assert.equal(narrowest(entry(onset({ Op: 'gte', Value: '2026-06-29' }))), 2);
  assert.equal(narrowest(entry(onset({ Op: 'gt', Value: '2026-06-29' }))), 1);
  assert.equal(narrowest(entry(onset({ Op: 'gte', Value: '2030-01-01' }))), 1);
});

test('start and end of one criterion are laid over each other', () => {
  const between = {
    ConditionOccurrence: {
      OccurrenceStartDate: { Op: 'gte', Value: '2020-01-01' },
      OccurrenceEndDate: { Op: 'lte', Value: '2020-01-10' },
    },
  };
  assert.equal(narrowest(entry(between)), 10);
});

test('a window split over rules, or over entry and rule, is seen whole', () => {
  const later = person({ OccurrenceStartDate: { Op: 'gte', Value: '2020-01-01' } });
  const earlier = person({ OccurrenceStartDate: { Op: 'lte', Value: '2020-01-05' } });
  assert.equal(narrowest({ ...entry({ ConditionOccurrence: {} }), InclusionRules: [later, earlier] }), 5);
  assert.equal(
    narrowest({ ...entry(onset({ Op: 'gte', Value: '2020-01-02' })), InclusionRules: [earlier] }),
    4,
  );
});

test('censor windows, periods of a criterion and nested criteria count too', () => {
  assert.equal(
    narrowest({
      ...entry({ ConditionOccurrence: {} }),
      CensorWindow: { StartDate: '2020-01-01', EndDate: '2020-01-03' },
    }),
    3,
  );
  assert.equal(
    narrowest(
      entry({ ObservationPeriod: { UserDefinedPeriod: { StartDate: '2020-01-01', EndDate: '2020-01-07' } } }),
    ),
    7,
  );
  const nested = {
    Type: 'ANY',
    CriteriaList: [
      {
        Criteria: { DrugEra: { EraStartDate: { Op: 'eq', Value: '2020-01-01' } } },
        StartWindow: { Start: { Coeff: -1 }, End: { Coeff: 1 } },
        Occurrence: { Type: 2, Count: 1 },
      },
    ],
    DemographicCriteriaList: [],
    Groups: [],
  };
  assert.equal(narrowest({ ...entry({ ConditionOccurrence: {} }), AdditionalCriteria: nested }), 1);
});
