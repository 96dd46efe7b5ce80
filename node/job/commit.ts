/**
 * The answer becomes true: job, what left, audit entry and outbox in one transaction. Permission is looked at once more inside it: a lead
 * removed or a policy changed while the cohorts ran stops the answer.
 */

import { record } from '#host/audit-log.ts';
import { enqueue } from '#host/mailbox.ts';
import { canonicalHash, type Json } from '#protocol/canonical.ts';
import { sealEnvelope } from '#protocol/envelope.ts';
import { MoimError } from '#protocol/errors.ts';
import { uuidv7 } from '#protocol/ids.ts';
import type { NodeDb } from '../database.ts';
import { hubPeer, type NodeIdentity, type PinnedHub } from '../identity.ts';
import type { RawResult } from './execute.ts';
import { acceptedLead } from './lead.ts';
import type { PermittedJob } from './permit.ts';
import { currentPolicy } from './policy.ts';
import type { SealedReply } from './seal.ts';

export interface CommitDeps {
  readonly db: NodeDb;
  readonly identity: NodeIdentity;
  readonly hub: PinnedHub;
  readonly now: () => number;
}

/** Days that a reply waits for a hub before it is given up. */
const replyDays = 365;

/**
 * Refuses a table that this lead was given before under another rule: each rule withholds other cells, and who lays them side by side
 * sees through all of them. (Another rule because the hospital changed its own policy is the hospital's choice.) Throws MoimError `released-otherwise`.
 */
export async function refuseOtherRule(db: NodeDb, job: PermittedJob, raw: RawResult): Promise<void> {
  const { rule, verified, policyVersion } = job.facts;
  for (const table of tableHashes(raw)) {
    const other = await db
      .selectFrom('released_table')
      .select('job')
      .where('lead', '=', verified.lead)
      .where('cells', '=', table)
      .where('data_version', '=', raw.dataVersion)
      .where('policy', '=', policyVersion)
      .where((where) =>
        where.or([where('minimum_cell', '!=', rule.minimumCell), where('show_zero', '!=', rule.showZero)]),
      )
      .executeTakeFirst();
    if (other) throw new MoimError('released-otherwise');
  }
}

/** Writes the answer, once: a job that was answered meanwhile is left as it is. Throws MoimError `permission-changed`. */
export async function commitAnswer(
  deps: CommitDeps,
  job: PermittedJob,
  raw: RawResult,
  reply: SealedReply,
): Promise<void> {
  const { db, identity, hub } = deps;
  const { rule, verified, policyVersion } = job.facts;
  const now = deps.now();
  const at = new Date(now).toISOString();
  const message = uuidv7(now);
  const expiresAt = new Date(now + replyDays * 86_400_000).toISOString();
  const body = { kind: 'reply' as const, job: reply.job, header: reply.header, sealed: reply.sealed };
  const envelope = await sealEnvelope(
    { v: 1, id: message, from: hub.site, to: 'hub', sentAt: at, expiresAt, body },
    identity.key,
  );
  await db.transaction().execute(async (transaction) => {
    const [policy, lead] = [await currentPolicy(transaction), await acceptedLead(transaction, verified.lead)];
    if (policy?.version !== policyVersion || !lead) throw new MoimError('permission-changed');
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
    await record(transaction, at, 'job-answered', {
      job: reply.job,
      policy: policyVersion,
      minimumCell: rule.minimumCell,
      plaintext: reply.plaintextSha256,
      ciphertext: reply.ciphertextSha256,
    });
    await enqueue(transaction, hubPeer(hub), { message, envelope, expiresAt, now: at });
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
