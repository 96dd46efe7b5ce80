-- The node's own state. Nothing here is a patient's; envelopes, approvals and sealed replies are kept so that a restart
-- loses nothing and answers nothing twice.

create table peer_position (
  peer text not null,
  direction text not null check (direction in ('in', 'out')),
  epoch bigint not null,
  seq bigint not null,
  primary key (peer, direction)
);

create table outbox (
  peer text not null,
  epoch bigint not null,
  seq bigint not null,
  message uuid not null unique,
  envelope text not null,
  expires_at timestamptz not null,
  created_at timestamptz not null,
  acked_at timestamptz,
  primary key (peer, epoch, seq)
);
create index outbox_pending on outbox (peer, epoch, seq) where acked_at is null;

create table inbox (
  message uuid primary key,
  peer text not null,
  epoch bigint not null,
  seq bigint not null,
  envelope text not null,
  received_at timestamptz not null,
  handled_at timestamptz,
  outcome text
);
create index inbox_waiting on inbox (received_at) where handled_at is null;

create table lead (
  fingerprint text primary key,
  key jsonb not null,
  entity text not null,
  accepted_at timestamptz not null,
  removed_at timestamptz
);

create table policy (
  version integer primary key,
  body jsonb not null,
  sha256 text not null,
  applied_at timestamptz not null
);

-- One row a job, whatever number of times it was sent. `envelope` is kept so that a restart verifies and permits it again.
create table job (
  job uuid primary key,
  study uuid not null,
  version integer not null,
  study_hash text not null,
  lead text not null,
  envelope text not null,
  state text not null check (state in ('waiting', 'awaiting-approval', 'running', 'answered', 'refused', 'failed', 'expired')),
  code text,
  received_at timestamptz not null,
  changed_at timestamptz not null
);
create index job_open on job (received_at) where state in ('waiting', 'running');

-- What left: the header and the sealed bytes exactly as sent. The archive key opens them.
create table released (
  job uuid primary key references job (job),
  released_at timestamptz not null,
  plaintext_sha256 text not null,
  ciphertext_sha256 text not null,
  header text not null,
  sealed jsonb not null
);

-- Which tables of exact figures (by hash) a lead was given under which rule: the same table under another rule is refused, unless
-- the hospital itself made the other rule by a new policy.
create table released_table (
  lead text not null,
  cells text not null,
  data_version text not null,
  policy integer not null,
  minimum_cell integer not null,
  show_zero boolean not null,
  job uuid not null references job (job),
  primary key (lead, cells, data_version, policy)
);

create table audit (
  n bigint primary key,
  at timestamptz not null,
  kind text not null,
  body jsonb not null,
  previous text not null,
  hash text not null unique
);
