/** Small random CDMs: a handful of persons, dates so dense that things coincide, NULL wherever a column may be empty. */

import fc from 'fast-check';
import {
  after,
  amount,
  concept,
  count,
  day,
  firstDay,
  gender,
  kinds,
  length,
  orNull,
  proper,
  type Rows,
  rows,
  small,
  text,
  valueConcept,
  visited,
} from './arbitrary-row.ts';
import { vocabulary } from './arbitrary-vocabulary.ts';
import type { Cdm } from './data.ts';

/** Periods of a person that do not overlap, as CDM asks; gaps and neighbours both occur. */
const observed: Rows = fc
  .array(
    fc.array(
      fc.record({
        gap: fc.constantFrom(0, 0, 1, 3, 6),
        long: fc.constantFrom(0, 3, 8, 12, 18, 25),
        kind: small,
      }),
      { minLength: 1, maxLength: 2 },
    ),
    { minLength: 4, maxLength: 4 },
  )
  .map((persons) => {
    let id = 0;
    return persons.flatMap((periods, at) => {
      let start = firstDay - 4;
      return periods.map(({ gap, long, kind }) => {
        start += gap;
        const end = start + long;
        id += 1;
        const row = {
          observation_period_id: id,
          person_id: at + 1,
          observation_period_start_date: start,
          observation_period_end_date: end,
          period_type_concept_id: kind,
        };
        start = end + 1;
        return row;
      });
    });
  });

const persons: Rows = fc
  .array(
    fc.record({
      there: fc.constantFrom(true, true, true, true, true, true, true, false),
      gender_concept_id: orNull(gender),
      year_of_birth: orNull(fc.constantFrom<number[]>(1980, 1991, 1992)),
      race_concept_id: orNull(small),
      ethnicity_concept_id: orNull(small),
    }),
    { minLength: 4, maxLength: 4 },
  )
  .map((list) => list.flatMap(({ there, ...row }, at) => (there ? [{ ...row, person_id: at + 1 }] : [])));

const payers = ['payer', 'plan', 'sponsor', 'stop_reason'].flatMap((stem) => [
  `${stem}_concept_id`,
  `${stem}_source_concept_id`,
]);

