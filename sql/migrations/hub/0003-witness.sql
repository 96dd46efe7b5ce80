-- Audit heads of the sites, as they came with their replies, and the hub's countersignatures.

create table witness (
  site text not null,
  epoch bigint not null,
  n bigint not null,
  hash text not null,
  head text not null,
  receipt text not null,
  received_at timestamptz not null,
  primary key (site, epoch, n)
);

-- One row at most: the hub's own epoch and, where it was found set back, since when it has stood still.
create table standing (
  one boolean primary key default true check (one),
  epoch bigint not null default 1,
  halted_at timestamptz,
  code text,
  -- Sites that hold deliveries which this hub does not remember, with their positions.
  seen jsonb
);

-- Sites to which delivery begins anew, in an epoch beyond all they have seen, when their links come up next.
create table anew (site text primary key);
