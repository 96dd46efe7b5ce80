/** Sealed replies: checked unread (sender, job, ciphertext hash), kept once, handed to the lead who sent the study. */

import { sql } from 'kysely';
import { record } from '#host/audit-log.ts';
import { type Position, take } from '#host/mailbox.ts';
import type { Envelope, ReplyBody } from '#protocol/envelope.ts';
import { MoimError } from '#protocol/errors.ts';
import { verifyReply } from '#protocol/reply.ts';
import type { Sealed } from '#protocol/seal.ts';
import type { HubDb } from '../database.ts';
import type { Site } from '../sites/site.ts';

/** Stores a reply with the position of its delivery in one transaction. Gives the study where the reply was new. */
export async function storeReply(
  db: HubDb,
  site: Site,
  at: Position,
  envelope: Envelope & { body: ReplyBody },
  now: string,
): Promise<string | undefined> {
  const { header, sealed, job } = envelope.body;
  const { context, ciphertext } = await verifyReply(header, sealed, site.key);
  return db.transaction().execute(async (transaction) => {
    if (!(await take(transaction, site.site, at))) return undefined;
    const row = await transaction
      .selectFrom('job')
      .innerJoin('study', (join) =>
        join.onRef('study.study', '=', 'job.study').onRef('study.version', '=', 'job.version'),
      )
      .select(['job.study', 'study.study_hash'])
      .where('job.job', '=', job)
      .where('job.site', '=', site.site)
      .executeTakeFirst();
    if (
      !row ||
      context.job !== job ||
      context.site !== site.site ||
      context.study !== row.study ||
      context.studyHash !== row.study_hash
    ) {
      throw new MoimError('misaddressed', 'a reply does not belong to a job of its sender');
    }
    const stored = await transaction
      .insertInto('reply')
      .values({ job, message: envelope.id, header, sealed: JSON.stringify(sealed), received_at: now })
      .onConflict((conflict) => conflict.doNothing())
      .returning('job')
      .executeTakeFirst();
    if (!stored) return undefined;
    await transaction
      .updateTable('job')
      .set({ state: 'answered', code: null, changed_at: now, change: sql<bigint>`nextval('hub.job_change')` })
      .where('job', '=', job)
      .execute();
    await record(transaction, now, 'reply-stored', { job, site: site.site, study: row.study, ciphertext });
    return row.study;
  });
}

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

export async function repliesOf(db: HubDb, study: string): Promise<StoredReply[]> {
  const rows = await db
    .selectFrom('reply')
    .innerJoin('job', 'job.job', 'reply.job')
    .select(['reply.job', 'job.site', 'reply.header', 'reply.sealed', 'reply.received_at'])
    .where('job.study', '=', study)
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
