-- The 39 tables of OMOP CDM 5.4: primary keys and NOT NULL as the standard's, no enforced foreign keys, since real data
-- hold orphans. Row ids and person_id are bigint, concept ids integer. sql/cdm/tables.ts says the same as data.

create table person (
  person_id bigint not null,
  gender_concept_id integer not null,
  year_of_birth integer not null,
  month_of_birth integer,
  day_of_birth integer,
  birth_datetime timestamp without time zone,
  race_concept_id integer not null,
  ethnicity_concept_id integer not null,
  location_id bigint,
  provider_id bigint,
  care_site_id bigint,
  person_source_value character varying(50),
  gender_source_value character varying(50),
  gender_source_concept_id integer,
  race_source_value character varying(50),
  race_source_concept_id integer,
  ethnicity_source_value character varying(50),
  ethnicity_source_concept_id integer,
  constraint person_key primary key (person_id)
);

create table observation_period (
  observation_period_id bigint not null,
  person_id bigint not null,
  observation_period_start_date date not null,
  observation_period_end_date date not null,
  period_type_concept_id integer not null,
  constraint observation_period_key primary key (observation_period_id)
);

create table visit_occurrence (
  visit_occurrence_id bigint not null,
  person_id bigint not null,
  visit_concept_id integer not null,
  visit_start_date date not null,
  visit_start_datetime timestamp without time zone,
  visit_end_date date not null,
  visit_end_datetime timestamp without time zone,
  visit_type_concept_id integer not null,
  provider_id bigint,
  care_site_id bigint,
  visit_source_value character varying(50),
  visit_source_concept_id integer,
  admitted_from_concept_id integer,
  admitted_from_source_value character varying(50),
  discharged_to_concept_id integer,
  discharged_to_source_value character varying(50),
  preceding_visit_occurrence_id bigint,
  constraint visit_occurrence_key primary key (visit_occurrence_id)
);

create table visit_detail (
  visit_detail_id bigint not null,
  person_id bigint not null,
  visit_detail_concept_id integer not null,
  visit_detail_start_date date not null,
  visit_detail_start_datetime timestamp without time zone,
  visit_detail_end_date date not null,
  visit_detail_end_datetime timestamp without time zone,
  visit_detail_type_concept_id integer not null,
  provider_id bigint,
  care_site_id bigint,
  visit_detail_source_value character varying(50),
  visit_detail_source_concept_id integer,
  admitted_from_concept_id integer,
  admitted_from_source_value character varying(50),
  discharged_to_source_value character varying(50),
  discharged_to_concept_id integer,
  preceding_visit_detail_id bigint,
  parent_visit_detail_id bigint,
  visit_occurrence_id bigint not null,
  constraint visit_detail_key primary key (visit_detail_id)
);

create table condition_occurrence (
  condition_occurrence_id bigint not null,
  person_id bigint not null,
  condition_concept_id integer not null,
  condition_start_date date not null,
  condition_start_datetime timestamp without time zone,
  condition_end_date date,
  condition_end_datetime timestamp without time zone,
  condition_type_concept_id integer not null,
  condition_status_concept_id integer,
  stop_reason character varying(20),
  provider_id bigint,
  visit_occurrence_id bigint,
  visit_detail_id bigint,
  condition_source_value character varying(50),
  condition_source_concept_id integer,
  condition_status_source_value character varying(50),
  constraint condition_occurrence_key primary key (condition_occurrence_id)
);

create table drug_exposure (
  drug_exposure_id bigint not null,
  person_id bigint not null,
  drug_concept_id integer not null,
  drug_exposure_start_date date not null,
  drug_exposure_start_datetime timestamp without time zone,
  drug_exposure_end_date date not null,
  drug_exposure_end_datetime timestamp without time zone,
  verbatim_end_date date,
  drug_type_concept_id integer not null,
  stop_reason character varying(20),
  refills integer,
  quantity numeric,
  days_supply integer,
  sig text,
  route_concept_id integer,
  lot_number character varying(50),
  provider_id bigint,
  visit_occurrence_id bigint,
  visit_detail_id bigint,
  drug_source_value character varying(50),
  drug_source_concept_id integer,
  route_source_value character varying(50),
  dose_unit_source_value character varying(50),
  constraint drug_exposure_key primary key (drug_exposure_id)
);

