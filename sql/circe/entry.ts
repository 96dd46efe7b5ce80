/** Entry events: what begins a stay in the cohort. */

import { eventsOf } from '#sql/circe/event.ts';
import type { CohortExpression, Criterion, Limit } from '#sql/circe/expression.ts';
import { rowsOf } from '#sql/circe/guard.ts';
import { isOfImage } from '#sql/circe/image-link.ts';
import { apart, wholeNumber } from '#sql/circe/literal.ts';
import { joinMembers } from '#sql/circe/members.ts';
import type { Scope } from '#sql/circe/scope.ts';

/** A named part of a WITH. */
export interface Cte {
  readonly name: string;
  readonly materialized?: true | undefined;
  readonly sql: string;
}

type Primary = CohortExpression['PrimaryCriteria'];

/** What is known of an entry event. A statement has only those that it needs: each is read, resolved and copied, and kept for every event. */
export type EntryColumn = keyof typeof columns;

const columns = {
  person_id: 'e.person_id::bigint as person_id',
  event_id: '',
  start_date: 'e.start_date',
  end_date: 'e.end_date',
  op_start_date: 'o.observation_period_start_date as op_start_date',
  op_end_date: 'o.observation_period_end_date as op_end_date',
  visit_occurrence_id: 'e.visit_occurrence_id::bigint as visit_occurrence_id',
  image_occurrence_id: 'e.image_occurrence_id',
  /** Of events that no rule is asked about. */
  mask: '0::bigint as mask',
};

/** All that an event has by itself; an image only where a criterion is of images. */
export function entryColumns({ CriteriaList }: Primary): readonly EntryColumn[] {
  const { mask: _mask, image_occurrence_id: _image, ...own } = columns;
  const names = Object.keys(own) as EntryColumn[];
  return CriteriaList.some(isOfImage) ? [...names, 'image_occurrence_id'] : names;
}

/**
 * How `event_id` counts: per person by date, then row id, then the order of criteria (Circe leaves that last tie open); or in any way that
 * tells events apart, which need not sort them.
 */
export type Numbering = 'ordered' | 'any';

export interface EntryEvents {
  /** About how many there are at most; undefined where a criterion takes rows of any concept. */
  readonly count: number | undefined;
  /** The events that a person keeps, with these columns. */
  query(kept: Limit, names: readonly EntryColumn[], numbering: Numbering): string;
}

/**
 * The union of the entry criteria, each joined to the observation period that contains its start, kept where the period reaches far enough on
 * both sides.
 */
export function entryEvents(scope: Scope, primary: Primary): EntryEvents {
  const images = primary.CriteriaList.some(isOfImage);
  const sources = primary.CriteriaList.map((criterion, index) => {
    const event = eventsOf(scope, criterion);
    const where = event.where.length === 0 ? '' : ` where ${event.where.join(' and ')}`;
    return (
      `select ${event.person} as person_id, ${event.id} as row_id, ${index} as criterion, ${event.start} as start_date, ` +
      `${event.end} as end_date, ${event.sort} as sort_date, ${event.visit} as visit_occurrence_id${images ? `, ${event.image ?? 'null::bigint'} as image_occurrence_id` : ''} from ${event.from}${joinMembers(scope, event.person, 'left').joins}${where}`
    );
  });
  const { ObservationWindow, PrimaryCriteriaLimit } = primary;
  const direction = PrimaryCriteriaLimit === 'Last' ? ' desc' : '';
  // An event may lie in two periods of bad data.
  const order = `e.sort_date${direction}, e.row_id, e.criterion, o.observation_period_id`;
  const from = [
    `from (${sources.join('\n  union all\n  ')}) e`,
    `join ${scope.table('observation_period')} o on o.person_id = e.person_id`,
    ...observed(ObservationWindow.PriorDays, ObservationWindow.PostDays).map((one) => `  and ${one}`),
  ];
  return {
    count: mostEvents(scope, primary.CriteriaList),
    query(kept, names, numbering) {
      const limited = kept !== 'All';
      const number = `row_number() over (${numbering === 'ordered' ? `partition by e.person_id order by ${order}` : ''})`;
      const asked = names.map((name) =>
        name === 'event_id' ? `${limited ? '1::bigint' : number} as event_id` : columns[name],
      );
      // Who is limited here already by the start date has that first, as `latest` would.
      const first = kept === PrimaryCriteriaLimit ? order : latestFirst(kept);
      return [
        `select ${limited ? 'distinct on (e.person_id) ' : ''}${asked.join(', ')}`,
        ...from,
        ...(limited ? [`order by e.person_id, ${first}`] : []),
      ].join('\n');
    },
  };
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

function mostEvents(scope: Scope, criteria: readonly Criterion[]): number | undefined {
  const rows = criteria.map((criterion) => rowsOf(scope, criterion));
  return rows.every((count) => count !== undefined) ? rows.reduce((sum, count) => sum + count, 0) : undefined;
}

/** The order of `latest` (qualified.ts) over entry events that are not numbered yet. */
function latestFirst(limit: Limit): string {
  const direction = limit === 'Last' ? ' desc' : '';
  return ['e.start_date', 'e.sort_date', 'e.row_id', 'e.criterion', 'o.observation_period_id']
    .map((column) => column + direction)
    .join(', ');
}
