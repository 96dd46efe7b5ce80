/** Sealed replies as they are handed to the lead who sent the study, and deliveries that hold none. */

import { record } from '#host/audit-log.ts';
import { type Position, take } from '#host/mailbox.ts';
import type { Sealed } from '#protocol/seal.ts';
import type { HubDb } from '../database.ts';

/** Takes a position whose envelope was refused, so that the link goes on; the refusal is on record. */
export async function refuseDelivery(
  db: HubDb,
  site: string,
  at: Position,
  code: string,
  now: string,
): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    if (await take(transaction, site, at)) await record(transaction, now, 'delivery-refused', { site, code });
  });
}

export interface StoredReply {
  readonly job: string;
  readonly site: string;
  readonly header: string;
  readonly sealed: Sealed;
  readonly receivedAt: string;
}

export async function repliesOf(db: HubDb, study: string, version: number): Promise<StoredReply[]> {
  const rows = await db
    .selectFrom('reply')
    .innerJoin('job', 'job.job', 'reply.job')
    .select(['reply.job', 'job.site', 'reply.header', 'reply.sealed', 'reply.received_at'])
    .where('job.study', '=', study)
    .where('job.version', '=', version)
    .orderBy('job.site')
    .execute();
  return rows.map((row) => ({
    job: row.job,
    site: row.site,
    header: row.header,
    sealed: row.sealed as Sealed,
    receivedAt: row.received_at,
  }));
}
