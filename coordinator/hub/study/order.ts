/**
 * A lead's order arrives at the hub: verified against the key that signed the study, kept, and sent on to every site that has a job of the
 * versions it is about, all in one transaction. The hub obeys it in what it shows; hospitals obey what the lead signed.
 */

import { sql } from 'kysely';
import { record } from '#host/audit-log.ts';
import { enqueueAll, type PeerMessage } from '#host/mailbox-batch.ts';
import { sealEnvelope } from '#protocol/envelope.ts';
import { MoimError } from '#protocol/errors.ts';
import { uuidv7 } from '#protocol/ids.ts';
import { openOrder, type StudyOrder } from '#protocol/order.ts';
import type { HubDb } from '../database.ts';
import type { AcceptDeps } from './accept.ts';
import { leadFor } from './lead.ts';
import { overtake } from './overtake.ts';

const states = { pause: 'paused', resume: 'open', withdraw: 'withdrawn' } as const;

export interface SentOrder {
  readonly order: string;
  /** How the lead's key came from the one that signed the study. */
  readonly rotations?: readonly string[];
}

export interface TakenOrder {
  readonly order: StudyOrder;
  /** Sites it goes to. */
  readonly sites: readonly string[];
}

/**
 * Takes an order once: sent again unchanged it gives the same answer. Throws `not-found`, `bad-signature`, `bad-input`, `study-ended`,
 * `order-stale`.
 */
export async function acceptOrder(
  deps: AcceptDeps,
  id: string,
  { order: jws, rotations }: SentOrder,
  sender: string,
): Promise<TakenOrder> {
  return deps.db.transaction().execute(async (transaction) => {
    await lockStudy(transaction, id);
    const newest = await transaction
      .selectFrom('study')
      .select(['version', 'jws', 'state'])
      .where('study', '=', id)
      .where('sender', '=', sender)
      .orderBy('version', 'desc')
      .limit(1)
      .executeTakeFirst();
    if (!newest) throw new MoimError('not-found', 'no study of this sender has this id');
    const order = await openOrder(jws, await leadFor(newest.jws, jws, rotations));
    if (order.study !== id) throw new MoimError('bad-input', 'the order is about another study');
    const known = await transaction
      .selectFrom('study_order')
      .select('jws')
      .where('study', '=', id)
      .where('n', '=', order.n)
      .executeTakeFirst();
    if (known?.jws === jws) return { order, sites: [] };
    if (order.version !== newest.version)
      throw new MoimError(
        'bad-input',
        `the order is about version ${order.version}, the newest is ${newest.version}`,
      );
    if (newest.state === 'withdrawn') throw new MoimError('study-ended', 'the study was withdrawn');
    return { order, sites: await keepOrder(deps, transaction, order, jws) };
  });
}

/** One at a time, a study: an order and an amendment that come together must not pass each other. */
export async function lockStudy(transaction: HubDb, study: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`moim-study ${study}`}, 0))`.execute(transaction);
}

/** Keeps a verified order and sends it to the sites of the versions it is about, or to those of them that are `among`. */
export async function keepOrder(
  { identity, now: clock, expiryDays }: AcceptDeps,
  transaction: HubDb,
  order: StudyOrder,
  jws: string,
  among?: ReadonlySet<string>,
): Promise<string[]> {
  const { study, version, n } = order;
  const now = clock();
  const at = new Date(now).toISOString();
  const newer = await transaction
    .selectFrom('study_order')
    .select('n')
    .where('study', '=', study)
    .where('n', '>=', n)
    .limit(1)
    .executeTakeFirst();
  if (newer) throw new MoimError('order-stale');
  await transaction
    .insertInto('study_order')
    .values({ study, n, version, kind: order.order, jws, received_at: at })
    .execute();
  await transaction
    .updateTable('study')
    .set({ state: states[order.order] })
    .where('study', '=', study)
    .where('version', '<=', version)
    .where('state', '!=', 'withdrawn')
    .execute();
  const rows = await transaction
    .selectFrom('job')
    .innerJoin('site', 'site.site', 'job.site')
    .innerJoin('study', (join) =>
      join.onRef('study.study', '=', 'job.study').onRef('study.version', '=', 'job.version'),
    )
    .select(['job.site', sql<string | null>`max(study.ends)`.as('ends')])
    .where('job.study', '=', study)
    .where('job.version', '<=', version)
    .where('site.state', '!=', 'revoked')
    .groupBy('job.site')
    .orderBy('job.site')
    .execute();
  const going = rows.filter(({ site }) => among?.has(site) ?? true);
  const seal = async ({ site, ends }: (typeof going)[number]): Promise<PeerMessage> => {
    const message = uuidv7(now);
    // It outlives every job it is about: a site that comes back late must not run the job for want of the order.
    const last = Math.max(now, ends === null ? now : Date.parse(`${ends}T23:59:59.999Z`));
    const expiresAt = new Date(last + expiryDays * 86_400_000).toISOString();
    const body = { kind: 'order' as const, study, order: jws };
    const envelope = await sealEnvelope(
      { v: 1, id: message, from: 'hub', to: site, sentAt: at, expiresAt, body },
      identity.key,
    );
    return { peer: site, message, envelope, expiresAt, now: at };
  };
  // The same order in two envelopes: one to overtake, one for the end of the sequence.
  if (order.order !== 'resume')
    await overtake(
      transaction,
      { study, version },
      await Promise.all(going.map(seal)),
      order.order === 'pause',
      at,
    );
  await enqueueAll(transaction, await Promise.all(going.map(seal)));
  await record(transaction, at, 'order-received', { study, version, n, order: order.order });
  return going.map(({ site }) => site);
}
