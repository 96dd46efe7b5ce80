/**
 * Where Circe 1.12 errs: what the definition says is found by default, what Circe finds under parity, and `check` names
 * the place. Where Circe fails, ours gives the right answer either way.
 */

import { ask } from '../attributes/events.ts';
import type { Case, Feature } from '../case.ts';
import { people } from '../case.ts';
import { atLeast, cohort, Drugged, drug, group, near, rule, Sick, sick, visit } from '../plain.ts';

interface Defect {
  readonly name: string;
  readonly definition: object;
  readonly finds: Case['finds'];
  /** What Circe finds; the same as ours where it gives an error. */
  readonly circeFinds: Case['finds'];
  readonly path: string;
}

export const rows: Feature['rows'] = {
  ...people(
    { person_id: 1, gender_concept_id: 8532, race_concept_id: 31, ethnicity_concept_id: 41 },
    { person_id: 2, gender_concept_id: 8507, race_concept_id: 32, ethnicity_concept_id: 42 },
  ),
  condition_occurrence: [sick(1, '2010-01-01'), sick(2, '2010-01-01')],
  drug_exposure: [
    drug(1, '2010-01-01', { drug_exposure_end_date: '2010-02-01' }),
    drug(2, '2010-02-01', { drug_exposure_end_date: '2010-03-01' }),
  ],
  drug_era: [
    {
      person_id: 1,
      drug_concept_id: 2,
      drug_era_start_date: '2010-01-01',
      drug_era_end_date: '2010-01-11',
      gap_days: 30,
    },
    {
      person_id: 2,
      drug_concept_id: 2,
      drug_era_start_date: '2010-01-01',
      drug_era_end_date: '2010-01-31',
      gap_days: 10,
    },
  ],
  visit_occurrence: [visit(1, '2009-12-30', '2010-01-02', { visit_occurrence_id: 800_001 })],
  visit_detail: [
    {
      person_id: 1,
      visit_detail_concept_id: 5,
      visit_detail_start_date: '2009-12-30',
      visit_detail_end_date: '2010-01-02',
      visit_occurrence_id: 800_001,
    },
  ],
  measurement: [
    {
      person_id: 1,
      measurement_concept_id: 3,
      measurement_date: '2010-01-01',
      value_as_number: 9,
      range_high: 5,
      unit_concept_id: 6,
      visit_occurrence_id: 800_001,
    },
    {
      person_id: 2,
      measurement_concept_id: 3,
      measurement_date: '2010-01-01',
      value_as_number: 4,
      range_high: 5,
    },
  ],
  death: [{ person_id: 1, death_date: '2010-01-01' }],
  specimen: [{ person_id: 1, specimen_concept_id: 8, specimen_date: '2010-01-01' }],
  payer_plan_period: [1, 2].flatMap((payer) => [
    {
      person_id: 1,
      payer_plan_period_start_date: '2010-01-01',
      payer_plan_period_end_date: '2010-12-31',
      payer_concept_id: payer,
    },
  ]),
};

const entry = '$.PrimaryCriteria.CriteriaList[0]';
const member = '$.InclusionRules[0].expression.CriteriaList[0]';
const person = '$.InclusionRules[0].expression.DemographicCriteriaList[0]';
const people2 = (attributes: object, set: number) =>
  ask(
    { ConditionOccurrence: {} },
    { 9: [set] },
    rule(group('ALL', [], { DemographicCriteriaList: [attributes] })),
  );
const counted = (criterion: object, CountColumn: string | undefined, Count: number) =>
  cohort(
    [Sick],
    rule(
      group('ALL', [
        near(criterion, {
          Occurrence: atLeast(Count, {
            IsDistinct: true,
            ...(CountColumn === undefined ? {} : { CountColumn }),
          }),
        }),
      ]),
    ),
  );
const shift = (StartWith: string, StartOffset: number, EndWith: string, EndOffset: number) => ({
  DateAdjustment: { StartWith, StartOffset, EndWith, EndOffset },
});
const equal = (Value: string | number) => ({ Op: 'eq', Value });
const nestedVisit = group('ALL', [near({ VisitOccurrence: {} }, { IgnoreObservationPeriod: true })]);

