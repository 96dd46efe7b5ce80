-- What each table of an owned CDM held when it was last filled: rows, and a fingerprint that does not depend on their
-- order. The data version (node/cdm/version.ts) is made of these. Not a table of OMOP's.

create table moim_cdm_version (
  table_name text not null primary key,
  rows bigint not null,
  fingerprint numeric not null,
  filled_at timestamptz not null default now()
);
