/**
 * The clinical tables of OMOP CDM 5.4 (https://ohdsi.github.io/CommonDataModel/cdm54.html).
 * Longer than 300 lines because it is pure data.
 * Row ids and person_id are bigint (hospitals outgrow int4), concept ids integer; all else as the standard has it.
 */

import { cdmTable } from './table.ts';

export const clinicalTables = [
  cdmTable(
    'clinical',
    'person',
    ['person_id'],
    `
    person_id                      bigint     required
    gender_concept_id              integer    required
    year_of_birth                  integer    required
    month_of_birth                 integer
    day_of_birth                   integer
    birth_datetime                 timestamp
    race_concept_id                integer    required
    ethnicity_concept_id           integer    required
    location_id                    bigint
    provider_id                    bigint
    care_site_id                   bigint
    person_source_value            text(50)
    gender_source_value            text(50)
    gender_source_concept_id       integer
    race_source_value              text(50)
    race_source_concept_id         integer
    ethnicity_source_value         text(50)
    ethnicity_source_concept_id    integer
  `,
  ),
  cdmTable(
    'clinical',
    'observation_period',
    ['observation_period_id'],
    `
    observation_period_id          bigint     required
    person_id                      bigint     required
    observation_period_start_date  date       required
    observation_period_end_date    date       required
    period_type_concept_id         integer    required
  `,
  ),
  cdmTable(
    'clinical',
    'visit_occurrence',
    ['visit_occurrence_id'],
    `
    visit_occurrence_id            bigint     required
    person_id                      bigint     required
    visit_concept_id               integer    required
    visit_start_date               date       required
    visit_start_datetime           timestamp
    visit_end_date                 date       required
    visit_end_datetime             timestamp
    visit_type_concept_id          integer    required
    provider_id                    bigint
    care_site_id                   bigint
    visit_source_value             text(50)
    visit_source_concept_id        integer
    admitted_from_concept_id       integer
    admitted_from_source_value     text(50)
    discharged_to_concept_id       integer
    discharged_to_source_value     text(50)
    preceding_visit_occurrence_id  bigint
  `,
  ),
  cdmTable(
    'clinical',
    'visit_detail',
    ['visit_detail_id'],
    `
    visit_detail_id                bigint     required
    person_id                      bigint     required
    visit_detail_concept_id        integer    required
    visit_detail_start_date        date       required
    visit_detail_start_datetime    timestamp
    visit_detail_end_date          date       required
    visit_detail_end_datetime      timestamp
    visit_detail_type_concept_id   integer    required
    provider_id                    bigint
    care_site_id                   bigint
    visit_detail_source_value      text(50)
    visit_detail_source_concept_id integer
    admitted_from_concept_id       integer
    admitted_from_source_value     text(50)
    discharged_to_source_value     text(50)
    discharged_to_concept_id       integer
    preceding_visit_detail_id      bigint
    parent_visit_detail_id         bigint
    visit_occurrence_id            bigint     required
  `,
  ),
  cdmTable(
    'clinical',
    'condition_occurrence',
    ['condition_occurrence_id'],
    `
    condition_occurrence_id        bigint     required
    person_id                      bigint     required
    condition_concept_id           integer    required
    condition_start_date           date       required
    condition_start_datetime       timestamp
    condition_end_date             date
    condition_end_datetime         timestamp
    condition_type_concept_id      integer    required
    condition_status_concept_id    integer
    stop_reason                    text(20)
    provider_id                    bigint
    visit_occurrence_id            bigint
    visit_detail_id                bigint
    condition_source_value         text(50)
    condition_source_concept_id    integer
    condition_status_source_value  text(50)
  `,
  ),
  cdmTable(
    'clinical',
    'drug_exposure',
    ['drug_exposure_id'],
    `
    drug_exposure_id               bigint     required
    person_id                      bigint     required
    drug_concept_id                integer    required
    drug_exposure_start_date       date       required
    drug_exposure_start_datetime   timestamp
    drug_exposure_end_date         date       required
    drug_exposure_end_datetime     timestamp
    verbatim_end_date              date
    drug_type_concept_id           integer    required
    stop_reason                    text(20)
    refills                        integer
    quantity                       numeric
    days_supply                    integer
    sig                            text
    route_concept_id               integer
    lot_number                     text(50)
    provider_id                    bigint
    visit_occurrence_id            bigint
    visit_detail_id                bigint
    drug_source_value              text(50)
    drug_source_concept_id         integer
    route_source_value             text(50)
    dose_unit_source_value         text(50)
  `,
  ),
  cdmTable(
    'clinical',
    'procedure_occurrence',
    ['procedure_occurrence_id'],
    `
    procedure_occurrence_id        bigint     required
    person_id                      bigint     required
    procedure_concept_id           integer    required
    procedure_date                 date       required
    procedure_datetime             timestamp
    procedure_end_date             date
    procedure_end_datetime         timestamp
    procedure_type_concept_id      integer    required
    modifier_concept_id            integer
    quantity                       integer
    provider_id                    bigint
    visit_occurrence_id            bigint
    visit_detail_id                bigint
    procedure_source_value         text(50)
    procedure_source_concept_id    integer
    modifier_source_value          text(50)
  `,
  ),
  cdmTable(
    'clinical',
    'device_exposure',
    ['device_exposure_id'],
    `
    device_exposure_id             bigint     required
    person_id                      bigint     required
    device_concept_id              integer    required
    device_exposure_start_date     date       required
    device_exposure_start_datetime timestamp
    device_exposure_end_date       date
    device_exposure_end_datetime   timestamp
    device_type_concept_id         integer    required
    unique_device_id               text(255)
    production_id                  text(255)
    quantity                       integer
    provider_id                    bigint
    visit_occurrence_id            bigint
    visit_detail_id                bigint
    device_source_value            text(50)
    device_source_concept_id       integer
    unit_concept_id                integer
    unit_source_value              text(50)
    unit_source_concept_id         integer
  `,
  ),
  cdmTable(
    'clinical',
    'measurement',
    ['measurement_id'],
    `
    measurement_id                 bigint     required
    person_id                      bigint     required
    measurement_concept_id         integer    required
    measurement_date               date       required
    measurement_datetime           timestamp
    measurement_time               text(10)
    measurement_type_concept_id    integer    required
    operator_concept_id            integer
    value_as_number                numeric
    value_as_concept_id            integer
    unit_concept_id                integer
    range_low                      numeric
    range_high                     numeric
    provider_id                    bigint
    visit_occurrence_id            bigint
    visit_detail_id                bigint
    measurement_source_value       text(50)
    measurement_source_concept_id  integer
    unit_source_value              text(50)
    unit_source_concept_id         integer
    value_source_value             text(50)
    measurement_event_id           bigint
    meas_event_field_concept_id    integer
  `,
  ),
  cdmTable(
    'clinical',
    'observation',
    ['observation_id'],
    `
    observation_id                 bigint     required
    person_id                      bigint     required
    observation_concept_id         integer    required
    observation_date               date       required
    observation_datetime           timestamp
    observation_type_concept_id    integer    required
    value_as_number                numeric
    value_as_string                text(60)
    value_as_concept_id            integer
    qualifier_concept_id           integer
    unit_concept_id                integer
    provider_id                    bigint
    visit_occurrence_id            bigint
    visit_detail_id                bigint
    observation_source_value       text(50)
    observation_source_concept_id  integer
    unit_source_value              text(50)
    qualifier_source_value         text(50)
    value_source_value             text(50)
    observation_event_id           bigint
    obs_event_field_concept_id     integer
  `,
  ),
  cdmTable(
    'clinical',
    'death',
    [],
    `
    person_id                      bigint     required
    death_date                     date       required
    death_datetime                 timestamp
    death_type_concept_id          integer
    cause_concept_id               integer
    cause_source_value             text(50)
    cause_source_concept_id        integer
  `,
  ),
  cdmTable(
    'clinical',
    'note',
    ['note_id'],
    `
    note_id                        bigint     required
    person_id                      bigint     required
    note_date                      date       required
    note_datetime                  timestamp
    note_type_concept_id           integer    required
    note_class_concept_id          integer    required
    note_title                     text(250)
    note_text                      text       required
    encoding_concept_id            integer    required
    language_concept_id            integer    required
    provider_id                    bigint
    visit_occurrence_id            bigint
    visit_detail_id                bigint
    note_source_value              text(50)
    note_event_id                  bigint
    note_event_field_concept_id    integer
  `,
  ),
  cdmTable(
    'clinical',
    'note_nlp',
    ['note_nlp_id'],
    `
    note_nlp_id                    bigint     required
    note_id                        bigint     required
    section_concept_id             integer
    snippet                        text(250)
    offset                         text(50)
    lexical_variant                text(250)  required
    note_nlp_concept_id            integer
    note_nlp_source_concept_id     integer
    nlp_system                     text(250)
    nlp_date                       date       required
    nlp_datetime                   timestamp
    term_exists                    text(1)
    term_temporal                  text(50)
    term_modifiers                 text(2000)
  `,
  ),
  cdmTable(
    'clinical',
    'specimen',
    ['specimen_id'],
    `
    specimen_id                    bigint     required
    person_id                      bigint     required
    specimen_concept_id            integer    required
    specimen_type_concept_id       integer    required
    specimen_date                  date       required
    specimen_datetime              timestamp
    quantity                       numeric
    unit_concept_id                integer
    anatomic_site_concept_id       integer
    disease_status_concept_id      integer
    specimen_source_id             text(50)
    specimen_source_value          text(50)
    unit_source_value              text(50)
    anatomic_site_source_value     text(50)
    disease_status_source_value    text(50)
  `,
  ),
  cdmTable(
    'clinical',
    'fact_relationship',
    [],
    `
    domain_concept_id_1            integer    required
    fact_id_1                      bigint     required
    domain_concept_id_2            integer    required
    fact_id_2                      bigint     required
    relationship_concept_id        integer    required
  `,
  ),
];
