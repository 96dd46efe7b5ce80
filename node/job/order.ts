/**
 * The lead's orders and amendments at a hospital. An order is verified against the accepted lead's own key, kept, and obeyed: while a study is
 * paused none of its jobs starts or releases, and what was withdrawn or amended ends unanswered. What an order stops it stops in its own
 * transaction; the commit of an answer locks the job and looks once more (`refuseStopped`).
 */

import type { ExpressionBuilder, ExpressionWrapper, SqlBool } from 'kysely';
import { record } from '#host/audit-log.ts';
import type { OrderBody } from '#protocol/envelope.ts';
import { MoimError } from '#protocol/errors.ts';
import { claimedOrderLead, type OrderStanding, openOrder, standingOf } from '#protocol/order.ts';
import type { MoimTables } from '#sql/tables/moim.ts';
import type { NodeDb } from '../database.ts';
import { acceptedLead } from './lead.ts';

/** A job that an order or an amendment stopped, with the state it was given. */
export interface StoppedJob {
  readonly job: string;
  readonly state: 'waiting' | 'expired';
}

/** States of a job that has not come to its end. */
const open = ['waiting', 'awaiting-approval', 'running'] as const;

/**
 * Takes an order in the transaction of its delivery. An order with a number not above the last is an old one sent again: noted, not obeyed.
 * Throws MoimError `bad-signature`, `bad-input`, `misaddressed`, `lead-not-accepted`.
 */
export async function takeOrder(
  transaction: NodeDb,
  body: OrderBody,
  at: string,
): Promise<{ readonly outcome: 'order' | 'repeated'; readonly stopped: readonly StoppedJob[] }> {
  const lead = claimedOrderLead(body.order);
  const key = lead === undefined ? undefined : await acceptedLead(transaction, lead);
  if (lead === undefined || !key)
    throw new MoimError('lead-not-accepted', 'an order of a lead that is not accepted here');
  const order = await openOrder(body.order, key);
  if (order.study !== body.study) throw new MoimError('misaddressed', 'an order about another study');
  const { study, version, n } = order;
  const newer = await transaction
    .selectFrom('study_order')
    .select('n')
    .where('study', '=', study)
    .where('lead', '=', lead)
    .where('n', '>=', n)
    .limit(1)
    .executeTakeFirst();
  if (newer) {
    await record(transaction, at, 'order-repeated', { study, lead, n });
    return { outcome: 'repeated', stopped: [] };
  }
  await transaction
    .insertInto('study_order')
    .values({ study, lead, n, version, kind: order.order, jws: body.order, received_at: at })
    .execute();
  const stopped =
    order.order === 'resume' ? [] : await stop(transaction, order.order, { study, lead, version }, at);
  await record(transaction, at, 'order-received', { study, lead, version, n, order: order.order });
  return { outcome: 'order', stopped };
}

/** Ends or holds back what is open of the study's versions up to `version`. A job that waits for a person goes on waiting while paused. */
async function stop(
  transaction: NodeDb,
  order: 'pause' | 'withdraw',
  of: { readonly study: string; readonly lead: string; readonly version: number },
  at: string,
): Promise<StoppedJob[]> {
  const state = order === 'pause' ? ('waiting' as const) : ('expired' as const);
  const rows = await transaction
    .updateTable('job')
    .set({ state, code: state === 'expired' ? 'expired' : null, changed_at: at })
    .where('study', '=', of.study)
    .where('lead', '=', of.lead)
    .where('version', '<=', of.version)
    .where('state', 'in', order === 'pause' ? ['running'] : open)
    .returning('job')
    .execute();
  for (const { job } of order === 'pause' ? [] : rows)
    await record(transaction, at, 'job-expired', { job, code: 'expired' });
  return rows.map(({ job }) => ({ job, state }));
}

/** How a version of a lead's study stands under the orders that came. */
export async function orderStanding(
  db: NodeDb,
  of: { readonly study: string; readonly lead: string; readonly version: number },
): Promise<OrderStanding> {
  const orders = await db
    .selectFrom('study_order')
    .select(['version', 'kind', 'n'])
    .where('study', '=', of.study)
    .where('lead', '=', of.lead)
    .execute();
  return standingOf(
    of.version,
    orders.map(({ version, kind, n }) => ({ version, order: kind, n })),
  );
}

/**
 * A verified version of a study arrives: an older or another one than the one known is refused (a hub that sends a version that was
 * amended, or a lead who signed two of one number), and what is open of older versions ends, since the lead asks something else now.
 * Throws MoimError `expired` or `bad-input`.
 */
export async function supersede(
  transaction: NodeDb,
  of: {
    readonly study: string;
    readonly lead: string;
    readonly version: number;
    readonly hash: string;
    readonly amends: string | undefined;
  },
  at: string,
): Promise<StoppedJob[]> {
  const known = await transaction
    .selectFrom('job')
    .select(['version', 'study_hash'])
    .where('study', '=', of.study)
    .where('lead', '=', of.lead)
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (!known) return [];
  if (of.version < known.version) throw new MoimError('expired', 'a newer version of the study is here');
  if (of.version === known.version && of.hash !== known.study_hash)
    throw new MoimError('bad-input', 'another study of this id and version is here');
  if (of.version === known.version + 1 && of.amends !== known.study_hash)
    throw new MoimError('bad-input', 'the study amends another version than the one that is here');
  return stop(transaction, 'withdraw', { ...of, version: of.version - 1 }, at);
}

/** For the choice of what runs next: the job's study is not paused. (What was withdrawn is not open any more.) */
export function isNotPaused(
  where: ExpressionBuilder<MoimTables, 'job'>,
): ExpressionWrapper<MoimTables, 'job', SqlBool> {
  const newest = where
    .selectFrom('study_order')
    .select('kind')
    .whereRef('study_order.study', '=', 'job.study')
    .whereRef('study_order.lead', '=', 'job.lead')
    .whereRef('study_order.version', '>=', 'job.version')
    .orderBy('n', 'desc')
    .limit(1);
  return where(where.fn.coalesce(newest, where.val('resume' as const)), '<>', 'pause');
}

/** The last look before an answer becomes true, in its transaction. Throws MoimError `study-stopped`. */
export async function refuseStopped(transaction: NodeDb, job: string): Promise<void> {
  // Locked: an order that is being taken has either stopped this job already, or waits until the answer is true.
  const row = await transaction
    .selectFrom('job')
    .select(['study', 'lead', 'version', 'state'])
    .where('job', '=', job)
    .forUpdate()
    .executeTakeFirst();
  if (row?.state !== 'running' || (await orderStanding(transaction, row)) !== 'open')
    throw new MoimError('study-stopped');
}
