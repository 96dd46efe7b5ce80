/** Sites: enrolled by a one-time token, approved by a person who compared fingerprints, revoked at once. */

import { record } from '#host/audit-log.ts';
import { MoimError } from '#protocol/errors.ts';
import { fingerprint, type PublicKey } from '#protocol/keys.ts';
import type { HubDb } from '../database.ts';
import type { HubIdentity } from '../identity.ts';
import { issueRoster } from '../roster/roster.ts';
import { asked } from './asked.ts';
import type { Bearer } from './token.ts';

export interface Site {
  readonly site: string;
  readonly key: PublicKey;
  readonly fingerprint: string;
  readonly state: 'pending' | 'approved' | 'revoked';
}

type Signer = Pick<HubIdentity, 'key'>;

/**
 * Enrols the key under the site name that the token carries. Enrolling the same key again with the same token gives its state (a
 * node that waits asks so); another key is refused: the token is spent.
 */
export async function enrol(
  db: HubDb,
  now: number,
  bearer: Bearer,
  key: PublicKey,
): Promise<Site & { readonly isNew: boolean }> {
  const site = bearer.site;
  if (bearer.role !== 'site' || site === null) throw new MoimError('token-refused');
  const at = new Date(now).toISOString();
  const print = fingerprint(key);
  return db.transaction().execute(async (transaction) => {
    const token = await transaction
      .selectFrom('token')
      .select('used_at')
      .where('id', '=', bearer.id)
      .forUpdate()
      .executeTakeFirstOrThrow();
    const known = await transaction
      .selectFrom('site')
      .selectAll()
      .where('site', '=', site)
      .executeTakeFirst();
    if (token.used_at !== null) {
      if (known?.fingerprint !== print)
        throw new MoimError('token-refused', 'this token enrolled another key already');
      return { site, key, fingerprint: print, state: known.state, isNew: false };
    }
    if (known) throw new MoimError('site-exists', 'a site of this name is enrolled already');
    if (await usedBefore(transaction, print))
      throw new MoimError('site-exists', 'this key is or was enrolled under another name already');
    await transaction.updateTable('token').set({ used_at: at }).where('id', '=', bearer.id).execute();
    await transaction
      .insertInto('site')
      .values({
        site,
        key: JSON.stringify(key),
        fingerprint: print,
        state: 'pending',
        enrolled_at: at,
        changed_at: at,
      })
      .execute();
    await record(transaction, at, 'site-enrolled', { site, fingerprint: print });
    return { site, key, fingerprint: print, state: 'pending', isNew: true };
  });
}

/** Approves the pending sites with these fingerprints, all of them or none: one new version of the roster. */
export async function approveSites(
  db: HubDb,
  signer: Signer,
  now: number,
  prints: readonly string[],
  by?: string,
): Promise<Site[]> {
  const at = new Date(now).toISOString();
  return db.transaction().execute(async (transaction) => {
    const approved: Site[] = [];
    let news = false;
    for (const print of prints) {
      const row = await transaction
        .selectFrom('site')
        .selectAll()
        .where('fingerprint', '=', print)
        .where('state', '!=', 'revoked')
        .forUpdate()
        .executeTakeFirst();
      if (!row) throw new MoimError('not-found', `no enrolled site has the fingerprint ${print}`);
      const site = { ...siteOf(row), state: 'approved' as const };
      approved.push(site);
      if (row.state === 'approved') continue;
      news = true;
      await setState(transaction, site, at);
      await transaction
        .insertInto('site_key')
        .values({
          site: site.site,
          fingerprint: print,
          key: JSON.stringify(site.key),
          valid_from: at,
          valid_until: null,
          rotation: null,
        })
        .execute();
      await record(transaction, at, 'site-approved', { site: site.site, fingerprint: print, ...asked(by) });
    }
    if (news) await issueRoster(transaction, signer, at);
    return approved;
  });
}

/** Revokes a site by name; its live link is closed by the hub that serves it. */
export async function revokeSite(
  db: HubDb,
  signer: Signer,
  now: number,
  slug: string,
  by?: string,
): Promise<Site> {
  const at = new Date(now).toISOString();
  return db.transaction().execute(async (transaction) => {
    const row = await transaction
      .selectFrom('site')
      .selectAll()
      .where('site', '=', slug)
      .forUpdate()
      .executeTakeFirst();
    if (!row) throw new MoimError('not-found', 'no site has this name');
    const site = { ...siteOf(row), state: 'revoked' as const };
    if (row.state === 'revoked') return site;
    await setState(transaction, site, at);
    await transaction
      .updateTable('site_key')
      .set({ valid_until: at })
      .where('site', '=', slug)
      .where('valid_until', 'is', null)
      .execute();
    await record(transaction, at, 'site-revoked', {
      site: slug,
      fingerprint: site.fingerprint,
      ...asked(by),
    });
    if (row.state === 'approved') await issueRoster(transaction, signer, at);
    return site;
  });
}

export async function listSites(db: HubDb): Promise<Site[]> {
  return (await db.selectFrom('site').selectAll().orderBy('site').execute()).map(siteOf);
}

export async function findSite(db: HubDb, slug: string): Promise<Site | undefined> {
  const row = await db.selectFrom('site').selectAll().where('site', '=', slug).executeTakeFirst();
  return row && siteOf(row);
}

/** Whether a key is, or ever was, some site's. */
export async function usedBefore(db: HubDb, print: string): Promise<boolean> {
  const row = await db
    .selectFrom('site')
    .select('site')
    .where('fingerprint', '=', print)
    .union(db.selectFrom('site_key').select('site').where('fingerprint', '=', print))
    .executeTakeFirst();
  return row !== undefined;
}

const siteOf = (row: { site: string; key: unknown; fingerprint: string; state: Site['state'] }): Site => ({
  site: row.site,
  key: row.key as PublicKey,
  fingerprint: row.fingerprint,
  state: row.state,
});

async function setState(transaction: HubDb, { site, state }: Site, at: string): Promise<void> {
  await transaction.updateTable('site').set({ state, changed_at: at }).where('site', '=', site).execute();
}
