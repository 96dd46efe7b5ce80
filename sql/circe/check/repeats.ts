/** Criteria that stand twice, and criteria that cannot hold together. */

import { messages } from '#sql/circe/check/messages.ts';
import { info, warning } from '#sql/circe/check/warning.ts';
import type {
  CohortExpression,
  CorrelatedCriterion,
  CriteriaGroup,
  Criterion,
  Filter,
  Occurrence,
} from '#sql/circe/expression.ts';
import type { Found } from '#sql/circe/told.ts';
import { walk } from '#sql/circe/walk.ts';

export function repeatFindings(expression: CohortExpression): readonly Found[] {
  const findings: Found[] = [...repeated(expression.PrimaryCriteria.CriteriaList)];
  const criteria: Criterion[] = [];
  const correlated: CorrelatedCriterion[] = [];
  walk(expression, {
    criterion: (criterion) => void criteria.push(criterion),
    correlated: (criterion) => void correlated.push(criterion),
    group: (group) => void findings.push(...repeated(group.CriteriaList)),
  });
  const told = new Set(findings.map(({ path }) => path));
  const contrary = [...contradictions(togetherIn(expression)), ...nested(criteria)];
  findings.push(...contrary);
  for (const { path } of contrary) told.add(path);
  return [
    ...findings,
    ...alike(
      criteria.filter(({ path }) => !told.has(path) && !told.has(path.replace(/\.Criteria\.\w+$/, ''))),
    ),
    ...doubtful(correlated.filter(({ path }) => !told.has(path))),
  ];
}

/** What is asked of every event that stays: the criteria of all groups of ALL, in rules and additional criteria. */
function togetherIn({
  AdditionalCriteria,
  InclusionRules,
}: CohortExpression): readonly CorrelatedCriterion[] {
  const groups = [
    ...(AdditionalCriteria === undefined ? [] : [AdditionalCriteria]),
    ...InclusionRules.map((rule) => rule.expression),
  ];
  return groups.flatMap(allOf);
}

/** Of a group of one kind or another: its criteria, where all must hold. */
function allOf(group: CriteriaGroup): readonly CorrelatedCriterion[] {
  const alone = group.CriteriaList.length + group.DemographicCriteriaList.length + group.Groups.length === 1;
  if (group.Type !== 'ALL' && !(group.Type === 'ANY' && alone)) return [];
  return [...group.CriteriaList, ...group.Groups.flatMap(allOf)];
}

function nested(criteria: readonly Criterion[]): readonly Found[] {
  return criteria.flatMap(({ CorrelatedCriteria: group }) =>
    group === undefined ? [] : contradictions(allOf(group)),
  );
}

/** The same criterion in the same window that must be there and must not. */
function contradictions(list: readonly CorrelatedCriterion[]): readonly Found[] {
  const groups = Map.groupBy(list, ({ Occurrence: { IsDistinct, CountColumn }, ...rest }) =>
    withoutPaths([rest, IsDistinct, CountColumn]),
  );
  return [...groups.values()].flatMap((same) =>
    disjoint(same).map(([one, other]) =>
      warning('contradiction', other.path, messages.contradiction.sure(one.path)),
    ),
  );
}

/** The same concept set that must be there and must not, in windows that differ: often meant. */
function doubtful(list: readonly CorrelatedCriterion[]): readonly Found[] {
  const groups = Map.groupBy(list, ({ Criteria, Occurrence: { IsDistinct, CountColumn } }) =>
    [subject(Criteria), IsDistinct, CountColumn].join(' '),
  );
  return [...groups.values()].flatMap((same) =>
    disjoint(same).map(([one, other]) =>
      info('contradiction', other.path, messages.contradiction.doubtful(one.path)),
    ),
  );
}

type Pair = readonly [CorrelatedCriterion, CorrelatedCriterion];

/** Each criterion with the first before it that leaves no count for both; bounded, since lists may be long. */
function disjoint(list: readonly CorrelatedCriterion[]): readonly Pair[] {
  const kinds = new Map<string, CorrelatedCriterion>();
  return list.flatMap((other) => {
    const { Type, Count } = other.Occurrence;
    const one = [...kinds.values()].find((before) => !overlap(before.Occurrence, other.Occurrence));
    const kind = `${Type} ${Count}`;
    if (!kinds.has(kind)) kinds.set(kind, other);
    return one === undefined ? [] : [[one, other] as const];
  });
}

function overlap(one: Occurrence, other: Occurrence): boolean {
  const least = ({ Type, Count }: Occurrence) => (Type === 1 ? 0 : Count);
  const most = ({ Type, Count }: Occurrence) => (Type === 2 ? Infinity : Count);
  return Math.max(least(one), least(other)) <= Math.min(most(one), most(other));
}

function repeated(list: readonly (Criterion | CorrelatedCriterion)[]): readonly Found[] {
  const seen = new Map<string, string>();
  return list.flatMap((item) => {
    const text = withoutPaths(item);
    const before = seen.get(text);
    seen.set(text, before ?? item.path);
    return before === undefined
      ? []
      : [warning('duplicate-criterion', item.path, messages['duplicate-criterion'].same(before))];
  });
}

/** Criteria that ask the same concept set, whatever else they ask: one finding for each set. */
function alike(criteria: readonly Criterion[]): readonly Found[] {
  const groups = Map.groupBy(
    criteria.filter(({ filters }) => filters.some(isSet)),
    subject,
  );
  return [...groups.values()].flatMap((same) => {
    const [one, other, ...more] = same;
    if (one === undefined || other === undefined) return [];
    return [
      info('duplicate-criterion', other.path, messages['duplicate-criterion'].alike(one.path, more.length)),
    ];
  });
}

function subject({ type, filters }: Criterion): string {
  return [
    type,
    ...filters.flatMap((filter) => (isSet(filter) ? [`${filter.name} ${filter.CodesetId}`] : [])),
  ].join(' ');
}

function isSet(filter: Filter): filter is Filter & { readonly kind: 'codeset' } {
  return filter.kind === 'codeset';
}

function withoutPaths(data: unknown): string {
  return JSON.stringify(data, (name, value) =>
    name === 'path' ? undefined : typeof value === 'bigint' ? `${value}` : value,
  );
}
