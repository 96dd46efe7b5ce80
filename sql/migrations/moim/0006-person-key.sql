-- A stable keyed key a person, since loads renumber person_id: HMAC under a key of this home over what the source calls the person. A
-- person whom the source does not name, or not alone, has none.

create table person_key (
  key bytea not null constraint person_key_pkey primary key,
  person_id bigint not null
);

-- One row each time the keys were made or found to stand: on which data, and how many of the keys before are there still.
create table person_key_version (
  n bigint generated always as identity primary key,
  data_version text not null,
  person_print text not null,
  made_at timestamptz not null,
  persons bigint not null,
  keyed bigint not null,
  missing bigint not null,
  repeated bigint not null,
  before bigint not null,
  kept bigint not null
);
