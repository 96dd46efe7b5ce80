/** Walks an expression: every criterion and every group, wherever it stands. */

import type {
  CohortExpression,
  CorrelatedCriterion,
  CriteriaGroup,
  Criterion,
  DemographicCriterion,
} from '#sql/circe/expression.ts';

export interface Visitor {
  criterion?(criterion: Criterion, role: 'entry' | 'correlated' | 'censoring'): void;
  /** The criterion with its window and count; the criterion itself is visited as well. */
  correlated?(criterion: CorrelatedCriterion): void;
  demographic?(criterion: DemographicCriterion): void;
  group?(group: CriteriaGroup): void;
}

export function walk(expression: CohortExpression, visitor: Visitor): void {
  for (const criterion of expression.PrimaryCriteria.CriteriaList)
    visitCriterion(criterion, 'entry', visitor);
  if (expression.AdditionalCriteria !== undefined) visitGroup(expression.AdditionalCriteria, visitor);
  for (const rule of expression.InclusionRules) visitGroup(rule.expression, visitor);
  for (const criterion of expression.CensoringCriteria) visitCriterion(criterion, 'censoring', visitor);
}

function visitCriterion(
  criterion: Criterion,
  role: 'entry' | 'correlated' | 'censoring',
  visitor: Visitor,
): void {
  visitor.criterion?.(criterion, role);
  if (criterion.CorrelatedCriteria !== undefined) visitGroup(criterion.CorrelatedCriteria, visitor);
}

function visitGroup(group: CriteriaGroup, visitor: Visitor): void {
  visitor.group?.(group);
  for (const criterion of group.CriteriaList) {
    visitor.correlated?.(criterion);
    visitCriterion(criterion.Criteria, 'correlated', visitor);
  }
  for (const criterion of group.DemographicCriteriaList) visitor.demographic?.(criterion);
  for (const inner of group.Groups) visitGroup(inner, visitor);
}
