/** Envelopes that arrived become jobs: verified for the first time, so that what is refused is refused at once. */

import { record } from '#host/audit-log.ts';
import type { Log } from '#host/log.ts';
import { databaseError } from '#host/postgres/error.ts';
import { type Envelope, openEnvelope } from '#protocol/envelope.ts';
import { type ErrorCode, MoimError } from '#protocol/errors.ts';
import type { JobState } from '#protocol/frame.ts';
import type { NodeDb } from '../database.ts';
import { hubKeyOf, type NodeIdentity, type PinnedHub } from '../identity.ts';
import { orderStanding, type StoppedJob, supersede, takeOrder } from './order.ts';
import { isPassing, wireCode } from './outcome.ts';
import { takeAgain } from './send-reply.ts';
import type { VerifiedJob } from './verify.ts';

export interface IntakeDeps {
  readonly db: NodeDb;
  readonly identity: NodeIdentity;
  readonly hub: PinnedHub;
  readonly log: Log;
  readonly now: () => number;
  readonly verify: (envelope: string) => Promise<VerifiedJob>;
  readonly announce: (job: string, state: JobState, code?: string) => void;
  /** Something is in the outbox. */
  readonly sent: () => void;
  /** The job was stopped by an order or an amendment: cancels it where it runs. */
  readonly stop: (job: string) => void;
}

/**
 * Takes what waits in the inbox, oldest first. An envelope that names a known job changes nothing (answered once though sent twice); one
 * that no longer opens, since another hub was pinned meanwhile, is put aside. The inbox keeps no envelope it has handled.
 */
export async function takeInbox(deps: IntakeDeps): Promise<void> {
  const { db, hub } = deps;
  const rows = await db
    .selectFrom('inbox')
    .select(['message', 'envelope', 'received_at'])
    .where('handled_at', 'is', null)
    .orderBy('received_at')
    .execute();
  for (const row of rows) {
    const at = new Date(deps.now()).toISOString();
    const body = await bodyOf(row.envelope, hub, Date.parse(row.received_at));
    const taken = await db.transaction().execute(async (transaction) => {
      const found = await takeBody(deps, transaction, body, row.envelope, at);
      await transaction
        .updateTable('inbox')
        .set({ handled_at: at, outcome: found.outcome, envelope: '' })
        .where('message', '=', row.message)
        .execute();
      return found;
    });
    // Once it is durable, and not before: what the hub hears stands.
    for (const { job, state } of taken.stopped) {
      deps.stop(job);
      deps.announce(job, state, state === 'expired' ? 'expired' : undefined);
    }
    if (taken.job) deps.announce(taken.job.job, taken.job.state, taken.job.code ?? undefined);
    if (taken.outcome === 'repeated') deps.sent();
  }
}

interface Taken {
  readonly outcome: 'job' | 'order' | 'repeated' | 'refused';
  readonly job?: { readonly job: string; readonly state: JobState; readonly code: string | null };
  readonly stopped: readonly StoppedJob[];
}

async function takeBody(
  deps: IntakeDeps,
  transaction: NodeDb,
  body: Envelope['body'] | undefined,
  envelope: string,
  at: string,
): Promise<Taken> {
  const refused = async (code: ErrorCode): Promise<Taken> => {
    await record(transaction, at, 'delivery-refused', { code });
    deps.log.warn('delivery-refused', { code });
    return { outcome: 'refused', stopped: [] };
  };
  switch (body?.kind) {
    case 'job': {
      const { job } = body;
      const before = await transaction
        .selectFrom('job')
        .select(['state', 'code'])
        .where('job', '=', job)
        .executeTakeFirst();
      if (before) {
        await takeAgain(transaction, deps, job, before.state);
        return { outcome: 'repeated', job: { job, ...before }, stopped: [] };
      }
      const noted = await noteJob(deps, transaction, job, envelope, at);
      return { outcome: 'job', job: { job, state: noted.state, code: noted.code }, stopped: noted.stopped };
    }
    case 'order':
      return takeOrder(transaction, body, at).catch((cause: unknown) => {
        if (!(cause instanceof MoimError) || isPassing(cause)) throw cause;
        return refused(cause.code);
      });
    default:
      return refused('bad-signature');
  }
}

async function bodyOf(
  envelope: string,
  hub: PinnedHub,
  receivedAt: number,
): Promise<Envelope['body'] | undefined> {
  try {
    const { body } = await openEnvelope(envelope, {
      from: 'hub',
      to: hub.site,
      key: hubKeyOf(hub, envelope),
      now: receivedAt,
    });
    return body;
  } catch (cause) {
    if (cause instanceof MoimError) return undefined;
    throw cause;
  }
}

/** A refused job is kept by its id and reason; what it carried is not. */
async function noteJob(deps: IntakeDeps, transaction: NodeDb, job: string, envelope: string, at: string) {
  const { verified, stopped, error } = await deps.verify(envelope).then(
    async (made) => {
      const fitting = await fit(transaction, made.facts, at);
      // A version that contradicts the one that is here is nobody's: it must not be taken for the newest known.
      return { verified: fitting.error?.code === 'bad-input' ? undefined : made.facts, ...fitting };
    },
    (cause: unknown) => ({ verified: undefined, stopped: [], error: databaseError(cause) }),
  );
  if (error && isPassing(error)) throw error;
  const study = verified?.signed.study;
  const code = error ? wireCode(error) : null;
  const state = error
    ? error.code === 'expired'
      ? ('expired' as const)
      : ('refused' as const)
    : ('waiting' as const);
  await transaction
    .insertInto('job')
    .values({
      job,
      study: study?.id ?? nobody,
      version: study?.version ?? 0,
      study_hash: verified?.signed.whole ?? '',
      lead: verified?.lead ?? '',
      envelope: error ? '' : envelope,
      state,
      code,
      received_at: at,
      changed_at: at,
    })
    .execute();
  const kind = error ? 'job-refused' : 'job-received';
  const reason = error ? { code: error.code } : {};
  await record(transaction, at, kind, {
    job,
    study: study?.id ?? null,
    lead: verified?.lead ?? null,
    ...reason,
  });
  deps.log.info(kind, { job, ...reason });
  return { state, code, stopped };
}

/** Whether a verified job fits what is known of its study: its newest version, and the lead's orders, which may have come before it. */
async function fit(
  transaction: NodeDb,
  { signed, lead }: VerifiedJob['facts'],
  at: string,
): Promise<{ readonly stopped: readonly StoppedJob[]; readonly error: MoimError | undefined }> {
  const { id: study, version, amends } = signed.study;
  try {
    const stopped = await supersede(transaction, { study, lead, version, hash: signed.whole, amends }, at);
    const withdrawn = (await orderStanding(transaction, { study, lead, version })) === 'withdrawn';
    return { stopped, error: withdrawn ? new MoimError('expired', 'the study was withdrawn') : undefined };
  } catch (cause) {
    if (!(cause instanceof MoimError)) throw cause;
    return { stopped: [], error: cause };
  }
}

const nobody = '00000000-0000-7000-8000-000000000000';
