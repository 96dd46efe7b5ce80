/** Groups and rules that ask nothing, or what cannot be. */

import { messages } from '#sql/circe/check/messages.ts';
import { info, warning } from '#sql/circe/check/warning.ts';
import type { CohortExpression, CriteriaGroup, InclusionRule } from '#sql/circe/expression.ts';
import type { Found } from '#sql/circe/told.ts';
import { walk } from '#sql/circe/walk.ts';

export function groupFindings(expression: CohortExpression): readonly Found[] {
  const findings: Found[] = [];
  const rules = new Set(expression.InclusionRules.map((rule) => rule.expression));
  for (const rule of expression.InclusionRules) {
    if (sizeOf(rule.expression) === 0)
      findings.push(warning('incomplete-rule', rule.path, messages['incomplete-rule']));
  }
  findings.push(...nameFindings(expression.InclusionRules));
  walk(expression, {
    group(group) {
      findings.push(...countFindings(group));
      if (sizeOf(group) === 0 && !rules.has(group))
        findings.push(info('empty-group', group.path, messages['empty-group']));
    },
    correlated(criterion) {
      const { Type, Count, IsDistinct } = criterion.Occurrence;
      const path = `${criterion.path}.Occurrence`;
      if (Type === 2 && Count === 0)
        findings.push(warning('counts-nothing', path, messages['counts-nothing'].zero));
      if (IsDistinct && Count <= 1 && Type === 2)
        findings.push(warning('needless-distinct', path, messages['needless-distinct']));
    },
  });
  return findings;
}

/** Attrition is read by the rules' names. */
function nameFindings(rules: readonly InclusionRule[]): readonly Found[] {
  const seen = new Map<string, string>();
  return rules.flatMap(({ name, path }) => {
    const bare = name.trim();
    const before = seen.get(bare);
    seen.set(bare, before ?? path);
    if (bare === '') return [info('rule-name', `${path}.name`, messages['rule-name'].none)];
    return before === undefined
      ? []
      : [info('rule-name', `${path}.name`, messages['rule-name'].same(before))];
  });
}

export function sizeOf(group: CriteriaGroup): number {
  return group.CriteriaList.length + group.DemographicCriteriaList.length + group.Groups.length;
}

function countFindings(group: CriteriaGroup): readonly Found[] {
  const size = sizeOf(group);
  if (!group.Type.startsWith('AT_') || size === 0) return [];
  if (group.Type === 'AT_LEAST' && group.Count > size) {
    return [warning('impossible-count', group.path, messages['impossible-count'](group.Count, size))];
  }
  const trivial = group.Type === 'AT_LEAST' ? group.Count <= 0 : group.Count >= size;
  return trivial ? [warning('counts-nothing', group.path, messages['counts-nothing'].group)] : [];
}
