/**
 * Union, intersection and difference of cohorts as SQL.
 *
 * By `days` a row is a run of days without a gap on which the person is in the combination: rows that overlap or follow
 * one another day by day become one. By `persons` the persons are combined whatever their days, and a person's rows are
 * those of the first cohort in the list that has the person.
 *
 * One pass over all operands with aggregates and windows, no join: parts of a statement have no statistics.
 */

import type { Cte } from '#sql/circe/entry.ts';
import type { Combination } from '#sql/circe/expression.ts';
import { type CohortRows, cohortPart } from '#sql/circe/members.ts';

/**
 * The parts `final_cohort` and `qualified_events` of a combination; its one step is membership itself. Throws RangeError
 * for a name that is not given.
 */
export function combinedRows(combination: Combination, cohorts: readonly CohortRows[]): readonly Cte[] {
  return [
    { name: 'final_cohort', materialized: true, sql: rowsOf(combination, cohorts) },
    {
      name: 'qualified_events',
      sql:
        'select f.person_id, row_number() over (partition by f.person_id order by f.start_date) as event_id,\n' +
        '  f.start_date, f.end_date, f.start_date as op_start_date, f.end_date as op_end_date, null::bigint as visit_occurrence_id, 0::bigint as mask\n' +
        'from final_cohort f',
    },
  ];
}

function rowsOf(combination: Combination, cohorts: readonly CohortRows[]): string {
  const operands = combination.of.map((operand, at) => {
    const rows = typeof operand === 'string' ? named(operand, cohorts) : `(\n${rowsOf(operand, cohorts)}\n)`;
    return `select ${at} as place, o.person_id, o.start_date, o.end_date from ${rows} o`;
  });
  const all = operands.join('\n  union all\n  ');
  return combination.by === 'days'
    ? byDays(combination.op, all, operands.length)
    : byPersons(combination.op, all, operands.length);
}

function named(name: string, cohorts: readonly CohortRows[]): string {
  const at = cohorts.findIndex((cohort) => cohort.name === name);
  if (at < 0) throw new RangeError(`$.expression: names a cohort that is not given`);
  return cohortPart(at);
}

function byDays(op: Combination['op'], all: string, operands: number): string {
  // An era whose pad is negative may end before it starts.
  const days = `range_agg(daterange(a.start_date, greatest(a.start_date, a.end_date), '[]'))`;
  const of = (condition: string) => `${days} filter (where ${condition})`;
  const combined = {
    union: days,
    intersect: Array.from({ length: operands }, (_, at) => of(`a.place = ${at}`)).join('\n    * '),
    minus: `${of('a.place = 0')}\n    - coalesce(${of('a.place > 0')}, '{}')`,
  }[op];
  return [
    'select c.person_id, lower(d.run) as start_date, upper(d.run) - 1 as end_date from (',
    `  select a.person_id, ${combined} as days from (\n  ${all}\n  ) a group by a.person_id`,
    // Of a person whom an operand lacks the days are NULL: no rows.
    ') c, unnest(c.days) as d(run)',
  ].join('\n');
}

function byPersons(op: Combination['op'], all: string, operands: number): string {
  const everyone = 2n ** BigInt(operands) - 1n;
  const kept = {
    union: 'h.place = h.first',
    intersect: `h.place = 0 and h.held = ${everyone}`,
    minus: 'h.place = 0 and h.held = 1',
  }[op];
  return [
    'select h.person_id, h.start_date, h.end_date from (',
    '  select a.*, min(a.place) over w as first, bit_or(1::bigint << a.place) over w as held',
    `  from (\n  ${all}\n  ) a window w as (partition by a.person_id)`,
    `) h where ${kept}`,
  ].join('\n');
}
