-- Studies have a life: the lead's orders, versions, and answers that came late.

alter table study add column state text not null default 'open' check (state in ('open', 'paused', 'complete', 'closed', 'withdrawn'));
alter table job add column reason text, add column late boolean not null default false;

create table study_order (
  study uuid not null,
  n integer not null,
  kind text not null check (kind in ('pause', 'resume', 'withdraw')),
  jws text not null,
  received_at timestamptz not null,
  primary key (study, n)
);