create table procedure_occurrence (
  procedure_occurrence_id bigint not null,
  person_id bigint not null,
  procedure_concept_id integer not null,
  procedure_date date not null,
  procedure_datetime timestamp without time zone,
  procedure_end_date date,
  procedure_end_datetime timestamp without time zone,
  procedure_type_concept_id integer not null,
  modifier_concept_id integer,
  quantity integer,
  provider_id bigint,
  visit_occurrence_id bigint,
  visit_detail_id bigint,
  procedure_source_value character varying(50),
  procedure_source_concept_id integer,
  modifier_source_value character varying(50),
  constraint procedure_occurrence_key primary key (procedure_occurrence_id)
);

create table device_exposure (
  device_exposure_id bigint not null,
  person_id bigint not null,
  device_concept_id integer not null,
  device_exposure_start_date date not null,
  device_exposure_start_datetime timestamp without time zone,
  device_exposure_end_date date,
  device_exposure_end_datetime timestamp without time zone,
  device_type_concept_id integer not null,
  unique_device_id character varying(255),
  production_id character varying(255),
  quantity integer,
  provider_id bigint,
  visit_occurrence_id bigint,
  visit_detail_id bigint,
  device_source_value character varying(50),
  device_source_concept_id integer,
  unit_concept_id integer,
  unit_source_value character varying(50),
  unit_source_concept_id integer,
  constraint device_exposure_key primary key (device_exposure_id)
);

create table measurement (
  measurement_id bigint not null,
  person_id bigint not null,
  measurement_concept_id integer not null,
  measurement_date date not null,
  measurement_datetime timestamp without time zone,
  measurement_time character varying(10),
  measurement_type_concept_id integer not null,
  operator_concept_id integer,
  value_as_number numeric,
  value_as_concept_id integer,
  unit_concept_id integer,
  range_low numeric,
  range_high numeric,
  provider_id bigint,
  visit_occurrence_id bigint,
  visit_detail_id bigint,
  measurement_source_value character varying(50),
  measurement_source_concept_id integer,
  unit_source_value character varying(50),
  unit_source_concept_id integer,
  value_source_value character varying(50),
  measurement_event_id bigint,
  meas_event_field_concept_id integer,
  constraint measurement_key primary key (measurement_id)
);

create table observation (
  observation_id bigint not null,
  person_id bigint not null,
  observation_concept_id integer not null,
  observation_date date not null,
  observation_datetime timestamp without time zone,
  observation_type_concept_id integer not null,
  value_as_number numeric,
  value_as_string character varying(60),
  value_as_concept_id integer,
  qualifier_concept_id integer,
  unit_concept_id integer,
  provider_id bigint,
  visit_occurrence_id bigint,
  visit_detail_id bigint,
  observation_source_value character varying(50),
  observation_source_concept_id integer,
  unit_source_value character varying(50),
  qualifier_source_value character varying(50),
  value_source_value character varying(50),
  observation_event_id bigint,
  obs_event_field_concept_id integer,
  constraint observation_key primary key (observation_id)
);

create table death (
  person_id bigint not null,
  death_date date not null,
  death_datetime timestamp without time zone,
  death_type_concept_id integer,
  cause_concept_id integer,
  cause_source_value character varying(50),
  cause_source_concept_id integer
);

create table note (
  note_id bigint not null,
  person_id bigint not null,
  note_date date not null,
  note_datetime timestamp without time zone,
  note_type_concept_id integer not null,
  note_class_concept_id integer not null,
  note_title character varying(250),
  note_text text not null,
  encoding_concept_id integer not null,
  language_concept_id integer not null,
  provider_id bigint,
  visit_occurrence_id bigint,
  visit_detail_id bigint,
  note_source_value character varying(50),
  note_event_id bigint,
  note_event_field_concept_id integer,
  constraint note_key primary key (note_id)
);

create table note_nlp (
  note_nlp_id bigint not null,
  note_id bigint not null,
  section_concept_id integer,
  snippet character varying(250),
  "offset" character varying(50),
  lexical_variant character varying(250) not null,
  note_nlp_concept_id integer,
  note_nlp_source_concept_id integer,
  nlp_system character varying(250),
  nlp_date date not null,
  nlp_datetime timestamp without time zone,
  term_exists character varying(1),
  term_temporal character varying(50),
  term_modifiers character varying(2000),
  constraint note_nlp_key primary key (note_nlp_id)
);

