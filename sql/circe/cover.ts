/**
 * A criterion as the days on which it holds. Where nothing is asked of an event but its own date, a row lets the criterion hold on an interval
 * of days, n rows in a row on the days between the last and the first of theirs, and a person's rows on the union of such intervals
 * (a multirange, in one observation period). It is made once; an event then only asks whether its day is in it, where a probe
 * would look into an index.
 */

import type { CorrelatedCriterion, Occurrence } from '#sql/circe/expression.ts';
import type { EventRows } from '#sql/circe/group.ts';
import { apart, plusDays, wholeNumber } from '#sql/circe/literal.ts';
import type { Scope } from '#sql/circe/scope.ts';
import { type Bound, boundsOf } from '#sql/circe/window.ts';

/** The parts of a statement that hold such days: (person_id, op_start_date, op_end_date, days). */
export interface Cover {
  readonly name: string;
  readonly sql: string;
}

/** How many rows at least make the days; undefined where a count cannot be asked so. */
function timesOf({ Type, Count, IsDistinct }: Occurrence): number | undefined {
  if (IsDistinct) return undefined;
  if (Type === 2) return Count;
  if (Type === 1) return Count + 1;
  return Count === 0 ? 1 : undefined;
}

/** More of them in one statement take longer to plan than they save. */
export const mostCovers = 10;

/** Whether the criterion asks nothing of an event but its start date, and can be counted by days. */
export function canCover(criterion: CorrelatedCriterion): boolean {
  const { Occurrence, RestrictVisit, RestrictImage, IgnoreObservationPeriod } = criterion;
  const times = timesOf(Occurrence);
  if (times === undefined || RestrictVisit || RestrictImage || IgnoreObservationPeriod) return false;
  const bounds = boundsOf(criterion, { start: 'start', end: 'end', visit: '' });
  if (bounds.some(({ from }) => from === 'end')) return false;
  // Rows in a row are in a row by one date.
  return times === 1 || bounds.every(({ date }) => date === 'start');
}

/** The condition on an event with this start, from all `rows` of the criterion, with the part `name` that it reads (`joinCovers`). */
export function coverCondition(
  scope: Scope,
  criterion: CorrelatedCriterion,
  rows: EventRows,
  start: string,
  name: string,
): { readonly condition: string; readonly cover: Cover } {
  const times = timesOf(criterion.Occurrence) ?? 1;
  const alias = scope.alias('o');
  const period = {
    opStart: `${alias}.observation_period_start_date`,
    opEnd: `${alias}.observation_period_end_date`,
  };
  const bounds = boundsOf(criterion, rows);
  const limits = bounds.flatMap((bound) =>
    bound.from === 'opStart' || bound.from === 'opEnd'
      ? [`${bound.date} ${bound.is} ${plusDays(apart(period[bound.from]), bound.days)}`]
      : [],
  );
  const ofDays = bounds.filter(({ from }) => from === 'start');
  // A date that is not there is true of nothing, and GREATEST and LEAST would pass over it.
  const known = [...new Set(ofDays.map(({ date }) => date))].filter((date) => date !== rows.start);
  const where = [...limits, ...known.map((date) => `${date} is not null`), ...rows.where];
  const table = scope.table('observation_period');
  // A period may stand twice, and its id may not tell it apart: rows are counted once for the same days.
  const periods = `(select distinct person_id, observation_period_start_date, observation_period_end_date from ${table})`;
  const from = `${rows.from} join ${times === 1 ? table : periods} ${alias} on ${alias}.person_id = ${rows.person} and ${where.join(' and ')}`;
  const keys = `${rows.person} as person_id, ${period.opStart} as op_start_date, ${period.opEnd} as op_end_date`;
  const person = `partition by ${rows.person}, ${period.opStart}, ${period.opEnd} order by ${rows.start}`;
  const sql =
    times === 1
      ? gathered(`select ${keys}, ${daysOf(ofDays, ({ date }) => date)} as days from ${from}`)
      : gathered(
          `select s.person_id, s.op_start_date, s.op_end_date, ${daysOf(ofDays, ({ is }) => (is === '<=' ? 's.last' : 's.first'))} as days from (` +
            `select ${keys}, ${rows.start} as first, lead(${rows.start}, ${times - 1}) over (${person}) as last from ${from}` +
            ') s where s.last is not null',
        );
  const held = `coalesce(${name}.days @> ${start}::timestamp, false)`;
  return {
    condition: criterion.Occurrence.Type === 2 ? held : `not ${held}`,
    cover: { name, sql },
  };
}

function gathered(intervals: string): string {
  return (
    'select r.person_id::bigint as person_id, r.op_start_date, r.op_end_date, range_agg(r.days) as days\n' +
    `from (${intervals}) r group by 1, 2, 3`
  );
}

/**
 * The days of index events that satisfy the bounds; none where the interval ends before it begins. Dates may be instants (an attached CDM), which
 * compare as such: a range of days would round them.
 */
function daysOf(bounds: readonly Bound[], dateOf: (bound: Bound) => string): string {
  const limit = (is: Bound['is'], extreme: 'greatest' | 'least') => {
    const all = bounds.filter((bound) => bound.is === is).map((bound) => instant(dateOf(bound), -bound.days));
    const limits = [...new Set(all)];
    return limits.length > 1 ? `${extreme}(${limits.join(', ')})` : limits[0];
  };
  // The date is at most n days after the index: the index is at least n days before the date.
  const first = limit('<=', 'greatest');
  const last = limit('>=', 'least');
  const range = `tsrange(${first ?? 'null'}, ${last ?? 'null'}, '[]')`;
  return first === undefined || last === undefined
    ? range
    : `case when ${first} <= ${last} then ${range} end`;
}

/** So many days after the date of a row. A date may lie beyond what an instant can hold, and is then as far away as makes no difference. */
function instant(date: string, days: number): string {
  const near = `least(greatest(${date}, date '4400-01-01 BC'), date '294000-01-01')`;
  const at = `(case when isfinite(${date}) then ${near} else ${date} end)::timestamp`;
  if (days === 0) return at;
  return `(${at} + interval '${days < 0 ? `-${wholeNumber(-days)}` : wholeNumber(days)} days')`;
}

/** Joins to the events `q` of the surrounding query; their persons must be kept apart from those without events (`joinMembers`). */
export function joinCovers(covers: readonly Cover[]): string {
  return covers
    .map(
      ({ name }) =>
        `\nfull join ${name} on ${name}.person_id = q.person_id and ${name}.op_start_date = q.op_start_date and ${name}.op_end_date = q.op_end_date`,
    )
    .join('');
}
