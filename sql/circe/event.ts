/** The rows of one criterion as events: where they come from and what their dates are. */

import { describeType } from '#sql/circe/criteria/types.ts';
import type { Criterion, DateAdjustment } from '#sql/circe/expression.ts';
import { conditions, template } from '#sql/circe/filter.ts';
import { groupCondition, type IndexEvent } from '#sql/circe/group.ts';
import { rowsOf } from '#sql/circe/guard.ts';
import { dateLiteral, plusDays } from '#sql/circe/literal.ts';
import type { Scope } from '#sql/circe/scope.ts';

/** SQL expressions of an event, to be used after `from … where …`. */
export interface EventSource {
  readonly from: string;
  readonly where: readonly string[];
  readonly person: string;
  readonly id: string;
  readonly start: string;
  readonly end: string;
  /** Days from start to end where they are the same for every event. */
  readonly length?: number;
  /** Orders entry events; differs from `start` where a user-defined period replaces it. */
  readonly sort: string;
  readonly visit: string;
  /** The expression of `Occurrence.CountColumn`. */
  count(column: string): string;
}

/**
 * The events of a criterion: of one person where `person` (an expression of the surrounding query) is given, else of
 * all. `First` is ranked over the rows of the concept set before every other attribute.
 */
export function eventsOf(scope: Scope, criterion: Criterion, person?: string): EventSource {
  const description = describeType(criterion.type);
  const alias = scope.alias('x');
  const table = scope.table(description.table);
  const ofPerson = person === undefined ? [] : [`${alias}.person_id = ${person}`];
  const inSets = criterion.filters.flatMap((filter) =>
    filter.kind === 'codeset' ? [scope.inSet(`${alias}.${filter.column}`, filter.CodesetId)] : [],
  );
  const ranked = [...ofPerson, ...inSets];
  const source = criterion.First
    ? firstOf(table, alias, description.start, description.id, ranked, person === undefined)
    : { from: `${table} ${alias}`, where: ranked };
  const rawStart = `${alias}.${description.start}`;
  const rawEnd =
    typeof description.end === 'number'
      ? plusDays(rawStart, description.end)
      : template(description.end, { alias });
  const raw = { start: rawStart, end: rawEnd };
  const dates = adjusted(raw, criterion.DateAdjustment, description.fixedAdjustment ?? false);
  const row = { alias, person: `${alias}.person_id`, ...dates };
  const period = criterion.UserDefinedPeriod;
  const inside = [period?.StartDate, period?.EndDate].flatMap((date) =>
    date === undefined
      ? []
      : [`${dates.start} <= ${dateLiteral(date)} and ${dates.end} >= ${dateLiteral(date)}`],
  );
  const start = period?.StartDate === undefined ? dates.start : dateLiteral(period.StartDate);
  const end = period?.EndDate === undefined ? dates.end : dateLiteral(period.EndDate);
  const visit = description.visit === undefined ? 'null::bigint' : `${alias}.${description.visit}`;
  // An adjustment that turns an event around drops it, as in Circe (which forgets to for some types).
  const forward =
    criterion.DateAdjustment === undefined || description.keepsInverted
      ? []
      : [`${dates.end} >= ${dates.start}`];
  const where = [
    ...source.where,
    ...forward,
    ...conditions(scope, criterion.filters, row, criterion.type),
    ...inside,
  ];
  const fixed =
    typeof description.end === 'number' && criterion.DateAdjustment === undefined && period === undefined;
  // Of a probe inside a probe nobody knows how often it runs.
  const calls = person === undefined ? rowsOf(scope, criterion) : undefined;
  const nested = nestedOf(scope, criterion, { person: row.person, start, end, visit, calls });
  return {
    from: source.from + nested.join,
    where: [...where, ...nested.where],
    person: row.person,
    id: `${alias}.${description.id}`,
    start,
    end,
    ...(fixed ? { length: Number(description.end) } : {}),
    sort: dates.start,
    visit,
    count(column) {
      if (column === 'START_DATE') return start;
      if (column === 'END_DATE') return end;
      if (column === 'VISIT_ID') return visit;
      const expression = description.counts[column];
      if (expression === undefined) throw new Error(`no count column ${column} of ${criterion.type}`);
      return template(expression, { alias, start, end });
    },
  };
}

function firstOf(
  table: string,
  alias: string,
  start: string,
  id: string,
  ranked: readonly string[],
  all: boolean,
) {
  const where = ranked.length === 0 ? '' : ` where ${ranked.join(' and ')}`;
  const [distinct, order, limit] = all
    ? [`distinct on (${alias}.person_id) `, `${alias}.person_id, `, '']
    : ['', '', ' limit 1'];
  const by = `order by ${order}${alias}.${start}, ${alias}.${id}${limit}`;
  return { from: `(select ${distinct}${alias}.* from ${table} ${alias}${where} ${by}) ${alias}`, where: [] };
}

function adjusted(
  raw: { start: string; end: string },
  adjustment: DateAdjustment | undefined,
  fixed: boolean,
) {
  if (adjustment === undefined) return raw;
  if (fixed)
    return {
      start: plusDays(raw.start, adjustment.StartOffset),
      end: plusDays(raw.end, adjustment.EndOffset),
    };
  const date = (word: 'START_DATE' | 'END_DATE') => (word === 'START_DATE' ? raw.start : raw.end);
  return {
    start: plusDays(date(adjustment.StartWith), adjustment.StartOffset),
    end: plusDays(date(adjustment.EndWith), adjustment.EndOffset),
  };
}

/** A nested group makes each row an index event, with the observation period that contains its start. */
function nestedOf(scope: Scope, criterion: Criterion, event: Omit<IndexEvent, 'opStart' | 'opEnd'>) {
  const group = criterion.CorrelatedCriteria;
  if (group === undefined || isEmpty(group)) return { join: '', where: [] };
  const op = scope.alias('o');
  const join =
    ` join ${scope.table('observation_period')} ${op} on ${op}.person_id = ${event.person}` +
    ` and ${op}.observation_period_start_date <= ${event.start} and ${op}.observation_period_end_date >= ${event.start}`;
  const index = {
    ...event,
    opStart: `${op}.observation_period_start_date`,
    opEnd: `${op}.observation_period_end_date`,
  };
  return { join, where: [groupCondition(scope, group, index, eventsOf)] };
}

export function isEmpty(group: {
  CriteriaList: readonly unknown[];
  DemographicCriteriaList: readonly unknown[];
  Groups: readonly unknown[];
}) {
  return group.CriteriaList.length + group.DemographicCriteriaList.length + group.Groups.length === 0;
}
