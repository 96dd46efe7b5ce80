-- Every key a site ever had, with the time it was valid in, and every version of the roster, signed and chained.

create table site_key (
  site text not null references site (site),
  fingerprint text not null,
  key jsonb not null,
  valid_from timestamptz not null,
  valid_until timestamptz,
  primary key (site, fingerprint)
);
insert into site_key (site, fingerprint, key, valid_from, valid_until)
select site, fingerprint, key, enrolled_at, case when state = 'revoked' then changed_at end from site where state <> 'pending';

create table roster (
  version bigint primary key,
  hash text not null unique,
  jws text not null,
  head text not null,
  issued_at timestamptz not null
);
