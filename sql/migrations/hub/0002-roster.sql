-- Every key a site ever had, with the time it was valid in, and every version of the roster, signed and chained.

create table site_key (
  site text not null references site (site),
  fingerprint text not null unique,
  key jsonb not null,
  valid_from timestamptz not null,
  valid_until timestamptz,
  -- Where the key followed another: what the old key signed about it.
  rotation text,
  primary key (site, fingerprint)
);
insert into site_key (site, fingerprint, key, valid_from, valid_until)
select site, fingerprint, key, enrolled_at, case when state = 'revoked' then changed_at end from site where state <> 'pending';

-- `jws` is kept of the newest version alone: it holds every key there ever was, and a document a version would grow with the square.
create table roster (
  version bigint primary key,
  hash text not null unique,
  jws text,
  head text not null,
  issued_at timestamptz not null
);
