/** Sites: enrolled by a one-time token, approved by a person who compared fingerprints, revoked at once. */

import { record } from '#host/audit-log.ts';
import { MoimError } from '#protocol/errors.ts';
import { fingerprint, type PublicKey } from '#protocol/keys.ts';
import type { HubDb } from '../database.ts';
import type { Bearer } from './token.ts';

export interface Site {
  readonly site: string;
  readonly key: PublicKey;
  readonly fingerprint: string;
  readonly state: 'pending' | 'approved' | 'revoked';
}

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
    const other = await transaction
      .selectFrom('site')
      .select('site')
      .where('fingerprint', '=', print)
      .executeTakeFirst();
    if (other) throw new MoimError('site-exists', 'this key is enrolled under another name already');
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

/** Approves the pending site with this fingerprint. */
export async function approveSite(db: HubDb, now: number, print: string): Promise<Site> {
  return change(
    db,
    now,
    'approved',
    'site-approved',
    (site) => site.fingerprint === print && site.state !== 'revoked',
    'no enrolled site has this fingerprint',
  );
}

/** Revokes a site by name; its live link is closed by the hub that serves it. */
export async function revokeSite(db: HubDb, now: number, slug: string): Promise<Site> {
  return change(db, now, 'revoked', 'site-revoked', (site) => site.site === slug, 'no site has this name');
}

export async function listSites(db: HubDb): Promise<Site[]> {
  const rows = await db.selectFrom('site').selectAll().orderBy('site').execute();
  return rows.map((row) => ({
    site: row.site,
    key: row.key as PublicKey,
    fingerprint: row.fingerprint,
    state: row.state,
  }));
}

export async function findSite(db: HubDb, slug: string): Promise<Site | undefined> {
  const row = await db.selectFrom('site').selectAll().where('site', '=', slug).executeTakeFirst();
  return row && { site: row.site, key: row.key as PublicKey, fingerprint: row.fingerprint, state: row.state };
}

async function change(
  db: HubDb,
  now: number,
  state: 'approved' | 'revoked',
  kind: string,
  wanted: (site: Site) => boolean,
  missing: string,
): Promise<Site> {
  const at = new Date(now).toISOString();
  const found = (await listSites(db)).find(wanted);
  if (!found) throw new MoimError('not-found', missing);
  await db.transaction().execute(async (transaction) => {
    await transaction
      .updateTable('site')
      .set({ state, changed_at: at })
      .where('site', '=', found.site)
      .execute();
    await record(transaction, at, kind, { site: found.site, fingerprint: found.fingerprint });
  });
  return { ...found, state };
}
