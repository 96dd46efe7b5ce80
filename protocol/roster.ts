/**
 * The roster: who is in the network and under which key, as the hub's operator says it. It distributes keys, it does not confer trust. Each
 * version names the one before; its head (number and hash) is small enough to go everywhere, so that a hub that shows two rosters is
 * seen by whoever lays two heads side by side.
 */

import Type, { type Static } from 'typebox';
import { canonicalHash, type Json } from './canonical.ts';
import { MoimError } from './errors.ts';
import { Fingerprint, Instant, Sha256, SiteSlug } from './ids.ts';
import { fingerprint, type PrivateKey, PublicKey } from './keys.ts';
import { openRotation } from './rotation.ts';
import { oneOf, parser } from './schema.ts';
import { sign, verifySignature } from './sign.ts';

const closed = { additionalProperties: false } as const;
const Version = Type.Integer({ minimum: 1 });

/** One key of a site. An old key stays, with the end of its time: what was signed under it can be verified for ever. */
const RosterSite = Type.Object(
  {
    site: SiteSlug,
    key: PublicKey,
    fingerprint: Fingerprint,
    validFrom: Instant,
    validUntil: Type.Optional(Instant),
    state: oneOf(['approved', 'revoked', 'left']),
    /** Where the key follows another of this site: the old key's word for it (protocol/rotation.ts). */
    rotation: Type.Optional(Type.String({ maxLength: 4096 })),
  },
  closed,
);
export type RosterSite = Static<typeof RosterSite>;

const Roster = Type.Object(
  {
    schema: Type.Literal('moim-roster/1'),
    version: Version,
    issuedAt: Instant,
    /** The hash of the version before. */
    previous: Type.Union([Sha256, Type.Null()]),
    sites: Type.Array(RosterSite),
  },
  closed,
);
export type Roster = Static<typeof Roster>;

const RosterHead = Type.Object(
  { schema: Type.Literal('moim-roster-head/1'), version: Version, hash: Sha256, issuedAt: Instant },
  closed,
);
export type RosterHead = Static<typeof RosterHead>;

const rosters = parser(Roster);
const heads = parser(RosterHead);

export interface SignedRoster {
  readonly roster: Roster;
  readonly hash: string;
  readonly jws: string;
  readonly head: string;
}

/** Signs a version of the roster and its head with the hub's key. */
export async function signRoster(roster: Roster, key: PrivateKey): Promise<SignedRoster> {
  const hash = canonicalHash(roster as unknown as Json);
  const head: RosterHead = {
    schema: 'moim-roster-head/1',
    version: roster.version,
    hash,
    issuedAt: roster.issuedAt,
  };
  return {
    roster,
    hash,
    jws: await sign(roster as unknown as Json, 'moim-roster', key),
    head: await sign(head as unknown as Json, 'moim-roster-head', key),
  };
}

/** Throws MoimError `bad-signature` or `bad-input`. */
export async function openRoster(jws: string, hub: PublicKey): Promise<{ roster: Roster; hash: string }> {
  const roster = rosters.parse(await verifySignature(jws, 'moim-roster', hub), 'roster');
  const odd = roster.sites.find((site) => fingerprint(site.key) !== site.fingerprint);
  if (odd)
    throw new MoimError('bad-signature', `the roster gives ${odd.site} the fingerprint of another key`);
  return { roster, hash: canonicalHash(roster as unknown as Json) };
}

/** Throws MoimError `bad-signature` or `bad-input`. */
export async function openRosterHead(jws: string, hub: PublicKey): Promise<RosterHead> {
  return heads.parse(await verifySignature(jws, 'moim-roster-head', hub), 'roster head');
}

/** What a head is to whoever holds `held`: two of one version that differ are two rosters. */
export function compareHeads(
  held: { readonly version: number; readonly hash: string } | undefined,
  seen: { readonly version: number; readonly hash: string },
): 'newer' | 'same' | 'older' | 'differs' {
  if (!held || seen.version > held.version) return 'newer';
  if (seen.version < held.version) return 'older';
  return seen.hash === held.hash ? 'same' : 'differs';
}

/** The row of a site's key that was valid at an instant, `skewMs` allowed at either end. */
export function keyAt(
  roster: Roster,
  site: string,
  print: string,
  at: string,
  skewMs: number,
): RosterSite | undefined {
  const instant = Date.parse(at);
  return roster.sites.find(
    (row) =>
      row.site === site &&
      row.fingerprint === print &&
      Date.parse(row.validFrom) - skewMs <= instant &&
      (row.validUntil === undefined || instant <= Date.parse(row.validUntil) + skewMs),
  );
}

/**
 * Whether the key of `row` is the one a person compared (`pinned`), or follows it by rotations that the old keys signed themselves: the
 * roster's word alone does not lead from one key to another.
 */
export async function descendsFrom(roster: Roster, row: RosterSite, pinned: string): Promise<boolean> {
  let at: RosterSite | undefined = row;
  for (let steps = 0; at && steps < 100; steps += 1) {
    if (at.fingerprint === pinned) return true;
    if (at.rotation === undefined) return false;
    const { from, to } = await openRotation(at.rotation, 'site');
    if (fingerprint(to) !== at.fingerprint) return false;
    const before = fingerprint(from);
    if (before === pinned) return true;
    at = roster.sites.find(({ site, fingerprint: print }) => site === row.site && print === before);
  }
  return false;
}
