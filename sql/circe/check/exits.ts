/** How people leave the cohort, and limits that contradict each other. */

import { info, warning } from '#sql/circe/check/warning.ts';
import type { CohortExpression, Finding, Limit } from '#sql/circe/expression.ts';

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
  } else if (strategy === undefined && primary === 'All')
    findings.push(
      info('no-exit', '$.EndStrategy', 'no exit is chosen: every stay lasts to the end of observation'),
    );
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
  findings.push(...limitFindings(expression), ...drugFindings(expression));
  if (expression.CollapseSettings.EraPad < 0) {
    findings.push(
      warning('negative-days', '$.CollapseSettings.EraPad', 'a gap between eras cannot be negative'),
    );
  }
  return findings;
}

/** A limit has no effect where one before it has left one event a person. */
function limitFindings({
  PrimaryCriteria,
  AdditionalCriteria,
  QualifiedLimit,
  ExpressionLimit,
}: CohortExpression): readonly Finding[] {
  const entry = PrimaryCriteria.PrimaryCriteriaLimit;
  const acts = AdditionalCriteria !== undefined;
  return [
    // Without additional criteria it does nothing anyway, and ATLAS writes it always.
    ...(acts ? idle('$.QualifiedLimit', QualifiedLimit, entry) : []),
    ...idle('$.ExpressionLimit', ExpressionLimit, entry === 'All' && acts ? QualifiedLimit : entry),
  ];
}

function idle(path: string, limit: Limit, before: Limit): readonly Finding[] {
  if (before === 'All' || limit === before) return [];
  const found = limit === 'All' ? info : warning;
  const message = `the limit ${before} before it leaves one event a person: ${limit} chooses nothing more`;
  return [found('limit-without-effect', path, message)];
}

/** Drugs of the entry that the exit does not follow. */
function drugFindings({ PrimaryCriteria, ConceptSets, EndStrategy }: CohortExpression): readonly Finding[] {
  const followed = EndStrategy?.kind === 'CustomEra' ? EndStrategy.DrugCodesetId : undefined;
  return PrimaryCriteria.CriteriaList.flatMap((criterion) => {
    const filter = criterion.filters.find(({ name }) => name === 'CodesetId');
    if (filter?.kind !== 'codeset' || filter.CodesetId === followed) return [];
    const set = ConceptSets.find(({ id }) => id === filter.CodesetId);
    const drugs = set?.items.some(({ concept }) => concept.DOMAIN_ID?.toLowerCase() === 'drug');
    if (!drugs) return [];
    const message = `people enter by the drugs of set ${filter.CodesetId}, and the exit does not follow their exposure`;
    return [info('drug-not-in-exit', filter.path, message)];
  });
}
