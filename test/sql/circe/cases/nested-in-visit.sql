with primary_events as materialized (
select e.person_id::bigint as person_id, row_number() over (partition by e.person_id order by e.sort_date, e.row_id, e.criterion, o.observation_period_id) as event_id, e.start_date, e.end_date, o.observation_period_start_date as op_start_date, o.observation_period_end_date as op_end_date, e.visit_occurrence_id::bigint as visit_occurrence_id
from (select x1.person_id as person_id, x1.visit_occurrence_id as row_id, 0 as criterion, x1.visit_start_date as start_date, x1.visit_end_date as end_date, x1.visit_start_date as sort_date, x1.visit_occurrence_id as visit_occurrence_id from "cdm".visit_occurrence x1 join "cdm".observation_period o3 on o3.person_id = x1.person_id and o3.observation_period_start_date <= x1.visit_start_date and o3.observation_period_end_date >= x1.visit_start_date where ((exists (select 1 from "cdm".drug_exposure x4 where x4.person_id = x1.person_id and x4.drug_concept_id = any('{20,21,22}'::int[]) and x4.drug_exposure_start_date >= o3.observation_period_start_date and x4.drug_exposure_start_date <= o3.observation_period_end_date and x4.visit_occurrence_id = x1.visit_occurrence_id))::int + (exists (select 1 from (select x6.* from "cdm".condition_occurrence x6 where x6.person_id = x1.person_id and x6.condition_concept_id = 10 order by x6.condition_start_date, x6.condition_occurrence_id limit 1) x6 where x6.condition_start_date >= o3.observation_period_start_date and x6.condition_start_date <= o3.observation_period_end_date))::int >= 2)) e
join "cdm".observation_period o on o.person_id = e.person_id
  and e.start_date >= greatest(o.observation_period_start_date)
  and e.start_date <= greatest(o.observation_period_end_date)
),
qualified_events as materialized (
select q.person_id, q.event_id, q.start_date, q.end_date, q.op_start_date, q.op_end_date, q.visit_occurrence_id,
  0::bigint as mask
from (select distinct on (q.person_id) q.* from primary_events q
where not (exists (select 1 from "cdm".drug_exposure x8 where x8.person_id = q.person_id and x8.drug_concept_id = any('{20,21,22}'::int[])))
order by q.person_id, q.start_date desc, q.event_id desc) q
),
included_events as (
select q.* from qualified_events q
),
cohort_rows as (
select r.person_id, r.start_date, r.end_date from (
  select i.person_id, i.start_date, least(i.start_date, i.op_end_date) as end_date
  from included_events i
) r where r.end_date is not null
),
final_cohort as (
select person_id, start_date, end_date from cohort_rows
)
select person_id as subject_id, start_date as cohort_start_date, end_date as cohort_end_date
from final_cohort
order by 1, 2, 3;
