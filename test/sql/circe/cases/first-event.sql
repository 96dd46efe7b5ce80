with qualified_events as materialized (
select e.person_id::bigint as person_id, row_number() over (partition by e.person_id order by e.sort_date, e.row_id, e.criterion, o.observation_period_id) as event_id, e.start_date, e.end_date, o.observation_period_start_date as op_start_date, o.observation_period_end_date as op_end_date, e.visit_occurrence_id::bigint as visit_occurrence_id, 0::bigint as mask
from (select x1.person_id as person_id, x1.condition_occurrence_id as row_id, 0 as criterion, x1.condition_start_date as start_date, coalesce(x1.condition_end_date, x1.condition_start_date + 1) as end_date, x1.condition_start_date as sort_date, x1.visit_occurrence_id as visit_occurrence_id from "cdm".condition_occurrence x1 where x1.condition_concept_id = 10) e
join "cdm".observation_period o on o.person_id = e.person_id
  and e.start_date >= greatest(o.observation_period_start_date)
  and e.start_date <= greatest(o.observation_period_end_date)
),
included_events as (
select distinct on (q.person_id) q.* from qualified_events q
order by q.person_id, q.start_date, q.event_id
),
cohort_rows as (
select r.person_id, r.start_date, r.end_date from (
  select i.person_id, i.start_date, case when i.end_date + 7 >= i.start_date then least(i.end_date + 7, i.op_end_date) end as end_date
  from included_events i
) r where r.end_date is not null
),
final_cohort as (
select person_id, start_date, end_date from cohort_rows
)
select person_id as subject_id, start_date as cohort_start_date, end_date as cohort_end_date
from final_cohort
order by 1, 2, 3;
