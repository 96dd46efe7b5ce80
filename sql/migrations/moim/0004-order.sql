-- The leads' orders about studies, newest number last; a study without one is open.

create table study_order (
  study uuid not null,
  n integer not null,
  kind text not null check (kind in ('pause', 'resume', 'withdraw')),
  jws text not null,
  received_at timestamptz not null,
  primary key (study, n)
);
