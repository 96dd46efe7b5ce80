-- The hub's state: who is in the network, which studies are out, what came back unread.

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

create table token (
  id uuid primary key,
  role text not null check (role in ('site', 'operator', 'lead', 'vendor', 'viewer')),
  site text,
  sha256 text not null unique,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz,
  revoked_at timestamptz
);

create table site (
  site text primary key,
  key jsonb not null,
  fingerprint text not null unique,
  state text not null check (state in ('pending', 'approved', 'revoked')),
  enrolled_at timestamptz not null,
  changed_at timestamptz not null
);

create table study (
  study uuid not null,
  version integer not null,
  study_hash text not null unique,
  lead text not null,
  sender uuid not null references token (id),
  jws text not null,
  received_at timestamptz not null,
  primary key (study, version)
);

-- One row a site of a study. `change` is a clock over all rows, so that a watcher asks for what is newer than it has.
create sequence job_change;
create table job (
  job uuid primary key,
  study uuid not null,
  version integer not null,
  site text not null,
  state text not null,
  code text,
  changed_at timestamptz not null,
  expires_at timestamptz not null,
  change bigint not null default nextval('job_change'),
  foreign key (study, version) references study (study, version),
  unique (study, version, site)
);
create index job_of_study on job (study, change);
create index job_of_site on job (site);

create table reply (
  job uuid primary key references job (job),
  message uuid not null unique,
  header text not null,
  sealed jsonb not null,
  received_at timestamptz not null
);

create table audit (
  n bigint primary key,
  at timestamptz not null,
  kind text not null,
  body jsonb not null,
  previous text not null,
  hash text not null unique
);
