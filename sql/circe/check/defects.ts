/**
 * Places where Circe 1.12 is known to fail or to ask something else than the definition says; ours asks what it says.
 * Where Circe finds other people, `--circe-parity` reproduces it; where it fails there is nothing to reproduce.
 */

import { messages, remedies } from '#sql/circe/check/messages.ts';
import { warning } from '#sql/circe/check/warning.ts';
import { type CriterionType, describeType } from '#sql/circe/criteria/types.ts';
import type { CohortExpression, CorrelatedCriterion, Criterion, Filter } from '#sql/circe/expression.ts';
import type { Found, Told } from '#sql/circe/told.ts';
import { walk } from '#sql/circe/walk.ts';

const code = 'circe-differs';
const says = messages[code];

/** One warning for each place of the expression that meets a defect. */
export function defectFindings(expression: CohortExpression): readonly Found[] {
  const findings: Found[] = [];
  walk(expression, {
    criterion: (criterion) => findings.push(...criterionFindings(criterion)),
    correlated: (criterion) => findings.push(...countFindings(criterion)),
    demographic: (criterion) => findings.push(...criterion.filters.flatMap(personFindings)),
  });
  return findings;
}

function differs(path: string, message: Told): Found {
  return warning(code, path, message, remedies.parity);
}

function fails(path: string, message: Told): Found {
  return warning(code, path, message, remedies.noParity);
}

function criterionFindings(criterion: Criterion): readonly Found[] {
  return [
    ...criterion.filters.flatMap((filter) => [
      ...filterFindings(criterion, filter),
      ...unreadFindings(criterion.type, filter),
    ]),
    ...adjustmentFindings(criterion),
  ];
}

function filterFindings({ type, filters }: Criterion, filter: Filter): readonly Found[] {
  const asked = (...names: readonly string[]) => filters.some((one) => names.includes(one.name));
  if (type === 'DrugExposure' && filter.name === 'OccurrenceEndDate')
    return [differs(filter.path, says.startDate)];
  if (type === 'DrugEra' && filter.name === 'GapDays')
    return asked('EraLength')
      ? [differs(filter.path, says.gapByLength)]
      : [fails(filter.path, says.gapAlone)];
  if (filter.name === 'Abnormal' && !asked('ValueAsConcept', 'ValueAsConceptCS'))
    return [fails(filter.path, says.abnormal)];
  if (filter.kind === 'age' && filter.of === 'start' && describeType(type).circe?.ageAtEnd)
    return [differs(filter.path, says.ageAtEnd)];
  return [];
}

function unreadFindings(type: CriterionType, filter: Filter): readonly Found[] {
  const unread = describeType(type).circe?.unread ?? [];
  if (unread.includes(filter.name)) return [differs(filter.path, says.unread)];
  const excludes = `${filter.name}Exclude`;
  if (filter.kind !== 'concepts' || !filter.exclude || !unread.includes(excludes)) return [];
  return [differs(`${filter.path}Exclude`, says.unreadExclude(excludes))];
}

function adjustmentFindings({ type, path, DateAdjustment }: Criterion): readonly Found[] {
  const slip = describeType(type).circe?.adjustment;
  if (DateAdjustment === undefined || slip === undefined) return [];
  const at = `${path}.DateAdjustment`;
  if (slip === 'ignored') return [differs(at, says.notAdjusted)];
  const { StartWith, EndWith } = DateAdjustment;
  if (StartWith === 'START_DATE' && EndWith === 'END_DATE') return [];
  return [differs(at, says.adjustedFromItself)];
}

function personFindings(filter: Filter): readonly Found[] {
  if (filter.name !== 'RaceCS' && filter.name !== 'EthnicityCS') return [];
  return [differs(filter.path, says.gender)];
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

function countFindings(criterion: CorrelatedCriterion): readonly Found[] {
  const { IsDistinct, CountColumn = 'DOMAIN_CONCEPT' } = criterion.Occurrence;
  if (!IsDistinct) return [];
  const { type, CorrelatedCriteria } = criterion.Criteria;
  const path = `${criterion.path}.Occurrence`;
  if (uncompiled[type]?.includes(CountColumn)) return [fails(path, says.uncompiled(CountColumn, type))];
  if (type === 'PayerPlanPeriod' && CountColumn === 'DOMAIN_CONCEPT' && !asksPayer(criterion.Criteria))
    return [fails(path, says.payer)];
  if (type === 'VisitDetail' && CountColumn === 'VISIT_DETAIL_ID') return [fails(path, says.visitDetail)];
  if (!always.includes(CountColumn) && CorrelatedCriteria !== undefined && !isBare(CorrelatedCriteria))
    return [fails(path, says.nested(CountColumn))];
  return [];
}

function asksPayer(criterion: Criterion): boolean {
  return criterion.filters.some((filter) => filter.name === 'PayerConcept');
}

function isBare(group: NonNullable<Criterion['CorrelatedCriteria']>): boolean {
  return group.CriteriaList.length + group.DemographicCriteriaList.length + group.Groups.length === 0;
}
