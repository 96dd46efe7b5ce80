/**
 * The answer becomes true: job, what left, audit entry and outbox in one transaction. Permission is looked at once more inside it: a lead
 * removed or a policy changed while the cohorts ran stops the answer.
 */

import { record } from '#host/audit-log.ts';
import { lastLook } from '../approval/last-look.ts';
import type { NodeDb } from '../database.ts';
import type { NodeIdentity, PinnedHub } from '../identity.ts';
import type { RawResult } from './execute.ts';
import { refuseStopped } from './order.ts';
import type { PermittedJob } from './permit.ts';
import type { SealedReply } from './seal.ts';
import { sendReply } from './send-reply.ts';
import { keepTables } from './table-history.ts';

export interface CommitDeps {
  readonly db: NodeDb;
  readonly identity: NodeIdentity;
  readonly hub: PinnedHub;
  readonly now: () => number;
}

/**
 * Writes the answer, once: a job that was answered meanwhile is left as it is. `release` is the hash of what leaves (approval/release-hash.ts).
 * Throws MoimError `permission-changed`, `study-stopped`.
 */
export async function commitAnswer(
  deps: CommitDeps,
  job: PermittedJob,
  raw: RawResult,
  reply: SealedReply,
  release: string,
): Promise<void> {
  const { db } = deps;
  const { rule, verified, policyVersion } = job.facts;
  const at = new Date(deps.now()).toISOString();
  await db.transaction().execute(async (transaction) => {
    await refuseStopped(transaction, reply.job);
    const permitted = await lastLook(transaction, job, {
      dataVersion: raw.dataVersion,
      release,
      now: deps.now(),
    });
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
        message: null,
      })
      .execute();
    await keepTables({ db: transaction, identity: deps.identity }, job, raw);
    const head = await record(transaction, at, 'job-answered', {
      job: reply.job,
      study: verified.signed.study.id,
      version: verified.signed.study.version,
      ...permitted,
      policy: policyVersion,
      dataVersion: raw.dataVersion,
      minimumCell: rule.minimumCell,
      plaintext: reply.plaintextSha256,
      ciphertext: reply.ciphertextSha256,
    });
    await sendReply(transaction, deps, reply, head);
  });
}
