/** Groups and rules that ask nothing, or what cannot be. */

import { info, warning } from '#sql/circe/check/warning.ts';
import type { CohortExpression, CriteriaGroup, Finding, InclusionRule } from '#sql/circe/expression.ts';
import { walk } from '#sql/circe/walk.ts';

export function groupFindings(expression: CohortExpression): readonly Finding[] {
  const findings: Finding[] = [];
  const rules = new Set(expression.InclusionRules.map((rule) => rule.expression));
  for (const rule of expression.InclusionRules) {
    if (sizeOf(rule.expression) === 0)
      findings.push(warning('incomplete-rule', rule.path, 'the rule has no criteria: everybody passes'));
  }
  findings.push(...nameFindings(expression.InclusionRules));
  walk(expression, {
    group(group) {
      findings.push(...countFindings(group));
      if (sizeOf(group) === 0 && !rules.has(group))
        findings.push(info('empty-group', group.path, 'the group has no criteria: it is always true'));
    },
    correlated(criterion) {
      const { Type, Count, IsDistinct } = criterion.Occurrence;
      const path = `${criterion.path}.Occurrence`;
      if (Type === 2 && Count === 0)
        findings.push(warning('counts-nothing', path, 'at least 0 is true of everybody'));
      if (IsDistinct && Count <= 1 && Type === 2)
        findings.push(warning('needless-distinct', path, 'one distinct value is one value'));
    },
  });
  return findings;
}

/** Attrition is read by the rules' names. */
function nameFindings(rules: readonly InclusionRule[]): readonly Finding[] {
  const seen = new Map<string, string>();
  return rules.flatMap(({ name, path }) => {
    const bare = name.trim();
    const before = seen.get(bare);
    seen.set(bare, before ?? path);
    if (bare === '') return [info('rule-name', `${path}.name`, 'the rule has no name')];
    return before === undefined ? [] : [info('rule-name', `${path}.name`, `${before} has the same name`)];
  });
}

export function sizeOf(group: CriteriaGroup): number {
  return group.CriteriaList.length + group.DemographicCriteriaList.length + group.Groups.length;
}

function countFindings(group: CriteriaGroup): readonly Finding[] {
  const size = sizeOf(group);
  if (!group.Type.startsWith('AT_') || size === 0) return [];
  if (group.Type === 'AT_LEAST' && group.Count > size) {
    return [
      warning('impossible-count', group.path, `at least ${group.Count} of ${size} criteria: nobody can pass`),
    ];
  }
  const trivial = group.Type === 'AT_LEAST' ? group.Count <= 0 : group.Count >= size;
  return trivial ? [warning('counts-nothing', group.path, 'this count is true of everybody')] : [];
}
