/**
 * The keys of a site over time. A site that comes with a new key and its old key's word for it is moved to the new one; what it signed
 * before stays its own.
 */

import { sql } from 'kysely';
import { record } from '#host/audit-log.ts';
import { allowedSkewMs } from '#protocol/envelope.ts';
import { MoimError } from '#protocol/errors.ts';
import type { Hello } from '#protocol/frame.ts';
import { fingerprint, type PublicKey, thumbprint } from '#protocol/keys.ts';
import { follow, formerKeys, mostCarried, type Rotation } from '#protocol/rotation.ts';
import { claimedKey, claimedPayload } from '#protocol/sign.ts';
import type { HubDb } from '../database.ts';
import type { HubIdentity } from '../identity.ts';
import { issueRoster } from '../roster/roster.ts';
import { findSite, type Site, usedBefore } from './site.ts';

/** A key that follows the one the hub knows, not yet in force. */
export interface Successor {
  readonly key: PublicKey;
  /** The last rotation of the chain, as the key before it signed it. */
  readonly steps: readonly { readonly rotation: Rotation; readonly jws: string }[];
}

/**
 * The site of a hello, under the key it must prove: the one the hub knows, or the one that the known key's own rotation leads to.
 * Undefined where the name or the key is nobody's. Throws `bad-signature` or `bad-input` for a chain that does not hold.
 */
export async function siteOfHello(
  db: HubDb,
  hello: Hello,
): Promise<{ readonly site: Site; readonly successor?: Successor } | undefined> {
  const site = await findSite(db, hello.site);
  if (!site) return undefined;
  // Whoever is refused for the site's state makes the hub verify nothing.
  if (site.state !== 'approved' || thumbprint(site.key) === hello.key) return { site };
  const successor = await successorOf(site, hello.rotation);
  if (!successor || thumbprint(successor.key) !== hello.key) return undefined;
  return { site: { ...site, key: successor.key }, successor };
}

/** Changes of key of one site in a day, and keys of one site ever: every one stands in the roster for ever. */
const mostADay = 3;
const mostKeys = 64;
const dayMs = 86_400_000;
const anew = 'The hub operator may revoke the site and have it enrolled anew, under another name.';

/**
 * The key that follows a site's known one by a chain it shows; undefined where there is none. Throws `unknown-site` for a chain too long
 * to be taken at once.
 */
export async function successorOf(
  site: Site,
  chain: readonly string[] | undefined,
): Promise<Successor | undefined> {
  const known = thumbprint(site.key);
  // Looked for before anything is verified: a stranger who knows a site's name alone costs the hub no signature.
  const start = chain ? formerKeys(chain).findIndex((from) => thumbprint(from) === known) : -1;
  if (!chain || start < 0) return undefined;
  const jws = chain.slice(start);
  if (jws.length > mostCarried)
    throw new MoimError('unknown-site', `the key follows by ${jws.length} rotations`, { remedy: anew });
  const followed = await follow(jws, 'site', site.key);
  if (!followed) return undefined;
  return { key: followed.key, steps: followed.steps.map((rotation, i) => ({ rotation, jws: jws[i] ?? '' })) };
}

