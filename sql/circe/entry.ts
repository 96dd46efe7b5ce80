/** Entry events and what qualifies them. */

import { type Cover, joinCovers } from '#sql/circe/cover.ts';
import { eventsOf } from '#sql/circe/event.ts';
import type { CohortExpression, CriteriaGroup, Criterion, Limit } from '#sql/circe/expression.ts';
import { groupCondition } from '#sql/circe/group.ts';
import { rowsOf } from '#sql/circe/guard.ts';
import { isOfImage } from '#sql/circe/image-link.ts';
import type { EventList } from '#sql/circe/joined.ts';
import { apart, wholeNumber } from '#sql/circe/literal.ts';
import { joinMembers, keptPerson } from '#sql/circe/members.ts';
import type { Scope } from '#sql/circe/scope.ts';

/** A named part of a WITH. */
export interface Cte {
  readonly name: string;
  readonly materialized?: true | undefined;
  readonly sql: string;
}

/** The events that a person keeps; `unnumbered` are all of them without a number each. */
type Kept = Limit | 'unnumbered';

type Primary = CohortExpression['PrimaryCriteria'];

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
 * order of criteria (Circe leaves that last tie open).
 */
export function primaryEvents(scope: Scope, primary: Primary): Cte {
  const sql = entryQuery(scope, primary, primary.PrimaryCriteriaLimit, allColumns(primary));
  return { name: 'primary_events', materialized: true, sql };
}

function allColumns(primary: Primary): readonly string[] {
  return [
    'e.person_id::bigint as person_id',
    numberOf(primary, primary.PrimaryCriteriaLimit),
    'e.start_date',
    'e.end_date',
    'o.observation_period_start_date as op_start_date',
    'o.observation_period_end_date as op_end_date',
    'e.visit_occurrence_id::bigint as visit_occurrence_id',
    ...(primary.CriteriaList.some(isOfImage) ? ['e.image_occurrence_id'] : []),
  ];
}

/** An event may lie in two periods of bad data. */
function orderOf({ PrimaryCriteriaLimit }: Primary): string {
  const direction = PrimaryCriteriaLimit === 'Last' ? ' desc' : '';
  return `e.sort_date${direction}, e.row_id, e.criterion, o.observation_period_id`;
}

/** The number of an event among its person's; 1 where a limit leaves one. */
function numberOf(primary: Primary, kept: Kept): string {
  const number =
    kept === 'All'
      ? `row_number() over (partition by e.person_id order by ${orderOf(primary)})`
      : '1::bigint';
  return `${number} as event_id`;
}

/** The columns of the entry events that are kept. */
function entryQuery(scope: Scope, primary: Primary, kept: Kept, columns: readonly string[]): string {
  const images = primary.CriteriaList.some(isOfImage);
  const sources = primary.CriteriaList.map((criterion, index) => {
    const event = eventsOf(scope, criterion);
    const where = event.where.length === 0 ? '' : ` where ${event.where.join(' and ')}`;
    return (
      `select ${event.person} as person_id, ${event.id} as row_id, ${index} as criterion, ${event.start} as start_date, ` +
      `${event.end} as end_date, ${event.sort} as sort_date, ${event.visit} as visit_occurrence_id${images ? `, ${event.image ?? 'null::bigint'} as image_occurrence_id` : ''} from ${event.from}${joinMembers(scope, event.person, 'left').joins}${where}`
    );
  });
  const { PriorDays, PostDays } = primary.ObservationWindow;
  const limited = kept !== 'All' && kept !== 'unnumbered';
  // Who is limited here already by the start date has that first, as `latest` would.
  const first = kept === primary.PrimaryCriteriaLimit ? orderOf(primary) : latestFirst(kept);
  return [
    `select ${limited ? 'distinct on (e.person_id) ' : ''}${columns.join(', ')}`,
    `from (${sources.join('\n  union all\n  ')}) e`,
    `join ${scope.table('observation_period')} o on o.person_id = e.person_id`,
    ...observed(PriorDays, PostDays).map((condition) => `  and ${condition}`),
    ...(limited ? [`order by e.person_id, ${first}`] : []),
  ].join('\n');
}

/**
 * The event starts inside the period, at least so many days from either end. Each bound stands once: the planner takes
 * a third of the rows for every comparison it cannot judge. They are kept apart from the index, which is asked for the person
 * alone: bounds on two of its columns are prepared anew for every event (skip scan, PostgreSQL 18), which costs more than a person's
 * one or two periods.
 */
