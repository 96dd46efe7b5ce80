-- Studies have a life: the lead's orders and versions. `state` is what the orders say of a version; whether it is complete or over is worked
-- out from its jobs, its rule and the day.

alter table study
  add column state text not null default 'open' check (state in ('open', 'paused', 'withdrawn')),
  add column completion jsonb,
  add column ends date;
-- `copy`, `copy_hash`: the site's own copy of the study, where it was sent one.
-- `message`: the envelope that brings the job, so that an order or an amendment can overtake it while it still waits for its site.
alter table job add column reason text, add column message uuid, add column copy text, add column copy_hash text;

create table study_order (
  study uuid not null,
  n integer not null,
  version integer not null,
  kind text not null check (kind in ('pause', 'resume', 'withdraw')),
  jws text not null,
  received_at timestamptz not null,
  primary key (study, n)
);
