/**
 * The hub's roster: every key a site ever had, with its time, signed as a new version in the transaction of each approval, revocation and
 * rotation.
 */

import { sql } from 'kysely';
import { canonical, type Json } from '#protocol/canonical.ts';
import { type PublicKey, thumbprint } from '#protocol/keys.ts';
import { type Roster, type RosterSite, type SignedRoster, signRoster } from '#protocol/roster.ts';
import { claimedKey, claimedPayload } from '#protocol/sign.ts';
import type { HubDb } from '../database.ts';
import type { HubIdentity } from '../identity.ts';

/** Signs what the tables say as the next version. Call it in the transaction of the change. */
export async function issueRoster(
  transaction: HubDb,
  identity: Pick<HubIdentity, 'key'>,
  at: string,
): Promise<SignedRoster> {
  await lockRoster(transaction);
  return issue(transaction, identity, at, await rosterRows(transaction));
}

/**
 * Issues a version where the newest does not say what the tables say, or another key of the hub signed it: after an upgrade, or a rotation
 * of the hub's own key. Gives whether it did.
 */
export async function renewRoster(db: HubDb, identity: HubIdentity, now: number): Promise<boolean> {
  const at = new Date(now).toISOString();
  return db.transaction().execute(async (transaction) => {
    await lockRoster(transaction);
    await noteMissingKeys(transaction);
    const rows = await rosterRows(transaction);
    const last = await newest(transaction);
    if (last?.jws && claimedKey(last.jws) === thumbprint(identity.public)) {
      const said = (claimedPayload(last.jws) as Roster).sites;
      if (canonical(said as unknown as Json) === canonical(rows as unknown as Json)) return false;
    }
    await issue(transaction, identity, at, rows);
    return true;
  });
}

/** The newest head as it goes over the wire; undefined before the first version. */
export async function newestRosterHead(db: HubDb): Promise<{ version: bigint; head: string } | undefined> {
  return db
    .selectFrom('roster')
    .select(['version', 'head'])
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** The newest version whole, and the heads of all, oldest first. */
export async function showRoster(db: HubDb): Promise<{ roster: string | null; heads: string[] }> {
  const heads = await db.selectFrom('roster').select(['head', 'jws']).orderBy('version').execute();
  return { roster: heads.at(-1)?.jws ?? null, heads: heads.map(({ head }) => head) };
}

async function issue(
  transaction: HubDb,
  identity: Pick<HubIdentity, 'key'>,
  at: string,
  sites: RosterSite[],
): Promise<SignedRoster> {
  const last = await newest(transaction);
  const signed = await signRoster(
    {
      schema: 'moim-roster/1',
      version: Number(last?.version ?? 0n) + 1,
      issuedAt: at,
      previous: last?.hash ?? null,
      sites,
    },
    identity.key,
  );
  await transaction.updateTable('roster').set({ jws: null }).where('jws', 'is not', null).execute();
  await transaction
    .insertInto('roster')
    .values({
      version: BigInt(signed.roster.version),
      hash: signed.hash,
      jws: signed.jws,
      head: signed.head,
      issued_at: at,
    })
    .execute();
  return signed;
}

const newest = (db: HubDb) =>
  db
    .selectFrom('roster')
    .select(['version', 'hash', 'jws'])
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst();

/** Versions are numbered without gaps, whoever issues them. */
async function lockRoster(transaction: HubDb): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended('moim-roster', 0))`.execute(transaction);
}

async function rosterRows(db: HubDb): Promise<RosterSite[]> {
  const rows = await db
    .selectFrom('site_key')
    .innerJoin('site', 'site.site', 'site_key.site')
    .select([
      'site_key.site',
      'site_key.key',
      'site_key.fingerprint',
      'site_key.valid_from',
      'site_key.valid_until',
      'site_key.rotation',
      'site.state',
      'site.fingerprint as current',
    ])
    .orderBy('site_key.site')
    .orderBy('site_key.valid_from')
    .orderBy('site_key.fingerprint')
    .execute();
  return rows.map((row) => ({
    site: row.site,
    key: row.key as PublicKey,
    fingerprint: row.fingerprint,
    validFrom: row.valid_from,
    ...(row.valid_until === null ? {} : { validUntil: row.valid_until }),
    // A key that another followed was good until then; what became of the site is said of its last key.
    state: row.fingerprint === row.current && row.state === 'revoked' ? 'revoked' : 'approved',
    ...(row.rotation === null ? {} : { rotation: row.rotation }),
  }));
}

/** A site that was approved past these tables (an older version of the hub) gets its row. */
async function noteMissingKeys(transaction: HubDb): Promise<void> {
  await sql`insert into hub.site_key (site, fingerprint, key, valid_from)
    select site, fingerprint, key, changed_at from hub.site where state = 'approved'
    on conflict do nothing`.execute(transaction);
}
