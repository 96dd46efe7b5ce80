/** A group of criteria as one boolean condition on an index event, never NULL. */

import { chooseWay } from '#sql/circe/cost.ts';
import { type Cover, canCover, coverCondition, mostCovers } from '#sql/circe/cover.ts';
import type {
  CorrelatedCriterion,
  CriteriaGroup,
  Criterion,
  DemographicCriterion,
  Occurrence,
} from '#sql/circe/expression.ts';
import { conditions } from '#sql/circe/filter.ts';
import { listedPerson } from '#sql/circe/guard.ts';
import { type EventList, joinedCondition } from '#sql/circe/joined.ts';
import type { Scope } from '#sql/circe/scope.ts';
import { windowConditions } from '#sql/circe/window.ts';

/** SQL expressions of the event that a group is asked of. */
export interface IndexEvent {
  readonly person: string;
  readonly start: string;
  readonly end: string;
  readonly opStart: string;
  readonly opEnd: string;
  readonly visit: string;
  readonly image?: string | undefined;
  /** About how many such events there are, where that is known. */
  readonly calls?: number | undefined;
  /** What tells these events apart, and all of them under another alias: where a criterion may be asked of all at once. */
  readonly all?: { readonly key: readonly string[]; list(alias: string): EventList } | undefined;
  /** Takes the days on which criteria hold, to be joined to these events; without it they cannot be asked so. */
  readonly covers?: Cover[] | undefined;
}

/** The rows of a criterion as SQL. */
export interface EventRows {
  readonly from: string;
  readonly person: string;
  readonly where: readonly string[];
  readonly start: string;
  readonly end: string;
  readonly visit: string;
  readonly image?: string | undefined;
  readonly length?: number;
  count(column: string): string;
}

/** How the rows of a criterion are found; handed in, since nested criteria hold groups themselves. */
export type FindEvents = (scope: Scope, criterion: Criterion, person?: string) => EventRows;

/** ALL, ANY, AT_LEAST n or AT_MOST n of the members; an empty group is true. */
export function groupCondition(
  scope: Scope,
  group: CriteriaGroup,
  index: IndexEvent,
  find: FindEvents,
): string {
  const members = [
    ...group.CriteriaList.map((criterion) => correlatedCondition(scope, criterion, index, find)),
    ...group.DemographicCriteriaList.map((criterion) => demographicCondition(scope, criterion, index)),
    ...group.Groups.map((inner) => groupCondition(scope, inner, index, find)),
  ];
  const [only] = members;
  if (only === undefined) return 'true';
  const sum = () => members.map((member) => `(${member})::int`).join(' + ');
  switch (group.Type) {
    case 'ALL':
      return members.length === 1 ? only : `(${members.join('\n and ')})`;
    case 'ANY':
      return members.length === 1 ? only : `(${members.join('\n or ')})`;
    case 'AT_LEAST':
      // Circe joins outward for a count of 0 alone: below it, one must hold all the same.
      if (group.Count === 0) return 'true';
      return group.Count <= 1 ? `(${members.join('\n or ')})` : `(${sum()} >= ${group.Count})`;
    case 'AT_MOST':
      return group.Count === 0 ? `not (${members.join('\n or ')})` : `(${sum()} <= ${group.Count})`;
  }
}

function correlatedCondition(
  scope: Scope,
  criterion: CorrelatedCriterion,
  index: IndexEvent,
  find: FindEvents,
): string {
  const { Criteria, Occurrence } = criterion;
  if (Occurrence.Type === 2 && Occurrence.Count === 0) return 'true';
  const alone = scope.cohorts.length === 0;
  const way = chooseWay(scope, Criteria, index.calls, {
    join: alone && index.all !== undefined,
    cover: alone && index.covers !== undefined && index.covers.length < mostCovers && canCover(criterion),
  });
  if (way.kind === 'join' && index.all !== undefined)
    return joinedCondition(scope, criterion, index.all.key, index.all.list(scope.alias('i')), find);
  const { covers } = way.kind === 'cover' ? index : {};
  const probe = find(scope, Criteria, covers === undefined ? index.person : undefined);
  // No row has a concept of the set.
  if (probe.where.includes('false')) return String(Occurrence.Type === 1 || Occurrence.Count === 0);
  if (covers !== undefined) {
    const name = `cover_${covers.length + 1}`;
    const { condition, cover } = coverCondition(scope, criterion, probe, index.start, name);
    covers.push(cover);
    return condition;
  }
  const where = [...probe.where, ...windowConditions(criterion, probe, index)];
  const tail = `from ${probe.from}${where.length === 0 ? '' : ` where ${where.join(' and ')}`}`;
  const listed = way.kind === 'list' ? listedPerson(scope, way.source, index.person) : undefined;
  return guarded(listed, Occurrence, (column) => probe.count(column), tail);
}

/** Who is not on the list has no row: that settles every count, one way or the other. */
function guarded(
  guard: string | undefined,
  occurrence: Occurrence,
  column: (name: string) => string,
  tail: string,
): string {
  const condition = occurrenceCondition(occurrence, tail, column);
  if (guard === undefined) return condition;
  if (occurrence.Type === 1 || occurrence.Count === 0) return `not (${guard} and not (${condition}))`;
  return `(${guard} and ${condition})`;
}

/**
 * "At least one" and "none" are EXISTS; every other count reads no more rows than it needs. At most, and a count of
 * zero, are true of no rows at all (Circe's outer join).
 */
function occurrenceCondition(occurrence: Occurrence, tail: string, column: (name: string) => string): string {
  const { Type, Count } = occurrence;
  if (!occurrence.IsDistinct) {
    if (Type === 2 && Count === 1) return `exists (select 1 ${tail})`;
    if (Count === 0) return `not exists (select 1 ${tail})`;
    const limit = Type === 2 ? Count : Count + 1;
    return `(select count(*) from (select 1 ${tail} limit ${limit}) n) ${comparison(Type)} ${Count}`;
  }
  // Circe counts the domain's concept where no column is given.
  const counted = column(occurrence.CountColumn ?? 'DOMAIN_CONCEPT');
  return `(select count(distinct ${counted}) ${tail}) ${comparison(Type)} ${Count}`;
}

function comparison(type: Occurrence['Type']): string {
  if (type === 0) return '=';
  return type === 1 ? '<=' : '>=';
}

/** A person must stand in PERSON, even where nothing is asked of it. */
function demographicCondition(scope: Scope, criterion: DemographicCriterion, index: IndexEvent): string {
  const row = { alias: '', person: index.person, start: index.start, end: index.end };
  const asked = conditions(scope, criterion.filters, row, 'Demographic');
  const probesPerson = criterion.filters.some((filter) => filter.kind === 'age' || 'place' in filter);
  const alias = scope.alias('p');
  const person = `exists (select 1 from ${scope.table('person')} ${alias} where ${alias}.person_id = ${index.person})`;
  // An index event without an end date makes a date comparison NULL, which is no.
  return `coalesce(${(probesPerson ? asked : [...asked, person]).join(' and ')}, false)`;
}