/** Puts a successor in force, once its holder has proved it: a new version of the roster; the key before is refused from here on. */
export async function moveKey(
  db: HubDb,
  identity: HubIdentity,
  now: number,
  slug: string,
  { key, steps }: Successor,
): Promise<Site> {
  const print = fingerprint(key);
  return db.transaction().execute(async (transaction) => {
    const site = await transaction
      .selectFrom('site')
      .selectAll()
      .where('site', '=', slug)
      .forUpdate()
      .executeTakeFirstOrThrow();
    const first = steps[0]?.rotation;
    if (!first || site.fingerprint !== fingerprint(first.from) || site.state !== 'approved')
      throw new MoimError('unknown-site');
    const at = new Date(now).toISOString();
    await refuseTooMany(transaction, slug, now, steps.length);
    for (const { rotation, jws } of steps) {
      if (await usedBefore(transaction, fingerprint(rotation.to)))
        throw new MoimError('unknown-site', 'the new key is or was some site’s');
      // What it signed since the rotation is good, though the hub hears of it only now; but no key is valid before the one it follows, nor
      // from a time to come.
      const from = await startOf(transaction, slug, rotation, at);
      await transaction
        .updateTable('site_key')
        .set({ valid_until: from })
        .where('site', '=', slug)
        .where('valid_until', 'is', null)
        .execute();
      await transaction
        .insertInto('site_key')
        .values({
          site: slug,
          fingerprint: fingerprint(rotation.to),
          key: JSON.stringify(rotation.to),
          valid_from: from,
          valid_until: null,
          rotation: jws,
        })
        .execute();
    }
    await transaction
      .updateTable('site')
      .set({ key: JSON.stringify(key), fingerprint: print, changed_at: at })
      .where('site', '=', slug)
      .execute();
    await record(transaction, at, 'site-key-rotated', { site: slug, from: site.fingerprint, to: print });
    await issueRoster(transaction, identity, at);
    return { site: slug, key, fingerprint: print, state: site.state };
  });
}

/**
 * The key that signed a document of a site at the instant that its `member` names: its present one, or one that was valid then. (It came over a link that the
 * present key opened, so that who stole an old key brings nothing in.) The signature is still to be verified with it.
 */
export async function signerOf(
  db: HubDb,
  site: Site,
  jws: string,
  member: 'sentAt' | 'sealedAt' | 'at',
): Promise<PublicKey> {
  const kid = claimedKey(jws);
  if (kid === thumbprint(site.key)) return site.key;
  const signedAt = (claimedPayload(jws) as Record<string, unknown> | null)?.[member];
  if (typeof signedAt !== 'string') return site.key;
  const rows = await db
    .selectFrom('site_key')
    .select(['key', 'valid_until'])
    .where('site', '=', site.site)
    .where('valid_until', 'is not', null)
    .execute();
  const row = rows.find(({ key }) => thumbprint(key as PublicKey) === kid);
  const inTime = Date.parse(signedAt) <= Date.parse(row?.valid_until ?? '') + allowedSkewMs;
  return row && inTime ? (row.key as PublicKey) : site.key;
}

async function startOf(db: HubDb, slug: string, rotation: Rotation, now: string): Promise<string> {
  const row = await db
    .selectFrom('site_key')
    .select('valid_from')
    .where('site', '=', slug)
    .where('valid_until', 'is', null)
    .executeTakeFirst();
  const earliest = row?.valid_from ?? now;
  return [earliest, [rotation.at, now].sort()[0] ?? now].sort()[1] ?? now;
}

/** The hub's own record says when a key came: the time in a rotation is the site's word. */
async function refuseTooMany(db: HubDb, slug: string, now: number, more: number): Promise<void> {
  const { keys } = await db
    .selectFrom('site_key')
    .select(({ fn }) => fn.countAll<bigint>().as('keys'))
    .where('site', '=', slug)
    .executeTakeFirstOrThrow();
  if (Number(keys) + more > mostKeys)
    throw new MoimError('unknown-site', `a site has ${mostKeys} keys at most`, { remedy: anew });
  const { moves } = await db
    .selectFrom('audit')
    .select(({ fn }) => fn.countAll<bigint>().as('moves'))
    .where('kind', '=', 'site-key-rotated')
    .where('at', '>', new Date(now - dayMs).toISOString())
    .where(sql`body->>'site'`, '=', slug)
    .executeTakeFirstOrThrow();
  if (Number(moves) >= mostADay)
    throw new MoimError('too-many-requests', `the site’s key changed ${mostADay} times within 24 hours`, {
      remedy: 'Come again a day after the first of them; if the hospital knows of none, revoke the site.',
    });
}
