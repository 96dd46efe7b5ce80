/** Places where Circe's SQL is known to fail or to ask something else than the definition says; ours asks what it says. */

import { warning } from '#sql/circe/check/warning.ts';
import type {
  CohortExpression,
  CorrelatedCriterion,
  Criterion,
  Filter,
  Finding,
} from '#sql/circe/expression.ts';
import { walk } from '#sql/circe/walk.ts';

const code = 'circe-differs';

export function defectFindings(expression: CohortExpression): readonly Finding[] {
  const findings: Finding[] = [];
  walk(expression, {
    criterion: (criterion) => findings.push(...criterionFindings(criterion)),
    correlated: (criterion) => findings.push(...countFindings(criterion)),
    demographic: (criterion) => findings.push(...criterion.filters.flatMap(personFindings)),
  });
  return findings;
}

function criterionFindings(criterion: Criterion): readonly Finding[] {
  const named = (name: string) => criterion.filters.find((filter) => filter.name === name);
  const drugEnd = criterion.type === 'DrugExposure' ? named('OccurrenceEndDate') : undefined;
  const gap = criterion.type === 'DrugEra' ? named('GapDays') : undefined;
  const abnormal = named('ValueAsConcept') === undefined ? named('Abnormal') : undefined;
  return [
    ...(drugEnd === undefined
      ? []
      : [warning(code, drugEnd.path, 'Circe tests the start date here; so does this under --circe-parity')]),
    ...(gap === undefined
      ? []
      : [
          warning(
            code,
            gap.path,
            'Circe reads the EraLength filter here, or fails; --circe-parity reproduces the first',
          ),
        ]),
    ...(abnormal === undefined
      ? []
      : [warning(code, abnormal.path, 'Circe gives an SQL error here unless ValueAsConcept is asked too')]),
  ];
}

function personFindings(filter: Filter): readonly Finding[] {
  if (filter.name !== 'RaceCS' && filter.name !== 'EthnicityCS') return [];
  return [warning(code, filter.path, 'Circe 1.12 tests the gender here; so does this under --circe-parity')];
}

function countFindings(criterion: CorrelatedCriterion): readonly Finding[] {
  const { IsDistinct, CountColumn = 'DOMAIN_CONCEPT' } = criterion.Occurrence;
  if (!IsDistinct) return [];
  const { type, CorrelatedCriteria } = criterion.Criteria;
  const path = `${criterion.path}.Occurrence`;
  if (type === 'PayerPlanPeriod' && CountColumn === 'DOMAIN_CONCEPT') {
    return [warning(code, path, 'Circe gives an SQL error on a distinct count of payers')];
  }
  if (type === 'VisitDetail' && CountColumn === 'VISIT_ID') {
    return [warning(code, path, 'Circe cannot compile a distinct count of the visits of visit details')];
  }
  if (CountColumn === 'DOMAIN_CONCEPT' && CorrelatedCriteria !== undefined) {
    return [
      warning(code, path, 'Circe gives an SQL error on a distinct count of a criterion with nested criteria'),
    ];
  }
  return [];
}
