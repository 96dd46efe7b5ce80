/** The rows of one criterion as events: where they come from and what their dates are. */

import { describeType } from '#sql/circe/criteria/types.ts';
import { sourcesOf } from '#sql/circe/estimate.ts';
import type { Criterion, DateAdjustment } from '#sql/circe/expression.ts';
import { conditions, template } from '#sql/circe/filter.ts';
import { groupCondition, type IndexEvent } from '#sql/circe/group.ts';
import { rowsOf } from '#sql/circe/guard.ts';
import type { EventList } from '#sql/circe/joined.ts';
import { apart, dateLiteral, plusDays } from '#sql/circe/literal.ts';
import { memberRows } from '#sql/circe/members.ts';
import { neededPersons } from '#sql/circe/needed-persons.ts';
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
  readonly image: string | undefined;
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
  const table = memberRows(scope, criterion, person) ?? scope.table(description.table);
  const ofPerson = person === undefined ? [] : [`${alias}.person_id = ${person}`];
  const inSets = sourcesOf(criterion).map((source) => scope.inSource(alias, source));
  const ranked = [...ofPerson, ...inSets];
  const source = criterion.First
    ? firstOf(table, alias, description.start, description.id, ranked, person === undefined)
    : { from: `${table} ${alias}`, where: ranked };
  // Of a person's rows of any concept the dates are no way into an index (by person, concept and date) that pays.
  const anyConcept = person !== undefined && inSets.length === 0;
  const column = `${alias}.${description.start}`;
  const rawStart = anyConcept ? apart(column) : column;
  const rawEnd =
    typeof description.end === 'number'
      ? plusDays(rawStart, description.end)
      : template(description.end, { alias });
  const raw = { start: rawStart, end: rawEnd };
  const slip = scope.parity ? description.circe?.adjustment : undefined;
  const adjustment = slip === 'ignored' ? undefined : criterion.DateAdjustment;
  const dates = adjusted(raw, adjustment, slip === 'own-dates');
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
  const image = description.image === undefined ? undefined : `${alias}.${description.image}`;
  // An adjustment that turns an event around drops it.
  const forward = adjustment === undefined ? [] : [`${dates.end} >= ${dates.start}`];
  const where = [
    ...source.where,
    ...forward,
    ...conditions(scope, criterion.filters, row, criterion.type),
    ...inside,
  ];
  const fixed = typeof description.end === 'number' && adjustment === undefined && period === undefined;
  // Of a probe inside a probe nobody knows how often it runs.
  const calls = person === undefined ? rowsOf(scope, criterion) : undefined;
  // Rows of all persons can be listed once more, where something tells them apart.
  const id =
    person === undefined && description.id !== 'person_id' ? `${alias}.${description.id}` : undefined;
  const nested = nestedOf(scope, criterion, { person: row.person, start, end, visit, image, calls }, id);
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
    image,
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
function nestedOf(
  scope: Scope,
  criterion: Criterion,
  event: Omit<IndexEvent, 'opStart' | 'opEnd'>,
  id: string | undefined,
) {
  const group = criterion.CorrelatedCriteria;
  if (group === undefined || isEmpty(group)) return { join: '', where: [] };
  const observed = observedAt(scope, event);
  const key = id === undefined ? undefined : [id, observed.id];
  const all = key && { key, list: () => plainList(scope, criterion) };
  const needed = neededPersons(scope, group, event.person, event.calls);
  const condition = groupCondition(scope, group, { ...event, ...observed.dates, all }, eventsOf);
  return { join: observed.join, where: [...(needed === undefined ? [] : [needed]), condition] };
}

function observedAt(scope: Scope, { person, start }: Pick<IndexEvent, 'person' | 'start'>) {
  const op = scope.alias('o');
  const dates = {
    opStart: `${op}.observation_period_start_date`,
    opEnd: `${op}.observation_period_end_date`,
  };
  const join =
    ` join ${scope.table('observation_period')} ${op} on ${op}.person_id = ${person}` +
    ` and ${dates.opStart} <= ${start} and ${dates.opEnd} >= ${start}`;
  return { join, dates, id: `${op}.observation_period_id` };
}

/** The rows of a criterion with their observation periods, whatever its group asks of them. */
function plainList(scope: Scope, { CorrelatedCriteria: _group, ...criterion }: Criterion): EventList {
  const rows = eventsOf(scope, criterion);
  const observed = observedAt(scope, rows);
  const { person, start, end, visit, image } = rows;
  return {
    from: rows.from + observed.join,
    where: rows.where,
    key: [rows.id, observed.id],
    event: { person, start, end, visit, image, ...observed.dates },
  };
}

export function isEmpty(group: {
  CriteriaList: readonly unknown[];
  DemographicCriteriaList: readonly unknown[];
  Groups: readonly unknown[];
}) {
  return group.CriteriaList.length + group.DemographicCriteriaList.length + group.Groups.length === 0;
}
