/** How people leave the cohort, and limits that contradict each other. */

import { messages, remedies } from '#sql/circe/check/messages.ts';
import { info, warning } from '#sql/circe/check/warning.ts';
import type { CohortExpression, Limit } from '#sql/circe/expression.ts';
import type { Found } from '#sql/circe/told.ts';

export function exitFindings(expression: CohortExpression): readonly Found[] {
  const strategy = expression.EndStrategy;
  const primary = expression.PrimaryCriteria.PrimaryCriteriaLimit;
  const last = expression.ExpressionLimit;
  const findings: Found[] = [];
  if (strategy === undefined && primary === 'All' && last === 'All') {
    findings.push(warning('no-exit', '$.EndStrategy', messages['no-exit'].all, remedies.chooseExit));
  } else if (strategy === undefined && primary === 'All')
    findings.push(info('no-exit', '$.EndStrategy', messages['no-exit'].one));
  if (strategy?.kind === 'DateOffset' && strategy.DateField === 'StartDate' && strategy.Offset === 0) {
    findings.push(warning('zero-offset', `${strategy.path}.Offset`, messages['zero-offset']));
  }
  if (strategy?.kind === 'DateOffset' && strategy.Offset < 0) {
    findings.push(warning('negative-days', `${strategy.path}.Offset`, messages['negative-days'].exit));
  }
  findings.push(...limitFindings(expression), ...drugFindings(expression));
  if (expression.CollapseSettings.EraPad < 0) {
    findings.push(warning('negative-days', '$.CollapseSettings.EraPad', messages['negative-days'].gap));
  }
  return findings;
}

/** A limit has no effect where one before it has left one event a person. */
function limitFindings({
  PrimaryCriteria,
  AdditionalCriteria,
  QualifiedLimit,
  ExpressionLimit,
}: CohortExpression): readonly Found[] {
  const entry = PrimaryCriteria.PrimaryCriteriaLimit;
  const acts = AdditionalCriteria !== undefined;
  return [
    // Without additional criteria it does nothing anyway, and ATLAS writes it always.
    ...(acts ? idle('$.QualifiedLimit', QualifiedLimit, entry) : []),
    ...idle('$.ExpressionLimit', ExpressionLimit, entry === 'All' && acts ? QualifiedLimit : entry),
  ];
}

function idle(path: string, limit: Limit, before: Limit): readonly Found[] {
  if (before === 'All' || limit === before) return [];
  const found = limit === 'All' ? info : warning;
  const message = messages['limit-without-effect'](before, limit);
  return [found('limit-without-effect', path, message)];
}

/** Drugs of the entry that the exit does not follow. */
function drugFindings({ PrimaryCriteria, ConceptSets, EndStrategy }: CohortExpression): readonly Found[] {
  const followed = EndStrategy?.kind === 'CustomEra' ? EndStrategy.DrugCodesetId : undefined;
  return PrimaryCriteria.CriteriaList.flatMap((criterion) => {
    const filter = criterion.filters.find(({ name }) => name === 'CodesetId');
    if (filter?.kind !== 'codeset' || filter.CodesetId === followed) return [];
    const set = ConceptSets.find(({ id }) => id === filter.CodesetId);
    const drugs = set?.items.some(({ concept }) => concept.DOMAIN_ID?.toLowerCase() === 'drug');
    if (!drugs) return [];
    const message = messages['drug-not-in-exit'](filter.CodesetId);
    return [info('drug-not-in-exit', filter.path, message)];
  });
}
