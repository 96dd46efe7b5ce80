/**
 * The answer becomes true: job, what left, audit entry and outbox in one transaction. Permission is looked at once more inside it: a lead
 * removed or a policy changed while the cohorts ran stops the answer.
 */

import { sql } from 'kysely';
import { record } from '#host/audit-log.ts';
import { canonicalHash, type Json } from '#protocol/canonical.ts';
import { MoimError } from '#protocol/errors.ts';
import { lastLook } from '../approval/last-look.ts';
import type { NodeDb } from '../database.ts';
import type { NodeIdentity, PinnedHub } from '../identity.ts';
import type { RawResult } from './execute.ts';
import { refuseStopped } from './order.ts';
import type { PermittedJob } from './permit.ts';
import type { SealedReply } from './seal.ts';
import { sendReply } from './send-reply.ts';

export interface CommitDeps {
  readonly db: NodeDb;
  readonly identity: NodeIdentity;
  readonly hub: PinnedHub;
  readonly now: () => number;
}

/**
 * Refuses a table that this lead was given before under another rule: each rule withholds other cells, and who lays them side by side
 * sees through all of them. (Another rule because the hospital changed its own policy is the hospital's choice.) Throws MoimError `released-otherwise`.
 */
export async function refuseOtherRule(db: NodeDb, job: PermittedJob, raw: RawResult): Promise<void> {
  const { rule, verified, policy } = job.facts;
  const { minimumCell, showZero } = policy.policy;
  for (const table of tableHashes(raw)) {
    const other = await db
      .selectFrom('released_table')
      .innerJoin('policy', 'policy.version', 'released_table.policy')
      .select('job')
      .where('lead', '=', verified.lead)
      .where('cells', '=', table)
      .where('data_version', '=', raw.dataVersion)
      // Of the hospital's own rules the same: a version that changed a quota gives nobody a second look.
      .where(sql<boolean>`policy.body @> ${JSON.stringify({ minimumCell, showZero })}::jsonb`)
      .where((where) =>
        where.or([where('minimum_cell', '!=', rule.minimumCell), where('show_zero', '!=', rule.showZero)]),
      )
      .executeTakeFirst();
    if (other) throw new MoimError('released-otherwise');
  }
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
    for (const cells of tableHashes(raw)) {
      await transaction
        .insertInto('released_table')
        .values({
          lead: verified.lead,
          cells,
          data_version: raw.dataVersion,
          policy: policyVersion,
          minimum_cell: rule.minimumCell,
          show_zero: rule.showZero,
          job: reply.job,
        })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    }
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

/** One hash a table that has something to withhold; a table of zeros alone is the same under every rule. */
function tableHashes(raw: RawResult): string[] {
  const filled = raw.cohorts.filter(({ cells }) =>
    cells.some(({ visibility, value }) => visibility === 'published' && value > 0),
  );
  return filled.map(({ cells }) =>
    canonicalHash(cells.map(({ id, value }) => [id, value]) as unknown as Json),
  );
}
