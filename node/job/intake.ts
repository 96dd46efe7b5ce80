/** Envelopes that arrived become jobs: verified for the first time, so that what is refused is refused at once. */

import { record } from '#host/audit-log.ts';
import type { Log } from '#host/log.ts';
import { databaseError } from '#host/postgres/error.ts';
import { openEnvelope } from '#protocol/envelope.ts';
import { MoimError } from '#protocol/errors.ts';
import type { JobState } from '#protocol/frame.ts';
import type { NodeDb } from '../database.ts';
import type { PinnedHub } from '../identity.ts';
import { isPassing, wireCode } from './outcome.ts';
import type { VerifiedJob } from './verify.ts';

export interface IntakeDeps {
  readonly db: NodeDb;
  readonly hub: PinnedHub;
  readonly log: Log;
  readonly now: () => number;
  readonly verify: (envelope: string) => Promise<VerifiedJob>;
  readonly announce: (job: string, state: JobState, code?: string) => void;
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
    const job = await jobOf(row.envelope, hub, Date.parse(row.received_at));
    const known = await db.transaction().execute(async (transaction) => {
      const before =
        job === undefined
          ? undefined
          : await transaction
              .selectFrom('job')
              .select(['state', 'code'])
              .where('job', '=', job)
              .executeTakeFirst();
      if (job === undefined) await record(transaction, at, 'delivery-refused', { code: 'bad-signature' });
      const noted =
        job === undefined || before ? undefined : await noteJob(deps, transaction, job, row.envelope, at);
      await transaction
        .updateTable('inbox')
        .set({
          handled_at: at,
          outcome: job === undefined ? 'refused' : before ? 'repeated' : 'job',
          envelope: '',
        })
        .where('message', '=', row.message)
        .execute();
      return before ?? noted;
    });
    // Once it is durable, and not before: what the hub hears stands.
    if (known && job !== undefined) deps.announce(job, known.state, known.code ?? undefined);
  }
}

async function jobOf(envelope: string, hub: PinnedHub, receivedAt: number): Promise<string | undefined> {
  try {
    const { body } = await openEnvelope(envelope, {
      from: 'hub',
      to: hub.site,
      key: hub.key,
      now: receivedAt,
    });
    return body.kind === 'job' ? body.job : undefined;
  } catch (cause) {
    if (cause instanceof MoimError) return undefined;
    throw cause;
  }
}

/** A refused job is kept by its id and reason; what it carried is not. */
async function noteJob(deps: IntakeDeps, transaction: NodeDb, job: string, envelope: string, at: string) {
  const { verified, error } = await deps.verify(envelope).then(
    (made) => ({ verified: made.facts, error: undefined }),
    (cause: unknown) => ({ verified: undefined, error: databaseError(cause) }),
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
      study_hash: verified?.signed.hash ?? '',
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
  return { state, code };
}

const nobody = '00000000-0000-7000-8000-000000000000';
