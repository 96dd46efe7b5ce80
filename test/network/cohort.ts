/** The hand-made hospital of the network's tests: a tiny CDM, a cohort over it, and the truth counted by plain SQL. */

import type pg from 'pg';
import { ageBands } from '#sql/analysis/count/spec.ts';

const hypertension = 320128;
const hypertensionOfPregnancy = 4167493;
const diabetes = 201826;

export interface CdmShape {
  readonly persons: number;
  /** Makes two hospitals of one size differ. */
  readonly salt: number;
  /** Text of every column that could tell on a patient (at most 40 characters). */
  readonly sourceValue?: string;
}

/** Fills the CDM of an empty node database: concepts, persons, observation periods, conditions. */
export async function fillCdm(pool: pg.Pool, shape: CdmShape): Promise<void> {
  const { persons, salt, sourceValue = 'source' } = shape;
  await pool.query(
    `insert into cdm.concept (concept_id, concept_name, domain_id, vocabulary_id, concept_class_id, standard_concept, concept_code,
       valid_start_date, valid_end_date)
     select id, $2, 'Condition', 'SNOMED', 'Clinical Finding', 'S', id::text, '1970-01-01', '2099-12-31' from unnest($1::int[]) as id`,
    [[hypertension, hypertensionOfPregnancy, diabetes], `${sourceValue} concept`],
  );
  await pool.query(
    `insert into cdm.concept_ancestor (ancestor_concept_id, descendant_concept_id, min_levels_of_separation, max_levels_of_separation)
     values ($1, $1, 0, 0), ($1, $2, 1, 1), ($3, $3, 0, 0)`,
    [hypertension, hypertensionOfPregnancy, diabetes],
  );
  await pool.query(
    `insert into cdm.person (person_id, gender_concept_id, year_of_birth, race_concept_id, ethnicity_concept_id, person_source_value)
     select i, case when i % 23 = 0 then 0 when (i + $2) % 5 < 3 then 8532 else 8507 end, 1925 + (i * 7 + $2) % 80, 0, 0, $3
       from generate_series(1, $1::int) as i`,
    [persons, salt, sourceValue],
  );
  await pool.query(
    `insert into cdm.observation_period (observation_period_id, person_id, observation_period_start_date, observation_period_end_date,
       period_type_concept_id)
     select person_id, person_id, '2010-01-01', '2019-12-31', 0 from cdm.person`,
  );
  // Some second events fall into the era of the first, some outside the observed time, some are of the descendant concept.
  await pool.query(
    `insert into cdm.condition_occurrence (condition_occurrence_id, person_id, condition_concept_id, condition_start_date,
       condition_type_concept_id, condition_source_value)
     select row_number() over (), person_id, concept, day, 0, $4 from (
       select person_id, case when person_id % 7 = 0 then $2::int else $1::int end as concept, date '2012-01-01' + (person_id * 13 % 1000)::int as day
         from cdm.person where person_id % 3 <> 0
       union all
       select person_id, $1::int, date '2012-01-20' + (person_id * 13 % 1000)::int from cdm.person where person_id % 4 = 0
       union all
       select person_id, $1::int, date '2018-06-01' from cdm.person where person_id % 8 = 0
       union all
       select person_id, $1::int, date '2021-01-01' from cdm.person where person_id % 6 = 0
       union all
       select person_id, $3::int, date '2013-01-01' from cdm.person where person_id % 2 = 0
     ) as event`,
    [hypertension, hypertensionOfPregnancy, diabetes, sourceValue],
  );
}

const conceptSet = (id: number, concept: number) => ({
  id,
  name: `Concept set ${id}`,
  expression: {
    items: [
      {
        concept: {
          CONCEPT_ID: concept,
          CONCEPT_NAME: 'Named in the study',
          STANDARD_CONCEPT: 'S',
          INVALID_REASON: 'V',
          CONCEPT_CODE: String(concept),
          DOMAIN_ID: 'Condition',
          VOCABULARY_ID: 'SNOMED',
          CONCEPT_CLASS_ID: 'Clinical Finding',
        },
        isExcluded: false,
        includeDescendants: true,
        includeMapped: false,
      },
    ],
  },
});

