-- The leads' orders about studies, newest number last; a study without one is open. A study's id is its lead's own choice, so an order is
-- known by both: nobody else's order is about this study.

create table study_order (
  study uuid not null,
  lead text not null,
  n integer not null,
  version integer not null,
  kind text not null check (kind in ('pause', 'resume', 'withdraw')),
  jws text not null,
  received_at timestamptz not null,
  primary key (study, lead, n)
);
create index job_of_study on job (study);
