/** How people leave the cohort, and limits that contradict each other. */

import { warning } from '#sql/circe/check/warning.ts';
import type { CohortExpression, Finding } from '#sql/circe/expression.ts';

export function exitFindings(expression: CohortExpression): readonly Finding[] {
  const strategy = expression.EndStrategy;
  const primary = expression.PrimaryCriteria.PrimaryCriteriaLimit;
  const last = expression.ExpressionLimit;
  const findings: Finding[] = [];
  if (strategy === undefined && primary === 'All' && last === 'All') {
    findings.push(
      warning(
        'no-exit',
        '$.EndStrategy',
        'all events are kept and none has an exit: every stay lasts to the end of observation',
        'Choose a cohort exit, or limit the cohort to one event a person.',
      ),
    );
  }
  if (strategy?.kind === 'DateOffset' && strategy.DateField === 'StartDate' && strategy.Offset === 0) {
    findings.push(
      warning('zero-offset', `${strategy.path}.Offset`, 'every stay lasts zero days (it ends on its start)'),
    );
  }
  if (strategy?.kind === 'DateOffset' && strategy.Offset < 0) {
    findings.push(
      warning('negative-days', `${strategy.path}.Offset`, 'stays may end before they start: those disappear'),
    );
  }
  if (primary !== 'All' && last !== primary && last !== 'All') {
    const message = `the entry limit ${primary} leaves one event a person: ${last} chooses nothing more`;
    findings.push(warning('limit-without-effect', '$.ExpressionLimit', message));
  }
  if (expression.CollapseSettings.EraPad < 0) {
    findings.push(
      warning('negative-days', '$.CollapseSettings.EraPad', 'a gap between eras cannot be negative'),
    );
  }
  return findings;
}
