/** The leads this hospital accepts: its own list, each entry made by a person who compared a fingerprint out of band. */

import { record } from '#host/audit-log.ts';
import { MoimError } from '#protocol/errors.ts';
import { fingerprint, PublicKey } from '#protocol/keys.ts';
import { parser } from '#protocol/schema.ts';
import type { NodeDb } from '../database.ts';

export interface AcceptedLead {
  readonly fingerprint: string;
  readonly entity: string;
  readonly acceptedAt: string;
}

/** Accepts a lead. Throws MoimError `fingerprint-differs` where the key is not the one the person compared. */
export async function acceptLead(
  db: NodeDb,
  key: PublicKey,
  compared: string,
  entity: string,
  at: string,
): Promise<void> {
  const print = fingerprint(key);
  if (print !== compared) throw new MoimError('fingerprint-differs', `the key's fingerprint is ${print}`);
  await db.transaction().execute(async (transaction) => {
    await transaction
      .insertInto('lead')
      .values({ fingerprint: print, key: JSON.stringify(key), entity, accepted_at: at, removed_at: null })
      .onConflict((conflict) =>
        conflict.column('fingerprint').doUpdateSet({ entity, accepted_at: at, removed_at: null }),
      )
      .execute();
    await record(transaction, at, 'lead-accepted', { lead: print, entity });
  });
}

export async function removeLead(db: NodeDb, print: string, at: string): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    const row = await transaction
      .updateTable('lead')
      .set({ removed_at: at })
      .where('fingerprint', '=', print)
      .where('removed_at', 'is', null)
      .returning('fingerprint')
      .executeTakeFirst();
    if (!row) throw new MoimError('not-found', 'no accepted lead has this fingerprint');
    await record(transaction, at, 'lead-removed', { lead: print });
  });
}

export async function listLeads(db: NodeDb): Promise<AcceptedLead[]> {
  const rows = await db
    .selectFrom('lead')
    .selectAll()
    .where('removed_at', 'is', null)
    .orderBy('accepted_at')
    .execute();
  return rows.map((row) => ({
    fingerprint: row.fingerprint,
    entity: row.entity,
    acceptedAt: row.accepted_at,
  }));
}

export async function acceptedLead(db: NodeDb, print: string): Promise<PublicKey | undefined> {
  const row = await db
    .selectFrom('lead')
    .select('key')
    .where('fingerprint', '=', print)
    .where('removed_at', 'is', null)
    .executeTakeFirst();
  return row && parser(PublicKey).parse(row.key, 'stored key');
}
