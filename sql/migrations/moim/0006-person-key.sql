-- A stable keyed key a person, since loads renumber person_id: HMAC under a key of this home over what the source calls the person.

create table person_key (
  key bytea primary key,
  person_id bigint not null,
  data_version text not null
);
