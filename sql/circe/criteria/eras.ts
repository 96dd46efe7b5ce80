/** Criteria over derived eras. */

import {
  type Attributes,
  age,
  type CriterionDescription,
  codeset,
  common,
  concepts,
  dates,
  decimal,
  first,
  gender,
  integer,
  row,
} from '#sql/circe/criteria/attribute.ts';

const era: Attributes = {
  First: first,
  EraStartDate: dates('start'),
  EraEndDate: dates('end'),
  EraLength: integer('($end - $start)'),
  AgeAtStart: age('start'),
  AgeAtEnd: age('end'),
  ...gender,
  ...common,
};

export const ConditionEra: CriterionDescription = {
  table: 'condition_era',
  id: 'condition_era_id',
  start: 'condition_era_start_date',
  end: '$.condition_era_end_date',
  counts: {
    DOMAIN_CONCEPT: '$.condition_concept_id',
    ERA_OCCURRENCES: '$.condition_occurrence_count',
    DURATION: '$end - $start',
  },
  attributes: {
    CodesetId: codeset('condition_concept_id'),
    OccurrenceCount: integer('$.condition_occurrence_count'),
    ...era,
  },
};

export const DrugEra: CriterionDescription = {
  table: 'drug_era',
  id: 'drug_era_id',
  start: 'drug_era_start_date',
  end: '$.drug_era_end_date',
  counts: {
    DOMAIN_CONCEPT: '$.drug_concept_id',
    ERA_OCCURRENCES: '$.drug_exposure_count',
    GAP_DAYS: '$.gap_days',
    DURATION: '$end - $start',
  },
  attributes: {
    CodesetId: codeset('drug_concept_id'),
    OccurrenceCount: integer('$.drug_exposure_count'),
    // Circe reads EraLength here by mistake (null pointer, or the wrong filter): check/defects.ts.
    GapDays: integer('$.gap_days'),
    ...era,
  },
};

export const DoseEra: CriterionDescription = {
  table: 'dose_era',
  id: 'dose_era_id',
  start: 'dose_era_start_date',
  end: '$.dose_era_end_date',
  counts: {
    DOMAIN_CONCEPT: '$.drug_concept_id',
    DURATION: '$end - $start',
    UNIT: '$.unit_concept_id',
    VALUE_AS_NUMBER: '$.dose_value',
  },
  attributes: {
    CodesetId: codeset('drug_concept_id'),
    ...concepts('Unit', row('unit_concept_id')),
    DoseValue: decimal('$.dose_value'),
    ...era,
  },
};
