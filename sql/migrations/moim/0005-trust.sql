-- Peer sites this hospital will sum with, accepted by a person; heads of the hub's roster as they were seen.

create table peer_site (
  fingerprint text primary key,
  key jsonb not null,
  entity text not null,
  accepted_at timestamptz not null,
  removed_at timestamptz
);

create table roster_head (
  version bigint primary key,
  hash text not null,
  jws text not null,
  received_at timestamptz not null
);
