with qualified_events as materialized (
select e.person_id::bigint as person_id, row_number() over (partition by e.person_id order by e.sort_date, e.row_id, e.criterion, o.observation_period_id) as event_id, e.start_date, e.end_date, o.observation_period_start_date as op_start_date, o.observation_period_end_date as op_end_date, e.visit_occurrence_id::bigint as visit_occurrence_id, 0::bigint as mask
from (select x1.person_id as person_id, x1.drug_exposure_id as row_id, 0 as criterion, x1.drug_exposure_start_date as start_date, coalesce(x1.drug_exposure_end_date, x1.drug_exposure_start_date + x1.days_supply, x1.drug_exposure_start_date + 1) as end_date, x1.drug_exposure_start_date as sort_date, x1.visit_occurrence_id as visit_occurrence_id from "cdm".drug_exposure x1 where x1.drug_concept_id = any('{20,21,22}'::int[])) e
join "cdm".observation_period o on o.person_id = e.person_id
  and e.start_date >= greatest(o.observation_period_start_date)
  and e.start_date <= greatest(o.observation_period_end_date)
),
included_events as (
select q.* from qualified_events q
),
drug_eras as (
select m.person_id, m.start_date, coalesce(lead(m.earlier) over (partition by m.person_id order by m.start_date), m.latest) - 30 as end_date from (
  select p.person_id, p.start_date,
    max(p.end_date) over (partition by p.person_id order by p.start_date rows between unbounded preceding and 1 preceding) as earlier,
    max(p.end_date) over (partition by p.person_id order by p.start_date rows between unbounded preceding and unbounded following) as latest
  from (select d.person_id::bigint as person_id, d.drug_exposure_start_date as start_date, coalesce(d.drug_exposure_end_date, d.drug_exposure_start_date + d.days_supply, d.drug_exposure_start_date + 1) + 44 as end_date from "cdm".drug_exposure d where (d.drug_concept_id = any('{20,21,22}'::int[]) or d.drug_source_concept_id = any('{20,21,22}'::int[])) and d.person_id in (select person_id from included_events)) p
) m where m.earlier is null or m.earlier < m.start_date
),
cohort_rows as materialized (
select r.person_id, r.start_date, r.end_date from (
  select i.person_id, i.start_date, least(i.op_end_date,
    case when c.end_date >= i.start_date then c.end_date end,
    (select min(x3.condition_start_date) from (select x3.* from "cdm".condition_occurrence x3 where x3.person_id = i.person_id and x3.condition_concept_id = 10 order by x3.condition_start_date, x3.condition_occurrence_id limit 1) x3 where x3.condition_start_date >= i.start_date and x3.condition_start_date <= i.op_end_date)) as end_date
  from included_events i
full join (select n.person_id, n.event_id, min(d.end_date) as end_date from included_events n
  full join drug_eras d on d.person_id = n.person_id
  where coalesce(n.start_date between d.start_date and d.end_date, false)
  group by n.person_id, n.event_id) c on c.person_id = i.person_id and c.event_id = i.event_id
  where coalesce(i.event_id, 0) > 0
) r where r.end_date is not null
),
final_cohort as (
select c.person_id, c.start_date, c.end_date from (
  select f.person_id, greatest(f.start_date, date '2010-01-01') as start_date, least(f.end_date, date '2020-12-31') as end_date from (select m.person_id, m.start_date, coalesce(lead(m.earlier) over (partition by m.person_id order by m.start_date), m.latest) - 10 as end_date from (
  select p.person_id, p.start_date,
    max(p.end_date) over (partition by p.person_id order by p.start_date rows between unbounded preceding and 1 preceding) as earlier,
    max(p.end_date) over (partition by p.person_id order by p.start_date rows between unbounded preceding and unbounded following) as latest
  from (select person_id, start_date, end_date + 10 as end_date from cohort_rows) p
) m where m.earlier is null or m.earlier < m.start_date) f
) c where c.start_date <= c.end_date
)
select person_id as subject_id, start_date as cohort_start_date, end_date as cohort_end_date
from final_cohort
order by 1, 2, 3;
