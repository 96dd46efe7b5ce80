-- What the hub countersigned of this node's audit log, which epoch the node is in, and why it may be standing still.

create table witness (
  epoch bigint not null,
  n bigint not null,
  hash text not null,
  receipt text not null,
  received_at timestamptz not null,
  primary key (epoch, n)
);

-- One row at most. `halted_at` is set where this node was found set back: it answers nothing until a person opens a new epoch.
create table standing (
  one boolean primary key default true check (one),
  epoch bigint not null default 1,
  halted_at timestamptz,
  code text,
  -- What the hub holds that this node does not: its position, and the audit head it countersigned.
  seen jsonb
);

-- A job that comes again gets the same sealed reply again: in which message it left last, and how often it was sent again.
alter table released add column message uuid, add column resent integer not null default 0;

-- A job that was open when a new epoch was opened: it runs only when the hub sends it again, since it may have been answered already.
alter table job add column unconfirmed boolean not null default false;