create table specimen (
  specimen_id bigint not null,
  person_id bigint not null,
  specimen_concept_id integer not null,
  specimen_type_concept_id integer not null,
  specimen_date date not null,
  specimen_datetime timestamp without time zone,
  quantity numeric,
  unit_concept_id integer,
  anatomic_site_concept_id integer,
  disease_status_concept_id integer,
  specimen_source_id character varying(50),
  specimen_source_value character varying(50),
  unit_source_value character varying(50),
  anatomic_site_source_value character varying(50),
  disease_status_source_value character varying(50),
  constraint specimen_key primary key (specimen_id)
);

create table fact_relationship (
  domain_concept_id_1 integer not null,
  fact_id_1 bigint not null,
  domain_concept_id_2 integer not null,
  fact_id_2 bigint not null,
  relationship_concept_id integer not null
);

create table location (
  location_id bigint not null,
  address_1 character varying(50),
  address_2 character varying(50),
  city character varying(50),
  state character varying(2),
  zip character varying(9),
  county character varying(20),
  location_source_value character varying(50),
  country_concept_id integer,
  country_source_value character varying(80),
  latitude numeric,
  longitude numeric,
  constraint location_key primary key (location_id)
);

create table care_site (
  care_site_id bigint not null,
  care_site_name character varying(255),
  place_of_service_concept_id integer,
  location_id bigint,
  care_site_source_value character varying(50),
  place_of_service_source_value character varying(50),
  constraint care_site_key primary key (care_site_id)
);

create table provider (
  provider_id bigint not null,
  provider_name character varying(255),
  npi character varying(20),
  dea character varying(20),
  specialty_concept_id integer,
  care_site_id bigint,
  year_of_birth integer,
  gender_concept_id integer,
  provider_source_value character varying(50),
  specialty_source_value character varying(50),
  specialty_source_concept_id integer,
  gender_source_value character varying(50),
  gender_source_concept_id integer,
  constraint provider_key primary key (provider_id)
);

create table payer_plan_period (
  payer_plan_period_id bigint not null,
  person_id bigint not null,
  payer_plan_period_start_date date not null,
  payer_plan_period_end_date date not null,
  payer_concept_id integer,
  payer_source_value character varying(50),
  payer_source_concept_id integer,
  plan_concept_id integer,
  plan_source_value character varying(50),
  plan_source_concept_id integer,
  sponsor_concept_id integer,
  sponsor_source_value character varying(50),
  sponsor_source_concept_id integer,
  family_source_value character varying(50),
  stop_reason_concept_id integer,
  stop_reason_source_value character varying(50),
  stop_reason_source_concept_id integer,
  constraint payer_plan_period_key primary key (payer_plan_period_id)
);

create table cost (
  cost_id bigint not null,
  cost_event_id bigint not null,
  cost_domain_id character varying(20) not null,
  cost_type_concept_id integer not null,
  currency_concept_id integer,
  total_charge numeric,
  total_cost numeric,
  total_paid numeric,
  paid_by_payer numeric,
  paid_by_patient numeric,
  paid_patient_copay numeric,
  paid_patient_coinsurance numeric,
  paid_patient_deductible numeric,
  paid_by_primary numeric,
  paid_ingredient_cost numeric,
  paid_dispensing_fee numeric,
  payer_plan_period_id bigint,
  amount_allowed numeric,
  revenue_code_concept_id integer,
  revenue_code_source_value character varying(50),
  drg_concept_id integer,
  drg_source_value character varying(3),
  constraint cost_key primary key (cost_id)
);

create table drug_era (
  drug_era_id bigint not null,
  person_id bigint not null,
  drug_concept_id integer not null,
  drug_era_start_date date not null,
  drug_era_end_date date not null,
  drug_exposure_count integer,
  gap_days integer,
  constraint drug_era_key primary key (drug_era_id)
);

create table dose_era (
  dose_era_id bigint not null,
  person_id bigint not null,
  drug_concept_id integer not null,
  unit_concept_id integer not null,
  dose_value numeric not null,
  dose_era_start_date date not null,
  dose_era_end_date date not null,
  constraint dose_era_key primary key (dose_era_id)
);

create table condition_era (
  condition_era_id bigint not null,
  person_id bigint not null,
  condition_concept_id integer not null,
  condition_era_start_date date not null,
  condition_era_end_date date not null,
  condition_occurrence_count integer,
  constraint condition_era_key primary key (condition_era_id)
);

