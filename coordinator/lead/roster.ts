/**
 * The hub's roster as a lead trusts it: verified with the hub's key, which this home pinned on first contact; never an older version than was
 * seen before; and one history for everybody, since each answer says which head its hospital holds.
 */

import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Type, { type Static } from 'typebox';
import { readText, writeWhole } from '#host/home.ts';
import { hash } from '#protocol/canonical.ts';
import { allowedSkewMs } from '#protocol/envelope.ts';
import { MoimError } from '#protocol/errors.ts';
import { Sha256 } from '#protocol/ids.ts';
import { fingerprint, PublicKey, thumbprint } from '#protocol/keys.ts';
import type { SiteAnswer } from '#protocol/reply.ts';
import {
  compareHeads,
  descendsFrom,
  keyAt,
  openRoster,
  openRosterHead,
  type Roster,
  type RosterSite,
} from '#protocol/roster.ts';
import { follow, openChain } from '#protocol/rotation.ts';
import { parseJson, parser } from '#protocol/schema.ts';
import { claimedKey } from '#protocol/sign.ts';
import type { HubApi } from './hub-api.ts';

export interface LeadRoster {
  readonly roster: Roster;
  /** Version → hash, of all versions that the hub shows. */
  readonly heads: ReadonlyMap<number, string>;
}

const closed = { additionalProperties: false } as const;
const Pin = Type.Object(
  {
    url: Type.String(),
    key: PublicKey,
    /** The newest roster that was seen. */
    head: Type.Optional(Type.Object({ version: Type.Integer({ minimum: 1 }), hash: Sha256 }, closed)),
  },
  closed,
);
type Pin = Static<typeof Pin>;
const pins = parser(Pin);

/**
 * Fetches and verifies the roster of the hub at `url`. `note` tells the person of a key seen for the first time, or rotated. Throws MoimError
 * `fingerprint-differs` (another hub key than the one pinned), `bad-signature`, `roster-set-back`, `roster-differs`.
 */
export async function fetchRoster(
  home: string,
  url: string,
  api: Pick<HubApi, 'hub' | 'roster'>,
  note: (text: string) => void,
): Promise<LeadRoster> {
  const pin = readPin(home, url);
  const { key, keys } = await trustedKeys(pin, url, await api.hub(), note);
  const shown = await api.roster();
  if (shown.roster === null) throw new MoimError('roster-set-back', 'the hub shows no roster');
  const { roster, hash: rosterHash } = await openRoster(shown.roster, key);
  const heads = await openHeads(shown.heads, keys);
  if (heads.get(roster.version) !== rosterHash)
    throw new MoimError('roster-differs', 'the hub’s roster is not the one its heads name');
  const standing = compareHeads(pin?.head, { version: roster.version, hash: rosterHash });
  const remedy = `Ask the hub operator by telephone whether the hub was restored from a backup. If it was, remove ${pinPath(home, url)}: the next command keeps what it then sees.`;
  if (standing === 'older') throw new MoimError('roster-set-back', undefined, { remedy });
  if (pin?.head && heads.get(pin.head.version) !== pin.head.hash)
    throw new MoimError('roster-differs', undefined, { remedy });
  writePin(home, { url, key, head: { version: roster.version, hash: rosterHash } });
  return { roster, heads };
}

/**
 * The row of the key that signed a reply's header, as the roster gives it for the instant the reply names (to be checked by `checkTime` once the
 * header is verified). Throws MoimError `unknown-site`, or `bad-signature` where the study pins a key that this one does not follow.
 */
export async function siteRow(
  { roster }: LeadRoster,
  site: { readonly site: string; readonly fingerprint?: string },
  header: string,
): Promise<RosterSite> {
  const rows = roster.sites.filter((row) => row.site === site.site);
  if (rows.length === 0) throw new MoimError('unknown-site', 'the roster gives no key for this site');
  const kid = claimedKey(header);
  const row = rows.find(({ key }) => thumbprint(key) === kid);
  if (!row) throw new MoimError('bad-signature', 'a reply under a key that is not the site’s');
  if (site.fingerprint !== undefined && !(await descendsFrom(roster, row, site.fingerprint)))
    throw new MoimError('bad-signature', 'the hub gave another key than the one pinned in the study');
  return row;
}

/** Throws MoimError `bad-signature` where the key was not valid when the reply was sealed. */
export function checkTime({ roster }: LeadRoster, row: RosterSite, sealedAt: string): void {
  if (!keyAt(roster, row.site, row.fingerprint, sealedAt, allowedSkewMs))
    throw new MoimError('bad-signature', 'the site’s key was not valid when the reply was sealed');
}

/** Throws MoimError `roster-differs` where the hospital holds a head that the hub does not show to this lead. */
export function checkHead({ heads }: LeadRoster, held: SiteAnswer['roster']): void {
  // A node that never was shown a roster says nothing of one; it then relies on none.
  if (held && heads.get(held.version) !== held.hash) throw new MoimError('roster-differs');
}

/** The hub's key, and all that it followed: those signed older heads. */
async function trustedKeys(
  pin: Pin | undefined,
  url: string,
  shown: { readonly key: PublicKey; readonly rotations?: readonly string[] },
  note: (text: string) => void,
): Promise<{ key: PublicKey; keys: readonly PublicKey[] }> {
  const chain = shown.rotations ?? [];
  const opened = await openChain(chain, 'hub');
  const last = opened.at(-1)?.to;
  if (last && last.x !== shown.key.x)
    throw new MoimError('bad-signature', 'the hub’s rotations do not end at its key');
  const print = fingerprint(shown.key);
  if (!pin) note(`the hub at ${url} has the key ${print}: kept; compare it with its operator by telephone`);
  else if (pin.key.x !== shown.key.x) {
    const followed = await follow(chain, 'hub', pin.key);
    if (followed?.key.x !== shown.key.x) {
      throw new MoimError(
        'fingerprint-differs',
        `the hub shows ${print}; ${fingerprint(pin.key)} was kept before`,
      );
    }
    note(`the hub’s key was rotated: ${print} follows ${fingerprint(pin.key)}, which signed it`);
  }
  return { key: shown.key, keys: [...opened.map(({ from }) => from), shown.key] };
}

async function openHeads(
  shown: readonly string[],
  keys: readonly PublicKey[],
): Promise<ReadonlyMap<number, string>> {
  const heads = new Map<number, string>();
  for (const jws of shown) {
    const kid = claimedKey(jws);
    const key = keys.find((each) => thumbprint(each) === kid);
    // Nobody’s word: an answer that names it is refused like one that names a head which is not shown at all.
    if (!key) continue;
    const head = await openRosterHead(jws, key);
    if ((heads.get(head.version) ?? head.hash) !== head.hash) throw new MoimError('roster-differs');
    heads.set(head.version, head.hash);
  }
  return heads;
}

const pinPath = (home: string, url: string): string => join(home, 'hubs', `${hash(url).slice(0, 16)}.json`);

function readPin(home: string, url: string): Pin | undefined {
  const path = pinPath(home, url);
  return existsSync(path) ? pins.parse(parseJson(readText(path, 'pinned hub'), path), path) : undefined;
}

function writePin(home: string, pin: Pin): void {
  mkdirSync(join(home, 'hubs'), { recursive: true, mode: 0o700 });
  writeWhole(pinPath(home, pin.url), `${JSON.stringify(pin, null, 2)}\n`, 0o600);
}
