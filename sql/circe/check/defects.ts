/**
 * Places where Circe 1.12 is known to fail or to ask something else than the definition says; ours asks what it says.
 * Where Circe finds other people, `--circe-parity` reproduces it; where it fails there is nothing to reproduce.
 */

import { warning } from '#sql/circe/check/warning.ts';
import { type CriterionType, describeType } from '#sql/circe/criteria/types.ts';
import type {
  CohortExpression,
  CorrelatedCriterion,
  Criterion,
  Filter,
  Finding,
} from '#sql/circe/expression.ts';
import { walk } from '#sql/circe/walk.ts';

const code = 'circe-differs';
const reproduced = 'Use --circe-parity to match a cohort that Circe generated.';
const nothing = 'Circe gives no result here, so there is nothing to match.';

/** One warning for each place of the expression that meets a defect. */
export function defectFindings(expression: CohortExpression): readonly Finding[] {
  const findings: Finding[] = [];
  walk(expression, {
    criterion: (criterion) => findings.push(...criterionFindings(criterion)),
    correlated: (criterion) => findings.push(...countFindings(criterion)),
    demographic: (criterion) => findings.push(...criterion.filters.flatMap(personFindings)),
  });
  return findings;
}

function differs(path: string, message: string): Finding {
  return warning(code, path, message, reproduced);
}

function fails(path: string, message: string): Finding {
  return warning(code, path, message, nothing);
}

function criterionFindings(criterion: Criterion): readonly Finding[] {
  return [
    ...criterion.filters.flatMap((filter) => [
      ...filterFindings(criterion, filter),
      ...unreadFindings(criterion.type, filter),
    ]),
    ...adjustmentFindings(criterion),
  ];
}

function filterFindings({ type, filters }: Criterion, filter: Filter): readonly Finding[] {
  const asked = (...names: readonly string[]) => filters.some((one) => names.includes(one.name));
  if (type === 'DrugExposure' && filter.name === 'OccurrenceEndDate')
    return [differs(filter.path, 'Circe tests the start date here')];
  if (type === 'DrugEra' && filter.name === 'GapDays')
    return asked('EraLength')
      ? [differs(filter.path, 'Circe tests the gap days by the range of EraLength')]
      : [fails(filter.path, 'Circe cannot compile GapDays without EraLength')];
  if (filter.name === 'Abnormal' && !asked('ValueAsConcept', 'ValueAsConceptCS'))
    return [fails(filter.path, 'Circe gives an SQL error unless ValueAsConcept is asked too')];
  if (filter.kind === 'age' && filter.of === 'start' && describeType(type).circe?.ageAtEnd)
    return [differs(filter.path, 'Circe takes the age at the end here')];
  return [];
}

function unreadFindings(type: CriterionType, filter: Filter): readonly Finding[] {
  const unread = describeType(type).circe?.unread ?? [];
  if (unread.includes(filter.name))
    return [differs(filter.path, 'Circe drops this attribute without a word')];
  const excludes = `${filter.name}Exclude`;
  if (filter.kind !== 'concepts' || !filter.exclude || !unread.includes(excludes)) return [];
  return [differs(`${filter.path}Exclude`, `Circe drops ${excludes}: it asks for these concepts`)];
}

function adjustmentFindings({ type, path, DateAdjustment }: Criterion): readonly Finding[] {
  const slip = describeType(type).circe?.adjustment;
  if (DateAdjustment === undefined || slip === undefined) return [];
  const at = `${path}.DateAdjustment`;
  if (slip === 'ignored') return [differs(at, 'Circe does not adjust these dates')];
  const { StartWith, EndWith } = DateAdjustment;
  if (StartWith === 'START_DATE' && EndWith === 'END_DATE') return [];
  return [differs(at, 'Circe adjusts each date from itself here, whatever StartWith and EndWith say')];
}

function personFindings(filter: Filter): readonly Finding[] {
  if (filter.name !== 'RaceCS' && filter.name !== 'EthnicityCS') return [];
  return [differs(filter.path, 'Circe tests the gender here (up to 1.12.1)')];
}

/** What Circe selects of every event, also of one with nested criteria. */
const always: readonly string[] = ['START_DATE', 'END_DATE', 'VISIT_ID'];

/** Columns that ours can count and Circe cannot compile, beyond those that every type has. */
const uncompiled: Partial<Record<CriterionType, readonly string[]>> = {
  ConditionEra: ['VISIT_ID'],
  Measurement: ['UNIT'],
  Observation: ['UNIT'],
  PayerPlanPeriod: ['DURATION'],
  VisitDetail: ['VISIT_ID'],
};

function countFindings(criterion: CorrelatedCriterion): readonly Finding[] {
  const { IsDistinct, CountColumn = 'DOMAIN_CONCEPT' } = criterion.Occurrence;
  if (!IsDistinct) return [];
  const { type, CorrelatedCriteria } = criterion.Criteria;
  const path = `${criterion.path}.Occurrence`;
  if (uncompiled[type]?.includes(CountColumn))
    return [fails(path, `Circe cannot compile a distinct count of ${CountColumn} for ${type}`)];
  if (type === 'PayerPlanPeriod' && CountColumn === 'DOMAIN_CONCEPT' && !asksPayer(criterion.Criteria))
    return [
      fails(path, 'Circe gives an SQL error on a distinct count of payers unless PayerConcept is asked'),
    ];
  if (type === 'VisitDetail' && CountColumn === 'VISIT_DETAIL_ID')
    return [fails(path, 'Circe gives an SQL error on a distinct count of visit details')];
  if (!always.includes(CountColumn) && CorrelatedCriteria !== undefined && !isBare(CorrelatedCriteria))
    return [
      fails(path, `Circe gives an SQL error on a distinct count of ${CountColumn} with nested criteria`),
    ];
  return [];
}

function asksPayer(criterion: Criterion): boolean {
  return criterion.filters.some((filter) => filter.name === 'PayerConcept');
}

function isBare(group: NonNullable<Criterion['CorrelatedCriteria']>): boolean {
  return group.CriteriaList.length + group.DemographicCriteriaList.length + group.Groups.length === 0;
}
