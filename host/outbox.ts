/**
 * The sending side of many links at once: what several sessions ask of the outbox in the same moment is one statement. A thousand sites
 * that get a study, and a thousand acknowledgements that come back, are then a few statements rather than thousands.
 */

import { sql } from 'kysely';
import { gather, type Outcome } from './gather.ts';
import type { Outgoing, Position } from './mailbox.ts';
import type { BatchDb } from './mailbox-batch.ts';

export interface Outbox {
  /** Envelopes after `after` that the peer has not acknowledged, in order. */
  pending(peer: string, after: Position, limit: number): Promise<readonly Outgoing[]>;
  /** Marks everything up to `upTo` as durable at the peer. */
  acknowledge(peer: string, upTo: Position): Promise<void>;
}

/** Peers a statement at most. */
const most = 512;

interface Wish extends Position {
  readonly peer: string;
  readonly limit: number;
}

export function sharedOutbox(db: BatchDb, now: () => number): Outbox {
  const pending = gather<Wish, readonly Outgoing[]>(most, async (wishes) => {
    const wished = sql<{ i: bigint; peer: string; epoch: bigint; seq: bigint; most: number }>`(
      select * from unnest(${wishes.map(({ peer }) => peer)}::text[], ${wishes.map(({ epoch }) => epoch)}::bigint[],
        ${wishes.map(({ seq }) => seq)}::bigint[], ${wishes.map(({ limit }) => limit)}::int[])
        with ordinality as wish (peer, epoch, seq, most, i))`;
    const rows = await db
      .selectFrom(wished.as('wished'))
      .innerJoinLateral(
        (join) =>
          join
            .selectFrom('outbox')
            .select(['outbox.epoch', 'outbox.seq', 'outbox.envelope'])
            .whereRef('outbox.peer', '=', 'wished.peer')
            .where('outbox.acked_at', 'is', null)
            .where(sql<boolean>`(outbox.epoch, outbox.seq) > (wished.epoch, wished.seq)`)
            .orderBy('outbox.epoch')
            .orderBy('outbox.seq')
            .limit(sql<number>`wished.most`)
            .as('found'),
        (join) => join.onTrue(),
      )
      .select(['wished.i', 'found.epoch', 'found.seq', 'found.envelope'])
      .orderBy('wished.i')
      .orderBy('found.epoch')
      .orderBy('found.seq')
      .execute();
    const found = wishes.map((): Outgoing[] => []);
    for (const { i, ...outgoing } of rows) found[Number(i) - 1]?.push(outgoing);
    return found.map((value): Outcome<readonly Outgoing[]> => ({ ok: true, value }));
  });
  const acknowledge = gather<Position & { readonly peer: string }, void>(most, async (acks) => {
    const at = new Date(now()).toISOString();
    const acked = sql<{ peer: string; epoch: bigint; seq: bigint }>`(
      select * from unnest(${acks.map(({ peer }) => peer)}::text[], ${acks.map(({ epoch }) => epoch)}::bigint[],
        ${acks.map(({ seq }) => seq)}::bigint[]) as ack (peer, epoch, seq))`;
    await db
      .updateTable('outbox')
      .from(acked.as('acked'))
      .set({ acked_at: at })
      .whereRef('outbox.peer', '=', 'acked.peer')
      // Of older epochs too: the peer took them before.
      .where(sql<boolean>`(outbox.epoch, outbox.seq) <= (acked.epoch, acked.seq)`)
      .where('outbox.acked_at', 'is', null)
      .execute();
    return acks.map((): Outcome<void> => ({ ok: true, value: undefined }));
  });
  return {
    pending: (peer, after, limit) => pending({ peer, ...after, limit }),
    acknowledge: (peer, upTo) => acknowledge({ peer, ...upTo }),
  };
}
