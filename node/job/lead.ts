/** What a job needs to know of the leads this hospital accepts (node/trust/accepted.ts keeps the list). */

import { PublicKey } from '#protocol/keys.ts';
import { parser } from '#protocol/schema.ts';
import type { NodeDb } from '../database.ts';

/** The legal entity that was recorded when the lead was accepted; undefined where it is not, or no more. */
export async function leadEntity(db: NodeDb, print: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('lead')
    .select('entity')
    .where('fingerprint', '=', print)
    .where('removed_at', 'is', null)
    .executeTakeFirst();
  return row?.entity;
}

/** Every key that this lead is known by here, accepted or not: those that theirs followed, or that followed it. */
export async function leadKeys(db: NodeDb, print: string): Promise<string[]> {
  const rows = await db
    .selectFrom('lead')
    .innerJoin('lead as own', 'own.line', 'lead.line')
    .select('lead.fingerprint')
    .where('own.fingerprint', '=', print)
    .execute();
  return [...new Set([print, ...rows.map(({ fingerprint }) => fingerprint)])];
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
