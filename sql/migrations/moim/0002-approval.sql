-- What persons decide: who they are, what they approved, bound to content, and what they refused.

alter table policy add column body_text text, add column applied_by text;
-- `untold`: another process changed the job's state, and the running node has yet to tell the hub.
alter table job add column reason text, add column held_until timestamptz, add column started_at timestamptz,
  add column untold boolean not null default false;
create index job_untold on job (job) where untold;
create index job_started on job (started_at);

create table person (
  name text primary key,
  role text not null check (role in ('engineer', 'approver', 'dpo', 'reader')),
  credential text not null,
  created_at timestamptz not null,
  removed_at timestamptz
);

-- One row a decision of one person. An approval holds for one study version, one data version, one mode, until it expires, for so many
-- runs; `release_hash` is the hash of exactly what may leave.
create table approval (
  id uuid primary key,
  job uuid not null references job (job),
  person text not null,
  study_hash text not null,
  data_version text not null,
  policy integer not null,
  mode text not null check (mode in ('run', 'release')),
  release_hash text,
  approved_at timestamptz not null,
  expires_at timestamptz not null,
  runs integer not null check (runs > 0),
  used integer not null default 0,
  withdrawn_at timestamptz
);
create index approval_of_job on approval (job);

create table refusal (
  job uuid primary key references job (job),
  person text not null,
  reason text not null,
  note text,
  refused_at timestamptz not null
);