create table episode (
  episode_id bigint not null,
  person_id bigint not null,
  episode_concept_id integer not null,
  episode_start_date date not null,
  episode_start_datetime timestamp without time zone,
  episode_end_date date,
  episode_end_datetime timestamp without time zone,
  episode_parent_id bigint,
  episode_number integer,
  episode_object_concept_id integer not null,
  episode_type_concept_id integer not null,
  episode_source_value character varying(50),
  episode_source_concept_id integer,
  constraint episode_key primary key (episode_id)
);

create table episode_event (
  episode_id bigint not null,
  event_id bigint not null,
  episode_event_field_concept_id integer not null
);

create table metadata (
  metadata_id bigint not null,
  metadata_concept_id integer not null,
  metadata_type_concept_id integer not null,
  name character varying(250) not null,
  value_as_string character varying(250),
  value_as_concept_id integer,
  value_as_number numeric,
  metadata_date date,
  metadata_datetime timestamp without time zone,
  constraint metadata_key primary key (metadata_id)
);

create table cdm_source (
  cdm_source_name character varying(255) not null,
  cdm_source_abbreviation character varying(25) not null,
  cdm_holder character varying(255) not null,
  source_description text,
  source_documentation_reference character varying(255),
  cdm_etl_reference character varying(255),
  source_release_date date not null,
  cdm_release_date date not null,
  cdm_version character varying(10),
  cdm_version_concept_id integer not null,
  vocabulary_version character varying(20) not null
);

create table cohort (
  cohort_definition_id integer not null,
  subject_id bigint not null,
  cohort_start_date date not null,
  cohort_end_date date not null
);

create table cohort_definition (
  cohort_definition_id integer not null,
  cohort_definition_name character varying(255) not null,
  cohort_definition_description text,
  definition_type_concept_id integer not null,
  cohort_definition_syntax text,
  subject_concept_id integer not null,
  cohort_initiation_date date
);

create table concept (
  concept_id integer not null,
  concept_name character varying(255) not null,
  domain_id character varying(20) not null,
  vocabulary_id character varying(20) not null,
  concept_class_id character varying(20) not null,
  standard_concept character varying(1),
  concept_code character varying(50) not null,
  valid_start_date date not null,
  valid_end_date date not null,
  invalid_reason character varying(1),
  constraint concept_key primary key (concept_id)
);

create table vocabulary (
  vocabulary_id character varying(20) not null,
  vocabulary_name character varying(255) not null,
  vocabulary_reference character varying(255),
  vocabulary_version character varying(255),
  vocabulary_concept_id integer not null,
  constraint vocabulary_key primary key (vocabulary_id)
);

create table domain (
  domain_id character varying(20) not null,
  domain_name character varying(255) not null,
  domain_concept_id integer not null,
  constraint domain_key primary key (domain_id)
);

create table concept_class (
  concept_class_id character varying(20) not null,
  concept_class_name character varying(255) not null,
  concept_class_concept_id integer not null,
  constraint concept_class_key primary key (concept_class_id)
);

create table concept_relationship (
  concept_id_1 integer not null,
  concept_id_2 integer not null,
  relationship_id character varying(20) not null,
  valid_start_date date not null,
  valid_end_date date not null,
  invalid_reason character varying(1)
);

create table relationship (
  relationship_id character varying(20) not null,
  relationship_name character varying(255) not null,
  is_hierarchical character varying(1) not null,
  defines_ancestry character varying(1) not null,
  reverse_relationship_id character varying(20) not null,
  relationship_concept_id integer not null,
  constraint relationship_key primary key (relationship_id)
);

create table concept_synonym (
  concept_id integer not null,
  concept_synonym_name character varying(1000) not null,
  language_concept_id integer not null
);

create table concept_ancestor (
  ancestor_concept_id integer not null,
  descendant_concept_id integer not null,
  min_levels_of_separation integer not null,
  max_levels_of_separation integer not null
);

create table source_to_concept_map (
  source_code character varying(50) not null,
  source_concept_id integer not null,
  source_vocabulary_id character varying(20) not null,
  source_code_description character varying(255),
  target_concept_id integer not null,
  target_vocabulary_id character varying(20) not null,
  valid_start_date date not null,
  valid_end_date date not null,
  invalid_reason character varying(1)
);

create table drug_strength (
  drug_concept_id integer not null,
  ingredient_concept_id integer not null,
  amount_value numeric,
  amount_unit_concept_id integer,
  numerator_value numeric,
  numerator_unit_concept_id integer,
  denominator_value numeric,
  denominator_unit_concept_id integer,
  box_size integer,
  valid_start_date date not null,
  valid_end_date date not null,
  invalid_reason character varying(1)
);
