-- Cohorts as the OHDSI tools read them, what was generated when and on which data, and the expanded concept sets.

-- OHDSI's own table (spelled as there): one row a person and period of membership.
CREATE TABLE cohort (
  cohort_definition_id bigint NOT NULL,
  subject_id bigint NOT NULL,
  cohort_start_date date NOT NULL,
  cohort_end_date date NOT NULL
);
CREATE INDEX cohort_definition ON cohort (cohort_definition_id);

-- One row a generation. Its id is the cohort_definition_id of the rows it made.
CREATE TABLE cohort_run (
  cohort_definition_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL,
  definition_sha256 text NOT NULL,
  data_version text NOT NULL,
  vocabulary_version text,
  started_at timestamptz NOT NULL,
  ms integer CHECK (ms >= 0),
  status text NOT NULL CHECK (status IN ('running', 'ok', 'refused', 'error', 'timeout')),
  summary jsonb
);
-- Finds the generation of the same definition on the same data.
CREATE INDEX cohort_run_definition ON cohort_run (definition_sha256, data_version);

-- The concepts of a concept set, by the SHA-256 of its canonical JSON, valid for one version of the vocabulary.
CREATE TABLE concept_set_cache (
  sha256 text NOT NULL,
  vocabulary_version text NOT NULL,
  concept_ids integer[] NOT NULL,
  PRIMARY KEY (sha256, vocabulary_version)
);
