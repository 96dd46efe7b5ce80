/** Groups and rules that ask nothing, ask twice, or ask what cannot be. */

import { warning } from '#sql/circe/check/warning.ts';
import type {
  CohortExpression,
  CorrelatedCriterion,
  CriteriaGroup,
  Criterion,
  Finding,
} from '#sql/circe/expression.ts';
import { walk } from '#sql/circe/walk.ts';

export function groupFindings(expression: CohortExpression): readonly Finding[] {
  const findings: Finding[] = [];
  for (const rule of expression.InclusionRules) {
    if (sizeOf(rule.expression) === 0) {
      findings.push(warning('incomplete-rule', rule.path, 'the rule has no criteria: everybody passes'));
    }
  }
  findings.push(...repeated(expression.PrimaryCriteria.CriteriaList, 'duplicate-criterion'));
  walk(expression, {
    group(group) {
      findings.push(...countFindings(group));
      if (group.Type === 'ALL') findings.push(...contradictions(group.CriteriaList));
      findings.push(...repeated(group.CriteriaList, 'duplicate-criterion'));
    },
    correlated(criterion) {
      const { Type, Count, IsDistinct } = criterion.Occurrence;
      if (Type === 2 && Count === 0) {
        findings.push(
          warning('counts-nothing', `${criterion.path}.Occurrence`, 'at least 0 is true of everybody'),
        );
      }
      if (IsDistinct && Count <= 1 && Type === 2) {
        findings.push(
          warning('needless-distinct', `${criterion.path}.Occurrence`, 'one distinct value is one value'),
        );
      }
    },
  });
  return findings;
}

function sizeOf(group: CriteriaGroup): number {
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

/** The same criterion in the same window that must be there and must not. */
function contradictions(list: readonly CorrelatedCriterion[]): readonly Finding[] {
  return list.flatMap((one, index) =>
    list
      .slice(index + 1)
      .filter((other) => bareText(one) === bareText(other) && !overlap(one.Occurrence, other.Occurrence))
      .map((other) => warning('contradiction', other.path, `cannot hold together with ${one.path}`)),
  );
}

function overlap(one: CorrelatedCriterion['Occurrence'], other: CorrelatedCriterion['Occurrence']): boolean {
  const least = (o: typeof one) => (o.Type === 1 ? 0 : o.Count);
  const most = (o: typeof one) => (o.Type === 2 ? Infinity : o.Count);
  return Math.max(least(one), least(other)) <= Math.min(most(one), most(other));
}

function repeated(list: readonly (Criterion | CorrelatedCriterion)[], code: string): readonly Finding[] {
  const seen = new Map<string, string>();
  return list.flatMap((item) => {
    const text = withoutPaths(item);
    const before = seen.get(text);
    seen.set(text, before ?? item.path);
    return before === undefined ? [] : [warning(code, item.path, `says the same as ${before}`)];
  });
}

function bareText(criterion: CorrelatedCriterion): string {
  const { Occurrence: _, ...rest } = criterion;
  return withoutPaths(rest);
}

function withoutPaths(data: unknown): string {
  return JSON.stringify(data, (name, value) =>
    name === 'path' ? undefined : typeof value === 'bigint' ? `${value}` : value,
  );
}