export const defects: readonly Defect[] = [
  {
    name: 'RaceCS tests the gender',
    definition: people2({ RaceCS: { CodesetId: 9, IsExclusion: false } }, 31),
    finds: '1',
    circeFinds: '',
    path: `${person}.RaceCS`,
  },
  {
    name: 'EthnicityCS tests the gender',
    definition: people2({ EthnicityCS: { CodesetId: 9, IsExclusion: true } }, 42),
    finds: '1',
    circeFinds: '1 2',
    path: `${person}.EthnicityCS`,
  },
  {
    name: 'OccurrenceEndDate of a drug tests the start',
    definition: ask({ DrugExposure: { OccurrenceEndDate: equal('2010-02-01') } }),
    finds: '1',
    circeFinds: '2',
    path: `${entry}.DrugExposure.OccurrenceEndDate`,
  },
  {
    name: 'GapDays is tested by the range of EraLength',
    definition: ask({ DrugEra: { GapDays: { Op: 'gt', Value: 5 }, EraLength: equal(30) } }),
    finds: '2',
    circeFinds: '',
    path: `${entry}.DrugEra.GapDays`,
  },
  {
    name: 'GapDays alone cannot be compiled',
    definition: ask({ DrugEra: { GapDays: equal(10) } }),
    finds: '2',
    circeFinds: '2',
    path: `${entry}.DrugEra.GapDays`,
  },
  {
    name: 'the age of a visit detail is taken at its end',
    definition: ask({ VisitDetail: { Age: equal(29) } }),
    finds: '1',
    circeFinds: '',
    path: `${entry}.VisitDetail.Age`,
  },
  {
    name: 'a visit detail has no list of genders',
    definition: ask({ VisitDetail: { Gender: [{ CONCEPT_ID: 8507 }] } }),
    finds: '',
    circeFinds: '1',
    path: `${entry}.VisitDetail.Gender`,
  },
  {
    name: 'VisitTypeExclude is read of visits alone',
    definition: ask({ Measurement: { VisitType: [{ CONCEPT_ID: 4 }], VisitTypeExclude: true } }),
    finds: '',
    circeFinds: '1',
    path: `${entry}.Measurement.VisitTypeExclude`,
  },
  {
    name: 'a death is adjusted from its own dates',
    definition: ask({ Death: shift('END_DATE', 0, 'END_DATE', 0) }),
    finds: ['1 2010-01-02 2010-01-02'],
    circeFinds: ['1 2010-01-01 2010-01-01'],
    path: `${entry}.Death.DateAdjustment`,
  },
  {
    name: 'a specimen is not adjusted',
    definition: ask({ Specimen: shift('START_DATE', 7, 'END_DATE', 7) }),
    finds: ['1 2010-01-08 2010-01-08'],
    circeFinds: ['1 2010-01-01 2010-01-01'],
    path: `${entry}.Specimen.DateAdjustment`,
  },
  {
    name: 'Abnormal without ValueAsConcept is an SQL error',
    definition: ask({ Measurement: { Abnormal: true } }),
    finds: '1',
    circeFinds: '1',
    path: `${entry}.Measurement.Abnormal`,
  },
  {
    name: 'a distinct count of payers is an SQL error',
    definition: counted({ PayerPlanPeriod: {} }, undefined, 2),
    finds: '1',
    circeFinds: '1',
    path: `${member}.Occurrence`,
  },
  {
    name: 'a distinct count of concepts with nested criteria is an SQL error',
    definition: counted(
      { DrugExposure: { CodesetId: 2, CorrelatedCriteria: nestedVisit } },
      'DOMAIN_CONCEPT',
      1,
    ),
    finds: '1',
    circeFinds: '1',
    path: `${member}.Occurrence`,
  },
  {
    name: 'a distinct count of another column with nested criteria too',
    definition: counted({ DrugExposure: { CodesetId: 2, CorrelatedCriteria: nestedVisit } }, 'DURATION', 1),
    finds: '1',
    circeFinds: '1',
    path: `${member}.Occurrence`,
  },
  {
    name: 'the visits of visit details cannot be counted',
    definition: counted({ VisitDetail: {} }, 'VISIT_ID', 1),
    finds: '1',
    circeFinds: '1',
    path: `${member}.Occurrence`,
  },
  {
    name: 'visit details cannot be counted',
    definition: counted({ VisitDetail: {} }, 'VISIT_DETAIL_ID', 1),
    finds: '1',
    circeFinds: '1',
    path: `${member}.Occurrence`,
  },
  {
    name: 'the units of measurements cannot be counted',
    definition: counted({ Measurement: {} }, 'UNIT', 1),
    finds: '1',
    circeFinds: '1',
    path: `${member}.Occurrence`,
  },
  {
    name: 'the visits of condition eras cannot be counted, and there are none',
    definition: counted({ ConditionEra: {} }, 'VISIT_ID', 1),
    finds: '',
    circeFinds: '',
    path: `${member}.Occurrence`,
  },
];

/** Plain definitions, of which nothing must be told. */
export const faultless: readonly object[] = [
  cohort([Sick, Drugged]),
  ask({ Death: shift('START_DATE', 1, 'END_DATE', 1) }),
  ask({ Measurement: { Abnormal: true, ValueAsConceptCS: { CodesetId: 0, IsExclusion: false } } }),
  counted({ DrugExposure: { CorrelatedCriteria: nestedVisit } }, 'START_DATE', 1),
  ask({ VisitOccurrence: { Age: equal(29), VisitType: [{ CONCEPT_ID: 4 }], VisitTypeExclude: true } }),
];
