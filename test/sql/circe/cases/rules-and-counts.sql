with primary_events as materialized (
select e.person_id::bigint as person_id, row_number() over (partition by e.person_id order by e.sort_date, e.row_id, e.criterion, o.observation_period_id) as event_id, e.start_date, e.end_date, o.observation_period_start_date as op_start_date, o.observation_period_end_date as op_end_date, e.visit_occurrence_id::bigint as visit_occurrence_id
from (select x1.person_id as person_id, x1.condition_occurrence_id as row_id, 0 as criterion, x1.condition_start_date as start_date, coalesce(x1.condition_end_date, x1.condition_start_date + 1) as end_date, x1.condition_start_date as sort_date, x1.visit_occurrence_id as visit_occurrence_id from (select distinct on (x1.person_id) x1.* from "cdm".condition_occurrence x1 where x1.condition_concept_id = 10 order by x1.person_id, x1.condition_start_date, x1.condition_occurrence_id) x1) e
join "cdm".observation_period o on o.person_id = e.person_id
  and e.start_date >= greatest(o.observation_period_start_date)
  and e.start_date <= greatest(o.observation_period_end_date)
),
qualified_events as materialized (
select q.person_id, q.event_id, q.start_date, q.end_date, q.op_start_date, q.op_end_date, q.visit_occurrence_id,
  (((select count(*) from (select 1 from "cdm".drug_exposure x3 where x3.person_id = q.person_id and x3.drug_concept_id = any('{20,21,22}'::int[]) and x3.drug_exposure_start_date >= greatest(q.op_start_date, q.start_date - 30) and x3.drug_exposure_start_date <= least(q.op_end_date, q.start_date) limit 2) n) >= 2)::int::bigint << 0)
  | ((not exists (select 1 from "cdm".drug_exposure x5 where x5.person_id = q.person_id and x5.drug_concept_id = any('{20,21,22}'::int[]) and x5.drug_exposure_start_date >= q.op_start_date and x5.drug_exposure_start_date <= q.op_end_date and coalesce(x5.drug_exposure_end_date, x5.drug_exposure_start_date + x5.days_supply, x5.drug_exposure_start_date + 1) >= q.start_date - 30 and coalesce(x5.drug_exposure_end_date, x5.drug_exposure_start_date + x5.days_supply, x5.drug_exposure_start_date + 1) <= q.start_date))::int::bigint << 1)
  | ((coalesce(exists (select 1 from "cdm".person p7 where p7.person_id = q.person_id and extract(year from q.start_date)::int - p7.year_of_birth >= 18), false))::int::bigint << 2) as mask
from primary_events q
),
included_events as (
select q.* from qualified_events q
where q.mask = 7
),
cohort_rows as (
select r.person_id, r.start_date, r.end_date from (
  select i.person_id, i.start_date, least(i.start_date, i.op_end_date) as end_date
  from included_events i
) r where r.end_date is not null
),
final_cohort as (
select m.person_id, m.start_date, coalesce(lead(m.earlier) over (partition by m.person_id order by m.start_date), m.latest) as end_date from (
  select p.person_id, p.start_date,
    max(p.end_date) over (partition by p.person_id order by p.start_date rows between unbounded preceding and 1 preceding) as earlier,
    max(p.end_date) over (partition by p.person_id order by p.start_date rows between unbounded preceding and unbounded following) as latest
  from (select person_id, start_date, end_date as end_date from cohort_rows) p
) m where m.earlier is null or m.earlier < m.start_date
)
select person_id as subject_id, start_date as cohort_start_date, end_date as cohort_end_date
from final_cohort
order by 1, 2, 3;
