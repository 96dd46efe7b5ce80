/** What the hospitals hold, counted by plain SQL that shares nothing with the product's. */

import type pg from 'pg';
import { type CdmShape, definition, fillCdm } from '#test/network/cohort.ts';

export interface Truth {
  readonly persons: number;
  /** Persons with an event, of these as old as asked, of these with diabetes by then. */
  readonly attrition: readonly number[];
}

export async function fillHospital(pool: pg.Pool, shape: CdmShape): Promise<void> {
  await fillCdm(pool, shape);
  await pool.query('analyze');
}

/** The tests' cohort, at this age or older. */
export function definitionAt(age: number): object {
  const [first, ...rules] = definition.InclusionRules;
  const older = {
    ...first,
    expression: { ...first?.expression, DemographicCriteriaList: [{ Age: { Value: age, Op: 'gte' } }] },
  };
  return { ...definition, InclusionRules: [older, ...rules] };
}

export async function truthAt(pool: pg.Pool, age: number): Promise<Truth> {
  const { rows } = await pool.query<{ all: number; older: number; both: number }>(
    `with event as (
       select c.person_id, extract(year from c.condition_start_date) - p.year_of_birth >= $1 as older,
         exists (select from cdm.condition_occurrence d where d.person_id = c.person_id and d.condition_concept_id = 201826
           and d.condition_start_date between o.observation_period_start_date and c.condition_start_date) as diabetic
       from cdm.condition_occurrence c join cdm.person p using (person_id) join cdm.observation_period o using (person_id)
       where c.condition_concept_id in (320128, 4167493)
         and c.condition_start_date between o.observation_period_start_date and o.observation_period_end_date)
     select count(distinct person_id)::int as all, (count(distinct person_id) filter (where older))::int as older,
       (count(distinct person_id) filter (where older and diabetic))::int as both from event`,
    [age],
  );
  const [{ all, older, both }] = rows as [{ all: number; older: number; both: number }];
  return { persons: both, attrition: [all, older, both] };
}

/** The sum of what several hospitals hold. */
export function sumOf(truths: readonly Truth[]): Truth {
  const sum = (of: (truth: Truth) => number) => truths.reduce((total, truth) => total + of(truth), 0);
  return {
    persons: sum(({ persons }) => persons),
    attrition: [0, 1, 2].map((step) => sum(({ attrition }) => attrition[step] ?? 0)),
  };
}
