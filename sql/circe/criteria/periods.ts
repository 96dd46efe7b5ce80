/** Criteria over periods of a person: observation, insurance; and the one criterion CDM 5.4 cannot answer at all. */

import {
  type Attribute,
  type Attributes,
  age,
  type CriterionDescription,
  common,
  concepts,
  dates,
  first,
  gender,
  integer,
  row,
} from '#sql/circe/criteria/attribute.ts';

const period: Attributes = {
  First: first,
  PeriodStartDate: dates('start'),
  PeriodEndDate: dates('end'),
  UserDefinedPeriod: { kind: 'period' },
  PeriodLength: integer('($end - $start)'),
  AgeAtStart: age('start'),
  AgeAtEnd: age('end'),
  ...common,
};

const set = (column: string): Attribute => ({ kind: 'set-filter', place: row(column) });

export const ObservationPeriod: CriterionDescription = {
  table: 'observation_period',
  id: 'observation_period_id',
  start: 'observation_period_start_date',
  end: '$.observation_period_end_date',
  counts: { DOMAIN_CONCEPT: '$.period_type_concept_id', DURATION: '$end - $start' },
  attributes: { ...concepts('PeriodType', row('period_type_concept_id')), ...period },
};

export const PayerPlanPeriod: CriterionDescription = {
  table: 'payer_plan_period',
  id: 'payer_plan_period_id',
  start: 'payer_plan_period_start_date',
  end: '$.payer_plan_period_end_date',
  counts: { DOMAIN_CONCEPT: '$.payer_concept_id', DURATION: '$end - $start' },
  attributes: {
    ...period,
    ...gender,
    PayerConcept: set('payer_concept_id'),
    PlanConcept: set('plan_concept_id'),
    SponsorConcept: set('sponsor_concept_id'),
    StopReasonConcept: set('stop_reason_concept_id'),
    PayerSourceConcept: set('payer_source_concept_id'),
    PlanSourceConcept: set('plan_source_concept_id'),
    SponsorSourceConcept: set('sponsor_source_concept_id'),
    StopReasonSourceConcept: set('stop_reason_source_concept_id'),
  },
};

const noRegion: Attribute = {
  kind: 'unanswerable',
  reason: 'CDM 5.4 has no LOCATION_HISTORY table and no region of a location',
};

export const LocationRegion: CriterionDescription = {
  table: 'location',
  id: 'location_id',
  start: 'start_date',
  end: '$.end_date',
  counts: {},
  attributes: { CodesetId: noRegion, StartDate: noRegion, EndDate: noRegion, ...common },
};