/** Hypertension at 40 or older, with diabetes known by then; 30 days each, overlapping ones made one. */
export const definition = {
  cdmVersionRange: '>=5.0.0',
  ConceptSets: [conceptSet(0, hypertension), conceptSet(1, diabetes)],
  PrimaryCriteria: {
    CriteriaList: [{ ConditionOccurrence: { CodesetId: 0 } }],
    ObservationWindow: { PriorDays: 0, PostDays: 0 },
    PrimaryCriteriaLimit: { Type: 'All' },
  },
  QualifiedLimit: { Type: 'All' },
  ExpressionLimit: { Type: 'All' },
  InclusionRules: [
    {
      name: 'Forty or older',
      expression: {
        Type: 'ALL',
        CriteriaList: [],
        DemographicCriteriaList: [{ Age: { Value: 40, Op: 'gte' } }],
        Groups: [],
      },
    },
    {
      name: 'Diabetes by then',
      expression: {
        Type: 'ALL',
        CriteriaList: [
          {
            Criteria: { ConditionOccurrence: { CodesetId: 1 } },
            StartWindow: { Start: { Coeff: -1 }, End: { Days: 0, Coeff: 1 } },
            Occurrence: { Type: 2, Count: 1 },
          },
        ],
        DemographicCriteriaList: [],
        Groups: [],
      },
    },
  ],
  CensoringCriteria: [],
  CollapseSettings: { CollapseType: 'ERA', EraPad: 0 },
  CensorWindow: {},
  EndStrategy: { DateOffset: { DateField: 'StartDate', Offset: 30 } },
};

export interface Truth {
  readonly persons: number;
  readonly rows: number;
  readonly attrition: readonly number[];
  /** Persons by `female/40-49`; groups of nobody are left out. */
  readonly strata: Readonly<Record<string, number>>;
}

/** What `definition` counts on a CDM, by SQL that shares nothing with the product's. */
export async function truthOf(pool: pg.Pool): Promise<Truth> {
  const event = `event as (
    select c.person_id, c.condition_start_date as day, p.year_of_birth, p.gender_concept_id, o.observation_period_end_date as last,
      extract(year from c.condition_start_date) - p.year_of_birth >= 40 as forty,
      exists (select from cdm.condition_occurrence d where d.person_id = c.person_id and d.condition_concept_id = ${diabetes}
        and d.condition_start_date between o.observation_period_start_date and c.condition_start_date) as diabetic
    from cdm.condition_occurrence c join cdm.person p using (person_id) join cdm.observation_period o using (person_id)
    where c.condition_concept_id in (${hypertension}, ${hypertensionOfPregnancy})
      and c.condition_start_date between o.observation_period_start_date and o.observation_period_end_date)`;
  const { rows } = await pool.query<{ persons: number; rows: number; attrition: number[] }>(
    `with ${event}, member as (select * from event where forty and diabetic),
     begun as (
       select person_id, day, max(least(day + 30, last)) over (partition by person_id order by day rows between unbounded preceding and 1 preceding) as until
       from member)
     select (select count(distinct person_id) from member)::int as persons,
       (select count(*) from begun where until is null or day > until)::int as rows,
       array[(select count(distinct person_id) from event), (select count(distinct person_id) from event where forty),
         (select count(distinct person_id) from event where forty and diabetic)]::int[] as attrition`,
  );
  const strata = await pool.query<{ gender: number; age: number; persons: number }>(
    `with ${event}
     select gender_concept_id as gender, (extract(year from first) - year_of_birth)::int as age, count(*)::int as persons
     from (select person_id, gender_concept_id, year_of_birth, min(day) as first from event where forty and diabetic group by 1, 2, 3) as one
     group by 1, 2`,
  );
  const bySexAndBand: Record<string, number> = {};
  for (const { gender, age, persons } of strata.rows) {
    const sex = gender === 8532 ? 'female' : gender === 8507 ? 'male' : 'other';
    const key = `${sex}/${ageBands[Math.min(9, Math.floor(age / 10))]}`;
    bySexAndBand[key] = (bySexAndBand[key] ?? 0) + persons;
  }
  return { ...rows[0]!, strata: bySexAndBand };
}

/** The sum of what several hospitals hold. */
export function sumOf(truths: readonly Truth[]): Truth {
  const strata: Record<string, number> = {};
  for (const truth of truths)
    for (const [key, persons] of Object.entries(truth.strata)) strata[key] = (strata[key] ?? 0) + persons;
  const sum = (of: (truth: Truth) => number) => truths.reduce((total, truth) => total + of(truth), 0);
  return {
    persons: sum(({ persons }) => persons),
    rows: sum(({ rows }) => rows),
    attrition: [0, 1, 2].map((step) => sum(({ attrition }) => attrition[step] ?? 0)),
    strata,
  };
}
