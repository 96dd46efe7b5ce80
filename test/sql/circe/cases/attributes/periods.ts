/** Every attribute of visits, eras and periods. Columns are those of CDM 5.4, attributes those of Circe 1.12. */

import { attributesOf, type Described } from './events.ts';
import {
  ages,
  agesAtEnd,
  careSites,
  concepts,
  decimals,
  ends,
  gender,
  lengths,
  providers,
  requiredConcepts,
  rowTypes,
  setFilter,
  sourceSet,
  starts,
  wholeNumbers,
} from './kinds.ts';

const lasting = { last: '2011-09-27' };

const era = (table: string): Omit<Described, 'type' | 'concept' | 'tried' | 'second'> => ({
  table,
  start: `${table}_start_date`,
  end: { column: `${table}_end_date`, ...lasting },
  startAttribute: 'EraStartDate',
  endAttribute: 'EraEndDate',
});

const eraAttributes = [
  starts('EraStartDate'),
  ends('EraEndDate', 'next-year'),
  lengths('EraLength'),
  ages('AgeAtStart'),
  agesAtEnd('AgeAtEnd'),
  gender,
];

const twice = (column: string, attribute: string) => ({
  column,
  attribute: { [attribute]: { Op: 'eq', Value: 2 } },
});

const periodAttributes = [
  starts('PeriodStartDate'),
  ends('PeriodEndDate', 'next-year'),
  lengths('PeriodLength'),
  ages('AgeAtStart'),
  agesAtEnd('AgeAtEnd'),
];

/** A day of the definition's own must lie in the period; with two, both must. */
const userDefined = [
  { attributes: { UserDefinedPeriod: { StartDate: '2010-02-15' } }, finds: '2' },
  { attributes: { UserDefinedPeriod: { EndDate: '2010-04-09' } }, finds: '3' },
  { attributes: { UserDefinedPeriod: { StartDate: '2010-12-31', EndDate: '2011-03-01' } }, finds: '4' },
  { attributes: { UserDefinedPeriod: { StartDate: '2010-03-10', EndDate: '2010-04-12' } }, finds: '' },
  { attributes: { UserDefinedPeriod: {} }, finds: '1 2 3 4' },
];

export const periods = [
  attributesOf({
    type: 'VisitOccurrence',
    table: 'visit_occurrence',
    concept: 'visit_concept_id',
    start: 'visit_start_date',
    end: { column: 'visit_end_date', ...lasting },
    startAttribute: 'OccurrenceStartDate',
    endAttribute: 'OccurrenceEndDate',
    second: { column: 'visit_type_concept_id', attribute: { VisitType: concepts(2) } },
    tried: [
      starts('OccurrenceStartDate'),
      ends('OccurrenceEndDate', 'next-year'),
      rowTypes('VisitType', 'visit_type_concept_id', 901),
      sourceSet('VisitSourceConcept', 'visit_source_concept_id'),
      lengths('VisitLength'),
      ages('Age'),
      gender,
      providers(),
      careSites(),
    ],
  }),
  attributesOf({
    type: 'VisitDetail',
    table: 'visit_detail',
    concept: 'visit_detail_concept_id',
    start: 'visit_detail_start_date',
    end: { column: 'visit_detail_end_date', ...lasting },
    startAttribute: 'VisitDetailStartDate',
    endAttribute: 'VisitDetailEndDate',
    second: { column: 'visit_detail_type_concept_id', attribute: { VisitDetailType: concepts(2) } },
    tried: [
      starts('VisitDetailStartDate'),
      ends('VisitDetailEndDate', 'next-year'),
      rowTypes('VisitDetailType', 'visit_detail_type_concept_id', 901),
      sourceSet('VisitDetailSourceConcept', 'visit_detail_source_concept_id'),
      lengths('VisitDetailLength'),
      ages('Age'),
      gender,
      providers(),
      careSites(),
    ],
  }),
  attributesOf({
    ...era('condition_era'),
    type: 'ConditionEra',
    concept: 'condition_concept_id',
    second: twice('condition_occurrence_count', 'OccurrenceCount'),
    tried: [...eraAttributes, wholeNumbers('OccurrenceCount', 'condition_occurrence_count')],
  }),
  attributesOf({
    ...era('drug_era'),
    type: 'DrugEra',
    concept: 'drug_concept_id',
    second: twice('drug_exposure_count', 'OccurrenceCount'),
    tried: [
      ...eraAttributes,
      wholeNumbers('OccurrenceCount', 'drug_exposure_count'),
      wholeNumbers('GapDays', 'gap_days'),
    ],
  }),
  attributesOf({
    ...era('dose_era'),
    type: 'DoseEra',
    concept: 'drug_concept_id',
    second: twice('dose_value', 'DoseValue'),
    tried: [
      ...eraAttributes,
      requiredConcepts('Unit', 'unit_concept_id', 951),
      decimals('DoseValue', 'dose_value', 9.5),
    ],
  }),
  attributesOf({
    type: 'ObservationPeriod',
    table: 'observation_period',
    start: 'observation_period_start_date',
    end: { column: 'observation_period_end_date', ...lasting },
    startAttribute: 'PeriodStartDate',
    endAttribute: 'PeriodEndDate',
    tried: [...periodAttributes, requiredConcepts('PeriodType', 'period_type_concept_id', 901)],
    more: userDefined,
  }),
  attributesOf({
    type: 'PayerPlanPeriod',
    table: 'payer_plan_period',
    start: 'payer_plan_period_start_date',
    end: { column: 'payer_plan_period_end_date', ...lasting },
    startAttribute: 'PeriodStartDate',
    endAttribute: 'PeriodEndDate',
    tried: [
      ...periodAttributes,
      gender,
      setFilter('PayerConcept', 'payer_concept_id', 1011),
      setFilter('PlanConcept', 'plan_concept_id', 1021),
      setFilter('SponsorConcept', 'sponsor_concept_id', 1031),
      setFilter('StopReasonConcept', 'stop_reason_concept_id', 1041),
      setFilter('PayerSourceConcept', 'payer_source_concept_id', 1051),
      setFilter('PlanSourceConcept', 'plan_source_concept_id', 1061),
      setFilter('SponsorSourceConcept', 'sponsor_source_concept_id', 1071),
      setFilter('StopReasonSourceConcept', 'stop_reason_source_concept_id', 1081),
    ],
    more: userDefined,
  }),
];