function observed(prior: number, post: number): readonly string[] {
  const start = 'o.observation_period_start_date';
  const end = 'o.observation_period_end_date';
  return [
    `e.start_date >= ${prior > 0 ? `${start} + ${wholeNumber(prior)}` : apart(start)}`,
    `e.start_date <= ${post > 0 ? `${end} - ${wholeNumber(post)}` : apart(end)}`,
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
): readonly Cte[] {
  const additional = expression.AdditionalCriteria;
  const images = expression.PrimaryCriteria.CriteriaList.some(isOfImage);
  const covers: Cover[] = [];
  const index = {
    person: 'q.person_id',
    start: 'q.start_date',
    end: 'q.end_date',
    opStart: 'q.op_start_date',
    opEnd: 'q.op_end_date',
    visit: 'q.visit_occurrence_id',
    image: images ? 'q.image_occurrence_id' : undefined,
    calls: entryRows(scope, expression.PrimaryCriteria.CriteriaList),
    all: { key: ['q.person_id', 'q.event_id'], list: (alias: string) => primaryList(alias, images) },
    covers,
  };
  const condition = additional === undefined ? 'true' : groupCondition(scope, additional, index, eventsOf);
  const first = covers.length;
  const limited = additional !== undefined && expression.QualifiedLimit !== 'All';
  const bits = rules.map(
    (rule, bit) => `(${groupCondition(scope, rule, index, eventsOf)})::int::bigint << ${bit}`,
  );
  const mask = bits.length === 0 ? '0::bigint' : bits.map((bit) => `(${bit})`).join('\n  | ');
  const columns = carried.map((column) => `q.${column}`).join(', ');
  const members = joinMembers(scope, 'q.person_id', 'full');
  const joined = (some: readonly Cover[], where: readonly string[]) => {
    const joins = members.joins + joinCovers(some);
    return joins + whereOf([...where, ...(joins === '' ? [] : [keptPerson('q.person_id')])]);
  };
  const asked = condition === 'true' ? [] : [condition];
  const source = limited
    ? `(${latest(expression.QualifiedLimit, `primary_events q${joined(covers.slice(0, first), asked)}`)}) q${joined(covers.slice(first), [])}`
    : `primary_events q${joined(covers, asked)}`;
  return [
    ...covers,
    {
      name: 'qualified_events',
      materialized: true,
      sql: `select ${columns},\n  ${mask} as mask\nfrom ${source}`,
    },
  ];
}

function whereOf(conditions: readonly string[]): string {
  return conditions.length === 0 ? '' : `\nwhere ${conditions.join('\n and ')}`;
}

/** All entry events, whatever is asked of them. */
function primaryList(alias: string, images: boolean): EventList {
  const at = (column: string) => `${alias}.${column}`;
  return {
    from: `primary_events ${alias}`,
    where: [],
    key: [at('person_id'), at('event_id')],
    event: {
      person: at('person_id'),
      start: at('start_date'),
      end: at('end_date'),
      opStart: at('op_start_date'),
      opEnd: at('op_end_date'),
      visit: at('visit_occurrence_id'),
      image: images ? at('image_occurrence_id') : undefined,
    },
  };
}

/** At most so many entry events; undefined where a criterion takes rows of any concept. */
function entryRows(scope: Scope, criteria: readonly Criterion[]): number | undefined {
  const rows = criteria.map((criterion) => rowsOf(scope, criterion));
  return rows.every((count) => count !== undefined) ? rows.reduce((sum, count) => sum + count, 0) : undefined;
}

/** Entry events as qualified events, where nothing more is asked of them: one pass less. */
export function unaskedEvents(scope: Scope, { PrimaryCriteria: primary }: CohortExpression): Cte {
  const columns = [...allColumns(primary), '0::bigint as mask'];
  const sql = entryQuery(scope, primary, primary.PrimaryCriteriaLimit, columns);
  return { name: 'qualified_events', materialized: true, sql };
}

/**
 * Entry events as included events, where nothing more is asked of them and the rows alone are wanted: of the events those that the limits
 * leave, of their columns those that the rows need. Each part of a statement and each column is read, resolved and copied before it runs.
 */
export function unaskedRows(
  scope: Scope,
  { PrimaryCriteria, ExpressionLimit, EndStrategy }: CohortExpression,
): Cte {
  const numbered = EndStrategy?.kind === 'CustomEra';
  const all = numbered ? 'All' : 'unnumbered';
  const limits = [PrimaryCriteria.PrimaryCriteriaLimit, ExpressionLimit];
  const kept = limits.find((limit) => limit !== 'All') ?? all;
  const sql = entryQuery(scope, PrimaryCriteria, kept, [
    'e.person_id::bigint as person_id',
    ...(numbered ? [numberOf(PrimaryCriteria, kept)] : []),
    'e.start_date',
    'e.end_date',
    'o.observation_period_end_date as op_end_date',
  ]);
  return { name: 'included_events', sql };
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

/** The order of `latest` over entry events that are not numbered yet. */
function latestFirst(limit: Kept): string {
  const direction = limit === 'Last' ? ' desc' : '';
  return ['e.start_date', 'e.sort_date', 'e.row_id', 'e.criterion', 'o.observation_period_id']
    .map((column) => column + direction)
    .join(', ');
}
