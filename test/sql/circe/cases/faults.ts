/** Planted faults: an engine that forgets an attribute, or looks at another column, date or person for it. */

import { describeType } from '#sql/circe/criteria/types.ts';
import type { CohortExpression, Criterion, Filter, Place } from '#sql/circe/expression.ts';

/** The attributes that the entry criterion or the demographic criterion of an expression asks. */
export function attributesAsked(expression: CohortExpression): readonly string[] {
  const { criterion, demographic } = askedOf(expression);
  if (demographic !== undefined) return demographic.map((filter) => `DemographicCriteria.${filter.name}`);
  const parts = (['DateAdjustment', 'UserDefinedPeriod', 'CorrelatedCriteria'] as const).filter(
    (name) => criterion[name] !== undefined,
  );
  const names = [
    ...criterion.filters.map((filter) => filter.name),
    ...parts,
    ...(criterion.First ? ['First'] : []),
  ];
  return names.map((name) => `${criterion.type}.${name}`);
}

/** The expression as an engine with a fault in this attribute would have it. */
export function faulty(expression: CohortExpression, attribute: string): CohortExpression {
  const name = attribute.split('.')[1] ?? '';
  const { criterion, demographic } = askedOf(expression);
  const mistaken = (filters: readonly Filter[]) =>
    filters.flatMap((filter) => (filter.name === name ? mistake(criterion, filter) : [filter]));
  if (demographic === undefined)
    return { ...expression, ...entry(expression, without(criterion, name, mistaken)) };
  const [rule] = expression.InclusionRules;
  if (rule === undefined) throw new Error('no rule');
  const DemographicCriteriaList = rule.expression.DemographicCriteriaList.map((one) => ({
    ...one,
    filters: mistaken(one.filters),
  }));
  return {
    ...expression,
    InclusionRules: [{ ...rule, expression: { ...rule.expression, DemographicCriteriaList } }],
  };
}

function askedOf(expression: CohortExpression) {
  const [criterion] = expression.PrimaryCriteria.CriteriaList;
  if (criterion === undefined) throw new Error('no criterion');
  return {
    criterion,
    demographic: expression.InclusionRules[0]?.expression.DemographicCriteriaList[0]?.filters,
  };
}

function entry(expression: CohortExpression, criterion: Criterion) {
  return { PrimaryCriteria: { ...expression.PrimaryCriteria, CriteriaList: [criterion] } };
}

function without(
  criterion: Criterion,
  name: string,
  mistaken: (filters: readonly Filter[]) => readonly Filter[],
): Criterion {
  const { DateAdjustment, UserDefinedPeriod, CorrelatedCriteria, ...rest } = criterion;
  const parts = { DateAdjustment, UserDefinedPeriod, CorrelatedCriteria };
  const kept = Object.fromEntries(
    Object.entries(parts).filter(([part, value]) => part !== name && value !== undefined),
  );
  return {
    ...rest,
    ...kept,
    First: name === 'First' ? !criterion.First : criterion.First,
    filters: mistaken(criterion.filters),
  };
}

/** The same question of another column of the same row, of the other date, or not asked at all. */
function mistake({ type }: Criterion, filter: Filter): readonly Filter[] {
  const { id } = describeType(type);
  switch (filter.kind) {
    case 'codeset':
      return [{ ...filter, column: id }];
    case 'concepts':
    case 'selection':
    case 'presence':
      return [{ ...filter, place: elsewhere(filter.place, id) }];
    case 'text':
      return [{ ...filter, column: `${id}::text` }];
    case 'number':
      return [{ ...filter, value: filter.value.includes('$.') ? `$.${id}` : '($start - $end)' }];
    case 'dates':
    case 'age':
      return [{ ...filter, of: filter.of === 'start' ? 'end' : 'start' }];
    case 'flag':
      return [{ ...filter, value: !filter.value }];
    case 'abnormal':
    case 'cohort':
    case 'unanswerable':
      return [];
  }
}

function elsewhere(place: Place, id: string): Place {
  const ids = {
    row: id,
    person: 'person_id',
    visit: 'visit_occurrence_id',
    provider: 'provider_id',
    'care-site': 'care_site_id',
  };
  return { ...place, column: ids[place.of] };
}
