-- What a hospital knows of its images, in a schema of its own beside the CDM of the same database: MI-CDM (image_occurrence,
-- image_feature) and R-CDM (radiology_occurrence, radiology_image), as PostgreSQL of our own after the published shapes.
--
-- All names are qualified, so that an administrator can run this file as it is in the database of an attached CDM. It makes
-- nothing that is there already: a restored backup runs it beside the tables in use.
--
-- Every table carries person_id and a date, although a parent row has them: cohort SQL is keyed by person, so that the same
-- statement runs on tables sharded by person, and asks for the date together with it.
-- Concept ids are integer as in the CDM. The DICOM vocabulary's own ids (2128000010 to 2128013820) are below 2147483647 and fit.

-- CREATE SCHEMA IF NOT EXISTS asks for the right to make schemas even where there is nothing to make.
DO $$
BEGIN
  IF to_regnamespace('imaging') IS NULL THEN
    CREATE SCHEMA imaging;
  END IF;
END
$$;

-- MI-CDM: one row a series. The columns up to modality_concept_id are the published ones; those that follow are ours.
-- They stand here and not in a table of their own: a criterion asks several of them of the same series at once, and a table linked
-- 1:1 would cost a look for every candidate row and could be out of step. R-CDM has them by image or by study, not by series.
CREATE TABLE IF NOT EXISTS imaging.image_occurrence (
  image_occurrence_id bigint PRIMARY KEY,
  person_id bigint NOT NULL,
  -- Published as NOT NULL. Images whose procedure the CDM does not hold exist, and an attached CDM cannot be given one.
  procedure_occurrence_id bigint,
  visit_occurrence_id bigint,
  anatomic_site_concept_id integer,
  wadors_uri text,
  local_path text,
  image_occurrence_date date NOT NULL,
  image_study_uid text NOT NULL,
  image_series_uid text NOT NULL,
  modality_concept_id integer NOT NULL,
  -- As DICOM has it, and its concept in the DICOM vocabulary; the standard concepts are above.
  modality_source_value text,
  modality_source_concept_id integer,
  anatomic_site_source_value text,
  anatomic_site_source_concept_id integer,
  plane_concept_id integer,
  phase_concept_id integer,
  slice_thickness numeric CHECK (slice_thickness >= 0), -- mm
  slice_count integer CHECK (slice_count >= 0),
  image_rows integer CHECK (image_rows >= 0),
  image_columns integer CHECK (image_columns >= 0),
  manufacturer text,
  model_name text,
  -- NULL: not known, which is neither with nor without.
  contrast boolean,
  contrast_agent_concept_id integer,
  magnetic_field_strength numeric CHECK (magnetic_field_strength >= 0), -- tesla
  kvp numeric CHECK (kvp >= 0), -- kV
  protocol_name text,
  series_description text,
  quality_verdict text CHECK (quality_verdict IN ('accepted', 'questionable', 'rejected'))
);
CREATE INDEX IF NOT EXISTS image_occurrence_by_modality
  ON imaging.image_occurrence (modality_concept_id, person_id, image_occurrence_date);
CREATE INDEX IF NOT EXISTS image_occurrence_by_person
  ON imaging.image_occurrence (person_id, image_occurrence_date);

-- MI-CDM: a finding or a measured value, by an algorithm or a person. Columns up to alg_datetime are the published ones. The published
-- model keeps values in MEASUREMENT and OBSERVATION alone (event_field 1147330, event_id); here they stand as well, since an
-- attached CDM cannot be given new rows. The date is that of the image, not of the reading (alg_datetime).
CREATE TABLE IF NOT EXISTS imaging.image_feature (
  image_feature_id bigint PRIMARY KEY,
  person_id bigint NOT NULL,
  image_occurrence_id bigint NOT NULL,
  image_feature_event_field_concept_id integer,
  image_feature_event_id bigint,
  image_feature_concept_id integer NOT NULL,
  image_feature_type_concept_id integer NOT NULL,
  image_finding_concept_id integer,
  image_finding_id bigint,
  anatomic_site_concept_id integer,
  alg_system text,
  alg_datetime timestamp,
  image_feature_date date NOT NULL,
  visit_occurrence_id bigint,
  value_as_number numeric,
  value_as_concept_id integer,
  unit_concept_id integer
);
CREATE INDEX IF NOT EXISTS image_feature_by_feature
  ON imaging.image_feature (image_feature_concept_id, person_id, image_feature_date);
CREATE INDEX IF NOT EXISTS image_feature_by_person
  ON imaging.image_feature (person_id, image_feature_date);
CREATE INDEX IF NOT EXISTS image_feature_of_image ON imaging.image_feature (image_occurrence_id);

-- R-CDM: one row a study.
CREATE TABLE IF NOT EXISTS imaging.radiology_occurrence (
  radiology_occurrence_id bigint PRIMARY KEY,
  radiology_occurrence_date date NOT NULL,
  radiology_occurrence_datetime timestamp,
  person_id bigint NOT NULL,
  condition_occurrence_id bigint,
  procedure_occurrence_id bigint,
  visit_occurrence_id bigint,
  device_concept_id integer,
  radiology_modality_concept_id integer,
  person_position_concept_id integer,
  radiology_protocol_concept_id integer,
  anatomic_site_concept_id integer,
  image_total_count integer CHECK (image_total_count >= 0),
  radiology_dosage_value numeric,
  radiology_dosage_unit_concept_id integer,
  image_exposure_time numeric,
  image_exposure_time_unit_concept_id integer,
  comment text,
  image_dirpath text,
  -- Links to the series of image_occurrence; not of the published model.
  image_study_uid text NOT NULL UNIQUE
);
CREATE INDEX IF NOT EXISTS radiology_occurrence_by_modality
  ON imaging.radiology_occurrence (radiology_modality_concept_id, person_id, radiology_occurrence_date);
CREATE INDEX IF NOT EXISTS radiology_occurrence_by_person
  ON imaging.radiology_occurrence (person_id, radiology_occurrence_date);

-- R-CDM: one row an image (a DICOM instance).
CREATE TABLE IF NOT EXISTS imaging.radiology_image (
  image_id bigint PRIMARY KEY,
  radiology_occurrence_id bigint NOT NULL,
  person_id bigint NOT NULL,
  image_date date NOT NULL,
  image_type text,
  radiology_phase_concept_id integer,
  image_orientation_concept_id integer,
  image_no integer,
  phase_total_no integer,
  image_rows integer,
  image_columns integer,
  image_slice_thickness numeric, -- mm
  image_window_level_center numeric,
  image_window_level_width numeric,
  image_filepath text,
  -- Links to the image's series; not of the published model.
  image_occurrence_id bigint
);
CREATE INDEX IF NOT EXISTS radiology_image_of_occurrence ON imaging.radiology_image (radiology_occurrence_id);
CREATE INDEX IF NOT EXISTS radiology_image_by_person ON imaging.radiology_image (person_id, image_date);
