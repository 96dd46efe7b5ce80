/**
 * The job pipeline: Envelope → VerifiedJob → PermittedJob → RawResult → ReleasedResult → SealedReply. One job at a time. Everything that
 * must survive is in the database: a restart takes up what is waiting or was running, sends its envelope through verify and permit
 * again, and answers once, because the answer, its audit entry and its place in the outbox are one transaction.
 */

import { record } from '#host/audit-log.ts';
import type { Log } from '#host/log.ts';
import { enqueue } from '#host/mailbox.ts';
import { pause } from '#host/serve.ts';
import type { LinearSolver } from '#protocol/disclosure/linear.ts';
import { openEnvelope, sealEnvelope } from '#protocol/envelope.ts';
import { type ErrorCode, errors, MoimError } from '#protocol/errors.ts';
import type { JobState } from '#protocol/frame.ts';
import { uuidv7 } from '#protocol/ids.ts';
import { databaseError } from '#host/postgres/error.ts';
import type { NodeDb } from '../database.ts';
import { release } from '../disclosure/release.ts';
import type { NodeIdentity, PinnedHub } from '../identity.ts';
import { type ExecuteDeps, executeJob } from './execute.ts';
import { acceptedLead } from './lead.ts';
import { permitJob } from './permit.ts';
import { currentPolicy } from './policy.ts';
import { type SealedReply, sealReply } from './seal.ts';
import { verifyJob } from './verify.ts';

export interface PipelineDeps {
  readonly db: NodeDb;
  readonly identity: NodeIdentity;
  readonly hub: PinnedHub;
  readonly solve: LinearSolver;
  readonly log: Log;
  readonly now: () => number;
  readonly count: ExecuteDeps['count'];
  readonly dataVersion: ExecuteDeps['dataVersion'];
  /** Tells the hub of a job's state, where a link is up; lost otherwise, and said again when the link comes back. */
  readonly announce: (job: string, state: JobState, code?: string) => void;
  /** Something is in the outbox. */
  readonly sent: () => void;
  readonly signal: AbortSignal;
}

export interface Pipeline {
  /** There may be something to do. */
  kick(): void;
  /** Resolves when the pipeline has ended, after `signal` was aborted. */
  readonly ended: Promise<void>;
}

/** Faults that pass by themselves: the job stays waiting and is tried again. */
const passing = new Set<ErrorCode>(['database-unavailable', 'disk-full', 'database-busy', 'data-changed']);

export function startPipeline(deps: PipelineDeps): Pipeline {
  let wake: () => void = () => {};
  let kicked = true;
  const sleep = (ms: number) => {
    const nap = new AbortController();
    wake = () => nap.abort();
    return pause(kicked ? 0 : ms, AbortSignal.any([nap.signal, deps.signal]));
  };
  const loop = async () => {
    while (!deps.signal.aborted) {
      kicked = false;
      let rest = 30_000;
      try {
        await takeInbox(deps);
        while (!deps.signal.aborted && (await runNext(deps))) await takeInbox(deps);
      } catch (cause) {
        if (deps.signal.aborted) break;
        const error = databaseError(cause);
        deps.log.warn('pipeline-waits', { code: error.code });
        rest = 1_000;
      }
      await sleep(rest);
    }
  };
  return {
    kick() {
      kicked = true;
      wake();
    },
    ended: loop(),
  };
}

/** Envelopes that arrived become jobs; one that names a known job changes nothing (answered once though sent twice). */
async function takeInbox(deps: PipelineDeps): Promise<void> {
  const { db, hub } = deps;
  const rows = await db
    .selectFrom('inbox')
    .select(['message', 'envelope', 'received_at'])
    .where('handled_at', 'is', null)
    .orderBy('received_at')
    .execute();
  for (const row of rows) {
    const at = new Date(deps.now()).toISOString();
    const envelope = await openEnvelope(row.envelope, { from: 'hub', to: hub.site, key: hub.key, now: Date.parse(row.received_at) });
    if (envelope.body.kind !== 'job') continue;
    const { job } = envelope.body;
    const known = await db.transaction().execute(async (transaction) => {
      const before = await transaction.selectFrom('job').select(['state', 'code']).where('job', '=', job).executeTakeFirst();
      if (!before) await noteJob(deps, transaction, job, row.envelope, at);
      await transaction
        .updateTable('inbox')
        .set({ handled_at: at, outcome: before ? 'repeated' : 'job' })
        .where('message', '=', row.message)
        .execute();
      return before;
    });
    if (known) deps.announce(job, known.state, known.code ?? undefined);
  }
}

