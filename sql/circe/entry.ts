/** Entry events and what qualifies them. */

import { eventsOf } from '#sql/circe/event.ts';
import type { CohortExpression, CriteriaGroup, Criterion, Limit } from '#sql/circe/expression.ts';
import { groupCondition } from '#sql/circe/group.ts';
import { rowsOf } from '#sql/circe/guard.ts';
import { wholeNumber } from '#sql/circe/literal.ts';
import type { Scope } from '#sql/circe/scope.ts';

/** A named part of a WITH. */
export interface Cte {
  readonly name: string;
  readonly materialized?: true;
  readonly sql: string;
}

const carried = [
  'person_id',
  'event_id',
  'start_date',
  'end_date',
  'op_start_date',
  'op_end_date',
  'visit_occurrence_id',
];

/**
 * `primary_events`: the union of the entry criteria, each joined to the observation period that contains its start,
 * kept where the period reaches far enough on both sides. `event_id` counts per person by date, then row id, then the
 * order of criteria (Circe leaves that last tie open). `more` are further columns.
 */
export function primaryEvents(
  scope: Scope,
  primary: CohortExpression['PrimaryCriteria'],
  more: readonly string[] = [],
): Cte {
  const sources = primary.CriteriaList.map((criterion, index) => {
    const event = eventsOf(scope, criterion);
    const where = event.where.length === 0 ? '' : ` where ${event.where.join(' and ')}`;
    return (
      `select ${event.person} as person_id, ${event.id} as row_id, ${index} as criterion, ${event.start} as start_date, ` +
      `${event.end} as end_date, ${event.sort} as sort_date, ${event.visit} as visit_occurrence_id from ${event.from}${where}`
    );
  });
  const { PriorDays, PostDays } = primary.ObservationWindow;
  const direction = primary.PrimaryCriteriaLimit === 'Last' ? ' desc' : '';
  const order = `e.sort_date${direction}, e.row_id, e.criterion`;
  const limited = primary.PrimaryCriteriaLimit !== 'All';
  return {
    name: 'primary_events',
    materialized: true,
    sql: [
      `select ${limited ? 'distinct on (e.person_id) ' : ''}e.person_id::bigint as person_id,`,
      `  ${limited ? '1::bigint' : `row_number() over (partition by e.person_id order by ${order})`} as event_id,`,
      '  e.start_date, e.end_date, o.observation_period_start_date as op_start_date,',
      '  o.observation_period_end_date as op_end_date,',
      `  ${['e.visit_occurrence_id::bigint as visit_occurrence_id', ...more].join(', ')}`,
      `from (${sources.join('\n  union all\n  ')}) e`,
      `join ${scope.table('observation_period')} o on o.person_id = e.person_id`,
      ...observed(PriorDays, PostDays).map((condition) => `  and ${condition}`),
      ...(limited ? [`order by e.person_id, ${order}`] : []),
    ].join('\n'),
  };
}

/**
 * The event starts inside the period, at least so many days from either end. Each bound stands once: the planner takes
 * a third of the rows for every comparison it cannot judge.
 */
function observed(prior: number, post: number): readonly string[] {
  const start = 'o.observation_period_start_date';
  const end = 'o.observation_period_end_date';
  return [
    `e.start_date >= ${start}${prior > 0 ? ` + ${wholeNumber(prior)}` : ''}`,
    `e.start_date <= ${end}${post > 0 ? ` - ${wholeNumber(post)}` : ''}`,
  ];
}

/**
 * `qualified_events`: entry events that satisfy AdditionalCriteria, limited by QualifiedLimit (which acts only where
 * AdditionalCriteria is present, be it an empty group), with the mask of inclusion rules: bit i set where rule i holds.
 */
export function qualifiedEvents(
  scope: Scope,
  expression: CohortExpression,
  rules: readonly CriteriaGroup[],
): Cte {
  const additional = expression.AdditionalCriteria;
  const index = {
    person: 'q.person_id',
    start: 'q.start_date',
    end: 'q.end_date',
    opStart: 'q.op_start_date',
    opEnd: 'q.op_end_date',
    visit: 'q.visit_occurrence_id',
    calls: entryRows(scope, expression.PrimaryCriteria.CriteriaList),
  };
  const condition = additional === undefined ? 'true' : groupCondition(scope, additional, index, eventsOf);
  const where = condition === 'true' ? '' : `\nwhere ${condition}`;
  const limited = additional !== undefined && expression.QualifiedLimit !== 'All';
  const source = limited
    ? `(${latest(expression.QualifiedLimit, `primary_events q${where}`)}) q`
    : `primary_events q${where}`;
  const bits = rules.map(
    (rule, bit) => `(${groupCondition(scope, rule, index, eventsOf)})::int::bigint << ${bit}`,
  );
  const mask = bits.length === 0 ? '0::bigint' : bits.map((bit) => `(${bit})`).join('\n  | ');
  const columns = carried.map((column) => `q.${column}`).join(', ');
  return {
    name: 'qualified_events',
    materialized: true,
    sql: `select ${columns},\n  ${mask} as mask\nfrom ${source}`,
  };
}

/** At most so many entry events; undefined where a criterion takes rows of any concept. */
function entryRows(scope: Scope, criteria: readonly Criterion[]): number | undefined {
  const rows = criteria.map((criterion) => rowsOf(scope, criterion));
  return rows.every((count) => count !== undefined) ? rows.reduce((sum, count) => sum + count, 0) : undefined;
}

/** Entry events as qualified events, where nothing more is asked of them: one pass less. */
export function unaskedEvents(scope: Scope, expression: CohortExpression): Cte {
  const primary = primaryEvents(scope, expression.PrimaryCriteria, ['0::bigint as mask']);
  return { ...primary, name: 'qualified_events' };
}

/** `included_events`: events with every bit set, limited by ExpressionLimit. */
export function includedEvents(limit: Limit, rules: number): Cte {
  const all = (1n << BigInt(rules)) - 1n;
  const source = `qualified_events q${rules === 0 ? '' : `\nwhere q.mask = ${all}`}`;
  const sql = limit === 'All' ? `select q.* from ${source}` : latest(limit, source);
  return { name: 'included_events', sql };
}

/**
 * One event a person: the first or the last by start date. Circe leaves ties open; where it has one event to choose, the
 * lowest event id comes first and the highest last.
 */
function latest(limit: Limit, source: string): string {
  const direction = limit === 'Last' ? ' desc' : '';
  return `select distinct on (q.person_id) q.* from ${source}\norder by q.person_id, q.start_date${direction}, q.event_id${direction}`;
}
