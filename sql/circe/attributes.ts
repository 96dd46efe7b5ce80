/**
 * What a definition makes use of, named as Circe spells it: criterion types (`Death`), their attributes
 * (`Observation.ValueAsString`), those of demographic criteria (`DemographicCriteria.Race`), and the parts that a definition is built
 * of (`CorrelatedCriteria.StartWindow`, `EndStrategy.CustomEra`). A hospital's policy allows or denies them by these names.
 */

import { criterionTypes, demographicAttributes } from '#sql/circe/criteria/types.ts';
import type { CohortExpression, CorrelatedCriterion, Criterion } from '#sql/circe/expression.ts';
import { walk } from '#sql/circe/walk.ts';

export interface UsedAttribute {
  readonly attribute: string;
  readonly path: string;
}

/** Parts of a definition that are no criterion of their own. */
const structure: Readonly<Record<string, readonly string[]>> = {
  CorrelatedCriteria: ['StartWindow', 'EndWindow', 'RestrictVisit', 'IgnoreObservationPeriod'],
  Occurrence: ['IsDistinct', 'CountColumn'],
  CohortExpression: ['AdditionalCriteria', 'CensoringCriteria', 'CensorWindow', 'InclusionRules'],
  EndStrategy: ['DateOffset', 'CustomEra'],
};

/** True for a name such as `CorrelatedCriteria.StartWindow`: it asks nothing of the data by itself. */
export function isStructure(attribute: string): boolean {
  return Object.hasOwn(structure, attribute.split('.')[0] ?? '');
}

/** Every name that `usedAttributes` can give, types first. */
export function knownAttributes(): readonly string[] {
  const described = Object.entries(criterionTypes).map(
    ([type, { attributes }]) => [type, Object.keys(attributes)] as const,
  );
  const all = [
    ...described,
    ['DemographicCriteria', Object.keys(demographicAttributes)] as const,
    ...Object.entries(structure),
  ];
  return all.flatMap(([type, names]) => [type, ...names.map((name) => `${type}.${name}`)]);
}

/** Everything the definition uses, in the order it is met; an attribute used in several places stands once for each. */
export function usedAttributes(expression: CohortExpression): readonly UsedAttribute[] {
  const used: UsedAttribute[] = [];
  const add = (attribute: string, path: string) => used.push({ attribute, path });
  walk(expression, {
    criterion: (criterion) => addCriterion(criterion, add),
    correlated: (criterion) => addCorrelated(criterion, add),
    demographic({ path, filters }) {
      add('DemographicCriteria', path);
      for (const filter of filters) add(`DemographicCriteria.${filter.name}`, filter.path);
    },
  });
  if (expression.AdditionalCriteria) add('CohortExpression.AdditionalCriteria', '$.AdditionalCriteria');
  for (const { path } of expression.InclusionRules) add('CohortExpression.InclusionRules', path);
  if (expression.CensoringCriteria.length > 0)
    add('CohortExpression.CensoringCriteria', '$.CensoringCriteria');
  if (expression.CensorWindow) add('CohortExpression.CensorWindow', '$.CensorWindow');
  if (expression.EndStrategy) add(`EndStrategy.${expression.EndStrategy.kind}`, expression.EndStrategy.path);
  return used;
}

type Add = (attribute: string, path: string) => void;

function addCriterion(criterion: Criterion, add: Add): void {
  const { type, path } = criterion;
  add(type, path);
  for (const filter of criterion.filters) add(`${type}.${filter.name}`, filter.path);
  for (const name of ['DateAdjustment', 'UserDefinedPeriod', 'CorrelatedCriteria'] as const)
    if (criterion[name] !== undefined) add(`${type}.${name}`, `${path}.${name}`);
  if (criterion.First) add(`${type}.First`, `${path}.First`);
}

function addCorrelated(correlated: CorrelatedCriterion, add: Add): void {
  const { path, Criteria, Occurrence } = correlated;
  for (const name of ['StartWindow', 'EndWindow', 'RestrictVisit', 'IgnoreObservationPeriod'] as const)
    if (correlated[name]) add(`CorrelatedCriteria.${name}`, `${path}.${name}`);
  if (Occurrence.IsDistinct) add('Occurrence.IsDistinct', `${path}.Occurrence.IsDistinct`);
  const column = Occurrence.CountColumn;
  if (column === undefined) return;
  add('Occurrence.CountColumn', `${path}.Occurrence.CountColumn`);
  // Counting how many values a column takes reads the column: it is used like the attribute that filters by it.
  const read = countedAttribute[column];
  const known = criterionTypes[Criteria.type].attributes;
  for (const name of read ?? [])
    if (Object.hasOwn(known, name)) add(`${Criteria.type}.${name}`, `${path}.Occurrence.CountColumn`);
}

/** What an `Occurrence.CountColumn` reads, by the attributes' names; of several those that the type has. */
const countedAttribute: Readonly<Record<string, readonly string[]>> = {
  DOMAIN_CONCEPT: ['CodesetId'],
  START_DATE: ['OccurrenceStartDate', 'EraStartDate', 'PeriodStartDate', 'VisitDetailStartDate', 'StartDate'],
  END_DATE: ['OccurrenceEndDate', 'EraEndDate', 'PeriodEndDate', 'VisitDetailEndDate', 'EndDate'],
  DURATION: ['EraLength', 'PeriodLength', 'VisitLength', 'VisitDetailLength'],
  UNIT: ['Unit'],
  VALUE_AS_NUMBER: ['ValueAsNumber'],
  RANGE_LOW: ['RangeLow'],
  RANGE_HIGH: ['RangeHigh'],
  DAYS_SUPPLY: ['DaysSupply'],
  QUANTITY: ['Quantity'],
  REFILLS: ['Refills'],
  ERA_OCCURRENCES: ['OccurrenceCount'],
  GAP_DAYS: ['GapDays'],
};