/** Verifies for the first time, so that what is refused is refused at once; what passes waits for its run. */
async function noteJob(deps: PipelineDeps, transaction: NodeDb, job: string, envelope: string, at: string): Promise<void> {
  const facts = await verify(deps, envelope).then(
    (verified) => ({ verified, error: undefined }),
    (cause) => ({ verified: undefined, error: databaseError(cause) }),
  );
  if (facts.error && passing.has(facts.error.code)) throw facts.error;
  const signed = facts.verified?.facts.signed;
  const nobody = '00000000-0000-7000-8000-000000000000';
  const state = facts.error ? ('refused' as const) : ('waiting' as const);
  const code = facts.error ? wireCode(facts.error) : null;
  await transaction
    .insertInto('job')
    .values({
      job,
      study: signed?.study.id ?? nobody,
      version: signed?.study.version ?? 0,
      study_hash: signed?.hash ?? '',
      lead: facts.verified?.facts.lead ?? '',
      envelope,
      state,
      code,
      received_at: at,
      changed_at: at,
    })
    .execute();
  await record(transaction, at, facts.error ? 'job-refused' : 'job-received', {
    job,
    study: signed?.study.id ?? null,
    lead: facts.verified?.facts.lead ?? null,
    ...(facts.error ? { code: facts.error.code } : {}),
  });
  deps.log.info(facts.error ? 'job-refused' : 'job-received', { job, ...(facts.error ? { code: facts.error.code } : {}) });
  deps.announce(job, state, code ?? undefined);
}

/** Runs the oldest open job; false where there is none. */
async function runNext(deps: PipelineDeps): Promise<boolean> {
  const row = await deps.db
    .selectFrom('job')
    .select(['job', 'envelope', 'received_at'])
    .where('state', 'in', ['waiting', 'running'])
    .orderBy('received_at')
    .limit(1)
    .executeTakeFirst();
  if (!row) return false;
  const { job } = row;
  try {
    await setState(deps, job, 'running');
    const reply = await answer(deps, row.envelope);
    await commit(deps, reply);
    deps.log.info('job-answered', { job });
    deps.sent();
  } catch (cause) {
    if (deps.signal.aborted) return false;
    const error = databaseError(cause);
    if (passing.has(error.code)) throw error;
    const refused = errors[error.code].exit === 3 && error.code !== 'disclosure-failed' && error.code !== 'database-permission';
    deps.log.warn('job-not-answered', { job, code: error.code });
    await setState(deps, job, refused ? 'refused' : 'failed', error);
  }
  return true;
}

/** The sentence of the house: verify, permit, execute, release, seal. */
async function answer(deps: PipelineDeps, envelope: string): Promise<SealedReply> {
  const verified = await verify(deps, envelope);
  const permitted = permitJob(verified, await currentPolicy(deps.db));
  const raw = await executeJob(deps, permitted);
  const released = release(permitted, raw, deps.solve, deps.now());
  return sealReply(released, permitted, deps.identity);
}

function verify(deps: PipelineDeps, envelope: string) {
  return verifyJob(
    { site: deps.hub.site, hubKey: deps.hub.key, now: deps.now(), acceptedLead: (print) => acceptedLead(deps.db, print) },
    envelope,
  );
}

/** The answer, what left, the audit entry and the outbox, together. A job that was answered meanwhile is left as it is. */
async function commit(deps: PipelineDeps, reply: SealedReply): Promise<void> {
  const now = deps.now();
  const at = new Date(now).toISOString();
  const message = uuidv7(now);
  const expiresAt = new Date(now + 365 * 86_400_000).toISOString();
  const envelope = await sealEnvelope(
    {
      v: 1,
      id: message,
      from: deps.hub.site,
      to: 'hub',
      sentAt: at,
      expiresAt,
      body: { kind: 'reply', job: reply.job, header: reply.header, sealed: reply.sealed },
    },
    deps.identity.key,
  );
  await deps.db.transaction().execute(async (transaction) => {
    const row = await transaction
      .updateTable('job')
      .set({ state: 'answered', code: null, changed_at: at })
      .where('job', '=', reply.job)
      .where('state', '=', 'running')
      .returning('job')
      .executeTakeFirst();
    if (!row) return;
    await transaction
      .insertInto('released')
      .values({
        job: reply.job,
        released_at: at,
        plaintext_sha256: reply.plaintextSha256,
        ciphertext_sha256: reply.ciphertextSha256,
        header: reply.header,
        sealed: JSON.stringify(reply.sealed),
      })
      .execute();
    await record(transaction, at, 'job-answered', {
      job: reply.job,
      plaintext: reply.plaintextSha256,
      ciphertext: reply.ciphertextSha256,
    });
    await enqueue(transaction, 'hub', { message, envelope, expiresAt, now: at });
  });
}

async function setState(deps: PipelineDeps, job: string, state: 'running' | 'refused' | 'failed', error?: MoimError): Promise<void> {
  const at = new Date(deps.now()).toISOString();
  const code = error ? wireCode(error) : null;
  await deps.db.transaction().execute(async (transaction) => {
    await transaction.updateTable('job').set({ state, code, changed_at: at }).where('job', '=', job).execute();
    if (error) await record(transaction, at, `job-${state}`, { job, code: error.code });
  });
  deps.announce(job, state, code ?? undefined);
}

/** The coarse code that may leave: the error's own where the table allows it. */
export function wireCode(error: MoimError): ErrorCode {
  return 'wire' in errors[error.code] ? error.code : 'internal';
}
