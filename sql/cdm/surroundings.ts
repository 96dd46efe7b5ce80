/**
 * The tables of OMOP CDM 5.4 around the clinical ones: health system, economics, derived elements, metadata, results.
 * Source and conventions as in clinical.ts.
 */

import { cdmTable } from './table.ts';

export const surroundingTables = [
  cdmTable(
    'health system',
    'location',
    ['location_id'],
    `
    location_id                    bigint     required
    address_1                      text(50)
    address_2                      text(50)
    city                           text(50)
    state                          text(2)
    zip                            text(9)
    county                         text(20)
    location_source_value          text(50)
    country_concept_id             integer
    country_source_value           text(80)
    latitude                       numeric
    longitude                      numeric
  `,
  ),
  cdmTable(
    'health system',
    'care_site',
    ['care_site_id'],
    `
    care_site_id                   bigint     required
    care_site_name                 text(255)
    place_of_service_concept_id    integer
    location_id                    bigint
    care_site_source_value         text(50)
    place_of_service_source_value  text(50)
  `,
  ),
  cdmTable(
    'health system',
    'provider',
    ['provider_id'],
    `
    provider_id                    bigint     required
    provider_name                  text(255)
    npi                            text(20)
    dea                            text(20)
    specialty_concept_id           integer
    care_site_id                   bigint
    year_of_birth                  integer
    gender_concept_id              integer
    provider_source_value          text(50)
    specialty_source_value         text(50)
    specialty_source_concept_id    integer
    gender_source_value            text(50)
    gender_source_concept_id       integer
  `,
  ),
  cdmTable(
    'economics',
    'payer_plan_period',
    ['payer_plan_period_id'],
    `
    payer_plan_period_id           bigint     required
    person_id                      bigint     required
    payer_plan_period_start_date   date       required
    payer_plan_period_end_date     date       required
    payer_concept_id               integer
    payer_source_value             text(50)
    payer_source_concept_id        integer
    plan_concept_id                integer
    plan_source_value              text(50)
    plan_source_concept_id         integer
    sponsor_concept_id             integer
    sponsor_source_value           text(50)
    sponsor_source_concept_id      integer
    family_source_value            text(50)
    stop_reason_concept_id         integer
    stop_reason_source_value       text(50)
    stop_reason_source_concept_id  integer
  `,
  ),
  cdmTable(
    'economics',
    'cost',
    ['cost_id'],
    `
    cost_id                        bigint     required
    cost_event_id                  bigint     required
    cost_domain_id                 text(20)   required
    cost_type_concept_id           integer    required
    currency_concept_id            integer
    total_charge                   numeric
    total_cost                     numeric
    total_paid                     numeric
    paid_by_payer                  numeric
    paid_by_patient                numeric
    paid_patient_copay             numeric
    paid_patient_coinsurance       numeric
    paid_patient_deductible        numeric
    paid_by_primary                numeric
    paid_ingredient_cost           numeric
    paid_dispensing_fee            numeric
    payer_plan_period_id           bigint
    amount_allowed                 numeric
    revenue_code_concept_id        integer
    revenue_code_source_value      text(50)
    drg_concept_id                 integer
    drg_source_value               text(3)
  `,
  ),
  cdmTable(
    'derived',
    'drug_era',
    ['drug_era_id'],
    `
    drug_era_id                    bigint     required
    person_id                      bigint     required
    drug_concept_id                integer    required
    drug_era_start_date            date       required
    drug_era_end_date              date       required
    drug_exposure_count            integer
    gap_days                       integer
  `,
  ),
  cdmTable(
    'derived',
    'dose_era',
    ['dose_era_id'],
    `
    dose_era_id                    bigint     required
    person_id                      bigint     required
    drug_concept_id                integer    required
    unit_concept_id                integer    required
    dose_value                     numeric    required
    dose_era_start_date            date       required
    dose_era_end_date              date       required
  `,
  ),
  cdmTable(
    'derived',
    'condition_era',
    ['condition_era_id'],
    `
    condition_era_id               bigint     required
    person_id                      bigint     required
    condition_concept_id           integer    required
    condition_era_start_date       date       required
    condition_era_end_date         date       required
    condition_occurrence_count     integer
  `,
  ),
  cdmTable(
    'derived',
    'episode',
    ['episode_id'],
    `
    episode_id                     bigint     required
    person_id                      bigint     required
    episode_concept_id             integer    required
    episode_start_date             date       required
    episode_start_datetime         timestamp
    episode_end_date               date
    episode_end_datetime           timestamp
    episode_parent_id              bigint
    episode_number                 integer
    episode_object_concept_id      integer    required
    episode_type_concept_id        integer    required
    episode_source_value           text(50)
    episode_source_concept_id      integer
  `,
  ),
  cdmTable(
    'derived',
    'episode_event',
    [],
    `
    episode_id                     bigint     required
    event_id                       bigint     required
    episode_event_field_concept_id integer    required
  `,
  ),
  cdmTable(
    'metadata',
    'metadata',
    ['metadata_id'],
    `
    metadata_id                    bigint     required
    metadata_concept_id            integer    required
    metadata_type_concept_id       integer    required
    name                           text(250)  required
    value_as_string                text(250)
    value_as_concept_id            integer
    value_as_number                numeric
    metadata_date                  date
    metadata_datetime              timestamp
  `,
  ),
  cdmTable(
    'metadata',
    'cdm_source',
    [],
    `
    cdm_source_name                text(255)  required
    cdm_source_abbreviation        text(25)   required
    cdm_holder                     text(255)  required
    source_description             text
    source_documentation_reference text(255)
    cdm_etl_reference              text(255)
    source_release_date            date       required
    cdm_release_date               date       required
    cdm_version                    text(10)
    cdm_version_concept_id         integer    required
    vocabulary_version             text(20)   required
  `,
  ),
  cdmTable(
    'cohort',
    'cohort',
    [],
    `
    cohort_definition_id           integer    required
    subject_id                     bigint     required
    cohort_start_date              date       required
    cohort_end_date                date       required
  `,
  ),
  cdmTable(
    'cohort',
    'cohort_definition',
    [],
    `
    cohort_definition_id           integer    required
    cohort_definition_name         text(255)  required
    cohort_definition_description  text
    definition_type_concept_id     integer    required
    cohort_definition_syntax       text
    subject_concept_id             integer    required
    cohort_initiation_date         date
  `,
  ),
];