export const cdms: fc.Arbitrary<Cdm> = fc.record({
  ...vocabulary,
  person: persons,
  observation_period: observed,
  provider: fc
    .array(orNull(small), { maxLength: 3 })
    .map((list) => list.map((specialty_concept_id, at) => ({ provider_id: at + 1, specialty_concept_id }))),
  care_site: fc
    .array(orNull(small), { maxLength: 3 })
    .map((list) =>
      list.map((place_of_service_concept_id, at) => ({ care_site_id: at + 1, place_of_service_concept_id })),
    ),
  visit_occurrence: rows(
    'visit_occurrence_id',
    5,
    {
      ...kinds('visit'),
      visit_start_date: day,
      visit_end_date: proper,
      provider_id: orNull(small),
      care_site_id: orNull(small),
    },
    after('visit_start_date', 'visit_end_date'),
  ),
  visit_detail: rows(
    'visit_detail_id',
    4,
    {
      ...kinds('visit_detail'),
      visit_detail_start_date: day,
      visit_detail_end_date: proper,
      ...visited,
      care_site_id: orNull(small),
    },
    after('visit_detail_start_date', 'visit_detail_end_date'),
  ),
  condition_occurrence: rows(
    'condition_occurrence_id',
    10,
    {
      ...kinds('condition'),
      condition_start_date: day,
      condition_end_date: orNull(length),
      condition_status_concept_id: orNull(small),
      stop_reason: text,
      ...visited,
    },
    after('condition_start_date', 'condition_end_date'),
  ),
  drug_exposure: rows(
    'drug_exposure_id',
    8,
    {
      ...kinds('drug'),
      drug_exposure_start_date: day,
      drug_exposure_end_date: orNull(length),
      days_supply: count,
      refills: count,
      quantity: amount,
      route_concept_id: orNull(small),
      stop_reason: text,
      lot_number: text,
      ...visited,
    },
    after('drug_exposure_start_date', 'drug_exposure_end_date'),
  ),
  procedure_occurrence: rows('procedure_occurrence_id', 5, {
    ...kinds('procedure'),
    procedure_date: day,
    procedure_end_date: orNull(day),
    modifier_concept_id: orNull(small),
    quantity: count,
    ...visited,
  }),
  device_exposure: rows(
    'device_exposure_id',
    4,
    {
      ...kinds('device'),
      device_exposure_start_date: day,
      device_exposure_end_date: orNull(length),
      unique_device_id: text,
      quantity: count,
      ...visited,
    },
    after('device_exposure_start_date', 'device_exposure_end_date'),
  ),
  measurement: rows('measurement_id', 8, {
    ...kinds('measurement'),
    measurement_date: day,
    operator_concept_id: orNull(small),
    value_as_number: amount,
    value_as_concept_id: valueConcept,
    unit_concept_id: orNull(small),
    range_low: amount,
    range_high: amount,
    ...visited,
  }),
  observation: rows('observation_id', 5, {
    ...kinds('observation'),
    observation_date: day,
    value_as_number: amount,
    value_as_string: text,
    value_as_concept_id: valueConcept,
    qualifier_concept_id: orNull(small),
    unit_concept_id: orNull(small),
    ...visited,
  }),
  specimen: rows('specimen_id', 4, {
    ...kinds('specimen', false),
    specimen_date: day,
    quantity: amount,
    unit_concept_id: orNull(small),
    anatomic_site_concept_id: orNull(small),
    disease_status_concept_id: orNull(small),
    specimen_source_id: text,
  }),
  death: rows(undefined, 3, {
    death_date: day,
    death_type_concept_id: orNull(small),
    cause_concept_id: orNull(concept),
    cause_source_concept_id: orNull(concept),
  }).map((list) =>
    list.filter((row, at) => list.findIndex((other) => other.person_id === row.person_id) === at),
  ),
  condition_era: rows(
    'condition_era_id',
    5,
    {
      condition_concept_id: concept,
      condition_era_start_date: day,
      condition_era_end_date: proper,
      condition_occurrence_count: count,
    },
    after('condition_era_start_date', 'condition_era_end_date'),
  ),
  drug_era: rows(
    'drug_era_id',
    5,
    {
      drug_concept_id: concept,
      drug_era_start_date: day,
      drug_era_end_date: proper,
      drug_exposure_count: count,
      gap_days: count,
    },
    after('drug_era_start_date', 'drug_era_end_date'),
  ),
  dose_era: rows(
    'dose_era_id',
    4,
    {
      drug_concept_id: concept,
      unit_concept_id: orNull(small),
      dose_value: amount,
      dose_era_start_date: day,
      dose_era_end_date: proper,
    },
    after('dose_era_start_date', 'dose_era_end_date'),
  ),
  payer_plan_period: rows(
    'payer_plan_period_id',
    4,
    {
      payer_plan_period_start_date: day,
      payer_plan_period_end_date: proper,
      ...Object.fromEntries(payers.map((name) => [name, orNull(concept)])),
    },
    after('payer_plan_period_start_date', 'payer_plan_period_end_date'),
  ),
  image_occurrence: rows('image_occurrence_id', 6, {
    modality_concept_id: concept,
    modality_source_concept_id: orNull(concept),
    image_occurrence_date: day,
    visit_occurrence_id: orNull(small),
    image_study_uid: fc.constantFrom('1.2', '1.3'),
    image_series_uid: fc.constantFrom('1.2.1', '1.3.1'),
    anatomic_site_concept_id: orNull(small),
    plane_concept_id: orNull(small),
    phase_concept_id: orNull(small),
    contrast_agent_concept_id: orNull(small),
    contrast: orNull(fc.boolean()),
    slice_thickness: amount,
    slice_count: count,
    image_rows: count,
    image_columns: count,
    magnetic_field_strength: amount,
    kvp: amount,
    manufacturer: text,
    model_name: text,
    protocol_name: text,
    series_description: text,
  }),
  image_feature: rows('image_feature_id', 6, {
    image_occurrence_id: fc.constantFrom(1, 2, 3, 9),
    image_feature_concept_id: concept,
    image_feature_type_concept_id: small,
    image_feature_date: day,
    visit_occurrence_id: orNull(small),
    image_finding_concept_id: orNull(small),
    anatomic_site_concept_id: orNull(small),
    alg_system: text,
    value_as_number: amount,
    value_as_concept_id: valueConcept,
    unit_concept_id: orNull(small),
  }),
});
