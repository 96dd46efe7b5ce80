-- What persons decide: who they are, what they approved, bound to content, and what they refused.

-- `applied_hand`: whose hand put it in force; null where nobody was registered (the installer's, and every version before there were persons).
alter table policy add column body_text text, add column applied_by text, add column applied_hand text;
-- `line`: the fingerprint of the lead's first key known here; keys that followed one another have it in common.
alter table lead add column line text;
update lead set line = fingerprint;
alter table lead alter column line set not null;
-- `keyed`: `cells` is an HMAC of the plain hash that an older release kept; the node keys what is there before it next compares.
alter table released_table add column keyed boolean not null default false;
-- `untold`: another process changed the job's state, and the running node has yet to tell the hub.
alter table job add column reason text, add column held_until timestamptz, add column started_at timestamptz,
  add column untold boolean not null default false;
create index job_untold on job (job) where untold;
create index job_started on job (started_at);

-- `hand`: who could act as this person, being the one who handed out the credential: a person's own name where the console registered them or
-- another hand confirmed them (`second_credential`), else the hand of whoever added them.
create table person (
  name text primary key,
  role text not null check (role in ('engineer', 'approver', 'dpo', 'reader')),
  credential text not null,
  second_credential text,
  added_by text not null,
  confirmed_by text,
  hand text not null,
  created_at timestamptz not null,
  removed_at timestamptz
);

-- One row a decision of one person. An approval holds for one study version, one data version, one mode, until it expires, for so many
-- runs; `release_hash` is the hash of exactly what may leave.
create table approval (
  id uuid primary key,
  job uuid not null references job (job),
  person text not null,
  -- Theirs when they approved: being confirmed later makes nothing of it.
  hand text not null,
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
