/** Where `RestrictImage` may stand: about an image criterion, where the event it is asked of can be an image too. */

import { describeType } from '#sql/circe/criteria/types.ts';
import type { CohortExpression, CriteriaGroup, Criterion } from '#sql/circe/expression.ts';
import { readMessages, readRemedies } from '#sql/circe/read/messages.ts';
import type { Found } from '#sql/circe/told.ts';
import { walk } from '#sql/circe/walk.ts';

/** Whether the rows of a criterion are images or findings in them. */
export function isOfImage({ type }: Criterion): boolean {
  return describeType(type).image !== undefined;
}

/** An error for every `RestrictImage` that has no image on one of its two sides: it would be true of nothing. */
export function imageLinkFindings(expression: CohortExpression): readonly Found[] {
  const linked = new Set<string>();
  const { AdditionalCriteria, InclusionRules, PrimaryCriteria } = expression;
  // Of several entry criteria those without images are of no image.
  if (PrimaryCriteria.CriteriaList.some(isOfImage))
    for (const group of [AdditionalCriteria ?? [], InclusionRules.map((rule) => rule.expression)].flat())
      for (const path of pathsOf(group)) linked.add(path);
  const findings: Found[] = [];
  walk(expression, {
    // A criterion is visited before its group.
    criterion(criterion) {
      const { CorrelatedCriteria } = criterion;
      if (!isOfImage(criterion) || CorrelatedCriteria === undefined) return;
      for (const path of pathsOf(CorrelatedCriteria)) linked.add(path);
    },
    correlated({ path, Criteria, RestrictImage }) {
      if (!RestrictImage) return;
      if (linked.has(path) && isOfImage(Criteria)) return;
      findings.push({
        code: 'restrict-image',
        severity: 'error',
        path: `${path}.RestrictImage`,
        message: readMessages.restrictImage,
        remedy: readRemedies.restrictImage,
      });
    },
  });
  return findings;
}

function pathsOf(group: CriteriaGroup): readonly string[] {
  return [...group.CriteriaList.map(({ path }) => path), ...group.Groups.flatMap(pathsOf)];
}
