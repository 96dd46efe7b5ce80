/**
 * What is refused before SQL exists: what Circe can ask and the Common Data Model 5.4 cannot answer
 * (OHDSI/Atlas#2713), and more rules than a mask holds.
 */

import type { CohortExpression, Filter, Finding } from '#sql/circe/expression.ts';
import { walk } from '#sql/circe/walk.ts';

/** The mask of inclusion rules is a bigint whose sign bit is not used. */
const mostRules = 62;

/** Errors, one for every place that cannot be compiled. */
export function refusals(expression: CohortExpression): readonly Finding[] {
  const findings: Finding[] = expression.InclusionRules.slice(mostRules, mostRules + 1).map((rule) => ({
    code: 'too-many-rules',
    severity: 'error',
    path: rule.path,
    message: `more than ${mostRules} inclusion rules`,
    remedy: 'Put rules that belong together into one group.',
  }));
  walk(expression, {
    criterion(criterion) {
      if (criterion.type === 'LocationRegion') {
        findings.push(
          finding(criterion.path, 'CDM 5.4 has no LOCATION_HISTORY table and no region of a location'),
        );
      }
      findings.push(...criterion.filters.flatMap(refused));
    },
  });
  return findings;
}

function refused(filter: Filter): readonly Finding[] {
  return filter.kind === 'unanswerable' ? [finding(filter.path, filter.reason)] : [];
}

function finding(path: string, message: string): Finding {
  return {
    code: 'not-in-cdm-5.4',
    severity: 'error',
    path,
    message,
    remedy: 'Remove this condition from the definition.',
  };
}
