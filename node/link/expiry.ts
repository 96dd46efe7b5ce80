/** Answers that the hub did not take before their time: they still go, the hub says to the lead that they expired, and it is on record here. */

import { sql } from 'kysely';
import { record } from '#host/audit-log.ts';
import { allowedSkewMs } from '#protocol/envelope.ts';
import { hubPeer } from '../identity.ts';
import type { LinkClientDeps } from './client.ts';

export type ExpiryDeps = Pick<LinkClientDeps, 'db' | 'hub' | 'log' | 'now' | 'counters'>;

/** Notes each once. Gives how many were new. */
export async function noteExpired({ db, hub, log, now, counters }: ExpiryDeps): Promise<number> {
  const at = new Date(now()).toISOString();
  const past = new Date(now() - allowedSkewMs).toISOString();
  return db.transaction().execute(async (transaction) => {
    const rows = await transaction
      .selectFrom('outbox')
      .select(['message', 'epoch', 'seq'])
      .where('peer', '=', hubPeer(hub))
      .where('acked_at', 'is', null)
      .where('expires_at', '<', past)
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom('audit')
              .select('n')
              .where('kind', '=', 'delivery-expired')
              .where(sql<boolean>`body->>'message' = outbox.message::text`),
          ),
        ),
      )
      .orderBy('epoch')
      .orderBy('seq')
      .execute();
    for (const { message, epoch, seq } of rows) {
      await record(transaction, at, 'delivery-expired', {
        message,
        epoch: Number(epoch),
        seq: Number(seq),
      });
      log.warn('delivery-expired', { message });
      counters.count('delivery-expired');
    }
    return rows.length;
  });
}
