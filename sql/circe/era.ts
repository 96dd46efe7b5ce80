/** When a person leaves the cohort, and how stays are merged into eras. */

import type { Cte } from '#sql/circe/entry.ts';
import { eventsOf } from '#sql/circe/event.ts';
import type { CohortExpression, EndStrategy, Period } from '#sql/circe/expression.ts';
import { dateLiteral, plusDays } from '#sql/circe/literal.ts';
import { joinMembers } from '#sql/circe/members.ts';
import type { Scope } from '#sql/circe/scope.ts';

/**
 * `cohort_rows`: one row for an included event that has an end. Candidates are the end of the observation period
 * (unless a date offset replaces it), the end strategy's date and the earliest censoring event; a candidate before the
 * start is none, the earliest of the others counts, and an event without any disappears.
 */
export function cohortRows(scope: Scope, expression: CohortExpression): readonly Cte[] {
  const strategy = expression.EndStrategy;
  const censoring = expression.CensoringCriteria.map((criterion) => {
    const event = eventsOf(scope, criterion, 'i.person_id');
    const where = [...event.where, `${event.start} >= i.start_date`, `${event.start} <= i.op_end_date`];
    return `(select min(${event.start}) from ${event.from} where ${where.join(' and ')})`;
  });
  const custom = strategy?.kind === 'CustomEra' ? [customEras(scope, strategy)] : [];
  const ends = [
    strategy?.kind === 'DateOffset' ? offsetEnd(strategy) : 'i.op_end_date',
    ...custom.map(() => 'case when c.end_date >= i.start_date then c.end_date end'),
    // A censoring event is never before the start, and LEAST passes over NULL.
    ...censoring,
  ];
  const end = ends.length === 1 ? (ends[0] ?? 'null') : `least(${ends.join(',\n    ')})`;
  const join = custom.length === 0 ? '' : eraJoin;
  const { joins, kept } = joinMembers(scope, 'i.person_id', 'full');
  const asked = [...kept, ...(custom.length === 0 ? [] : ['coalesce(i.event_id, 0) > 0'])];
  const where = asked.length === 0 ? '' : `\n  where ${asked.join(' and ')}`;
  return [
    ...custom,
    {
      name: 'cohort_rows',
      // Looking for what censors is done once, not wherever the end is read.
      materialized: censoring.length === 0 ? undefined : true,
      sql: `select r.person_id, r.start_date, r.end_date from (\n  select i.person_id, i.start_date, ${end} as end_date\n  from included_events i${join}${joins}${where}\n) r where r.end_date is not null`,
    },
  ];
}

/**
 * Joins each event to the era of drugs that contains its start. The parts have no statistics, and a join that is taken for one row is run
 * again for every event: a FULL JOIN is only ever hashed or merged, and its conditions are worded so that it stays one.
 */
const eraJoin =
  '\nfull join (select n.person_id, n.event_id, min(d.end_date) as end_date from included_events n' +
  '\n  full join drug_eras d on d.person_id = n.person_id' +
  '\n  where coalesce(n.start_date between d.start_date and d.end_date, false)' +
  '\n  group by n.person_id, n.event_id) c on c.person_id = i.person_id and c.event_id = i.event_id';

/**
 * The event's date + offset, at most the end of the observation period; NULL where that is before the start, or where the
 * event has no end date. The period's own end is never before the start.
 */
function offsetEnd(strategy: EndStrategy & { readonly kind: 'DateOffset' }): string {
  const ofStart = strategy.DateField === 'StartDate';
  const date = plusDays(ofStart ? 'i.start_date' : 'i.end_date', strategy.Offset);
  const capped = `least(${date}, i.op_end_date)`;
  return ofStart && strategy.Offset >= 0 ? capped : `case when ${date} >= i.start_date then ${capped} end`;
}

/**
 * `drug_eras`: exposures whose standard or source concept is in the set, merged where the gap is at most GapDays plus
 * Offset; of the padding only GapDays are taken off again, so an era ends Offset days after its last exposure.
 */
function customEras(scope: Scope, strategy: EndStrategy & { readonly kind: 'CustomEra' }): Cte {
  const supply = strategy.DaysSupplyOverride;
  const start = 'd.drug_exposure_start_date';
  const end =
    supply === undefined
      ? `coalesce(d.drug_exposure_end_date, ${start} + d.days_supply, ${start} + 1)`
      : plusDays(start, supply);
  const codeset = strategy.DrugCodesetId ?? -1;
  const inColumn = (column: string) =>
    scope.inSource('d', { table: 'drug_exposure', column, CodesetId: codeset });
  const concept = inColumn('drug_concept_id');
  const source = inColumn('drug_source_concept_id');
  const exposures =
    `select d.person_id::bigint as person_id, ${start} as start_date, ${plusDays(end, strategy.GapDays + strategy.Offset)} as end_date ` +
    `from ${scope.table('drug_exposure')} d where (${concept} or ${source}) ` +
    'and d.person_id in (select person_id from included_events)';
  return { name: 'drug_eras', sql: merged(exposures, strategy.GapDays) };
}

/**
 * Merges periods of a person whose start is not after the running latest end, then takes `pad` days off the end.
 * A row begins an era where all earlier rows end before it; its era ends with the rows before the next beginning.
 */
export function merged(periods: string, pad: number): string {
  const end = 'coalesce(lead(m.earlier) over (partition by m.person_id order by m.start_date), m.latest)';
  return [
    `select m.person_id, m.start_date, ${plusDays(end, -pad)} as end_date from (`,
    '  select p.person_id, p.start_date,',
    '    max(p.end_date) over (partition by p.person_id order by p.start_date rows between unbounded preceding and 1 preceding) as earlier,',
    '    max(p.end_date) over (partition by p.person_id order by p.start_date rows between unbounded preceding and unbounded following) as latest',
    `  from (${periods}) p`,
    ') m where m.earlier is null or m.earlier < m.start_date',
  ].join('\n');
}

/** `final_cohort`: rows collapsed into eras (touching ones merge even without pad), then cut to the censor window. */
export function finalCohort(pad: number, single: boolean, window: Period | undefined): Cte {
  const padded = `select person_id, start_date, ${plusDays('end_date', pad)} as end_date from cohort_rows`;
  // With one event a person there is nothing to merge, and the pad cancels out.
  const eras = single ? 'select person_id, start_date, end_date from cohort_rows' : merged(padded, pad);
  const [from, to] = [window?.StartDate, window?.EndDate];
  if (from === undefined && to === undefined) return { name: 'final_cohort', sql: eras };
  const start = from === undefined ? 'f.start_date' : `greatest(f.start_date, ${dateLiteral(from)})`;
  const end = to === undefined ? 'f.end_date' : `least(f.end_date, ${dateLiteral(to)})`;
  return {
    name: 'final_cohort',
    sql: `select c.person_id, c.start_date, c.end_date from (\n  select f.person_id, ${start} as start_date, ${end} as end_date from (${eras}) f\n) c where c.start_date <= c.end_date`,
  };
}
