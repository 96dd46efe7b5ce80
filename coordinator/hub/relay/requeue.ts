/**
 * What a site gets again where delivery to it begins anew: every job that is open, and the orders about their studies. What has ended is not
 * sent again; an answer that is here already is never asked for twice.
 */

import { sql } from 'kysely';
import { enqueue } from '#host/mailbox.ts';
import { type Envelope, sealEnvelope } from '#protocol/envelope.ts';
import { uuidv7 } from '#protocol/ids.ts';
import { claimedPayload } from '#protocol/sign.ts';
import type { HubDb } from '../database.ts';
import type { MeetDeps } from './meet.ts';

const dayMs = 86_400_000;

/** Puts into the outbox what is not there undelivered. Gives how many jobs were added. */
export async function requeue(transaction: HubDb, deps: MeetDeps, site: string): Promise<number> {
  const at = new Date(deps.now()).toISOString();
  const open = await transaction
    .selectFrom('job')
    .innerJoin('study', (join) =>
      join.onRef('study.study', '=', 'job.study').onRef('study.version', '=', 'job.version'),
    )
    .select(['job.job', 'job.study', 'job.version', 'job.expires_at', 'job.copy', 'study.jws', 'study.ends'])
    .where('job.site', '=', site)
    .where('job.state', 'in', ['waiting', 'awaiting-approval', 'running'])
    .where('job.expires_at', '>', at)
    .where('study.state', '!=', 'withdrawn')
    .orderBy(sql`job.change`)
    .execute();
  const { jobs: waiting, orders: queued } = await undelivered(
    transaction,
    site,
    new Set(open.map(({ job }) => job)),
    at,
  );
  const studies = new Map<string, { readonly ends: string | null }>();
  let added = 0;
  for (const { job, study, copy, jws, ends, expires_at } of open) {
    studies.set(study, { ends });
    if (waiting.has(job)) continue;
    added += 1;
    const message = await send(transaction, deps, site, { kind: 'job', job, study: copy ?? jws }, expires_at);
    // An order that comes before it is delivered takes its place (study/overtake.ts).
    await transaction.updateTable('job').set({ message }).where('job', '=', job).execute();
  }
  for (const [study, { ends }] of studies) {
    const orders = await transaction
      .selectFrom('study_order')
      .select(['jws'])
      .where('study', '=', study)
      .orderBy('n')
      .execute();
    const last = Math.max(deps.now(), ends === null ? deps.now() : Date.parse(`${ends}T23:59:59.999Z`));
    const until = new Date(last + deps.expiryDays * dayMs).toISOString();
    for (const { jws } of orders.filter((order) => !queued.has(order.jws)))
      await send(transaction, deps, site, { kind: 'order', study, order: jws }, until);
  }
  return added;
}

/** The open jobs and the orders whose envelopes have not been delivered yet; envelopes of jobs that have ended are not sent any more. */
async function undelivered(
  transaction: HubDb,
  site: string,
  open: ReadonlySet<string>,
  at: string,
): Promise<{ readonly jobs: ReadonlySet<string>; readonly orders: ReadonlySet<string> }> {
  const rows = await transaction
    .selectFrom('outbox')
    .select(['message', 'envelope'])
    .where('peer', '=', site)
    .where('acked_at', 'is', null)
    .execute();
  const jobs = new Set<string>();
  const orders = new Set<string>();
  for (const { message, envelope } of rows) {
    // Sound: this hub signed it.
    const { body } = claimedPayload(envelope) as Envelope;
    if (body.kind === 'order') orders.add(body.order);
    if (body.kind !== 'job') continue;
    if (open.has(body.job)) jobs.add(body.job);
    else
      await transaction.updateTable('outbox').set({ acked_at: at }).where('message', '=', message).execute();
  }
  return { jobs, orders };
}

async function send(
  transaction: HubDb,
  { identity, now: clock }: MeetDeps,
  site: string,
  body: Envelope['body'],
  expiresAt: string,
): Promise<string> {
  const now = clock();
  const at = new Date(now).toISOString();
  const id = uuidv7(now);
  const envelope = await sealEnvelope(
    { v: 1, id, from: 'hub', to: site, sentAt: at, expiresAt, body },
    identity.key,
  );
  await enqueue(transaction, site, { message: id, envelope, expiresAt, now: at });
  return id;
}
