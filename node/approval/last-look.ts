/** Permission is looked at once more in the transaction that makes an answer true: what was taken back while the cohorts ran is taken back. */

import { recordAll } from '#host/audit-log.ts';
import { MoimError } from '#protocol/errors.ts';
import type { NodeDb } from '../database.ts';
import { leadEntity } from '../job/lead.ts';
import type { PermittedJob } from '../job/permit.ts';
import { currentPolicy } from '../policy/store.ts';
import { standingOf } from './standing.ts';

/** Who asked and who permitted, as the audit log says it. */
export interface Permitted {
  readonly lead: string;
  readonly entity: string;
  /** Names of persons, or `policy`. */
  readonly permittedBy: readonly string[];
  readonly approvals: readonly string[];
}

/**
 * Throws MoimError `permission-changed` where lead, policy, approvals or their persons are not what they were when the job was permitted.
 * `left` says what is about to leave.
 */
export async function lastLook(
  transaction: NodeDb,
  job: PermittedJob,
  left: { readonly dataVersion: string; readonly release: string; readonly now: number },
): Promise<Permitted> {
  const { verified, policyVersion, permission } = job.facts;
  if (permission.kind === 'dry') throw new MoimError('internal', 'a dry run that would leave');
  // Whoever takes something back writes it down in the same transaction: with the log locked, either they are done and seen here, or
  // they come after this answer.
  await recordAll(transaction, new Date(left.now).toISOString(), []);
  const policy = await currentPolicy(transaction);
  const entity = await leadEntity(transaction, verified.lead);
  if (policy?.version !== policyVersion || entity === undefined) throw new MoimError('permission-changed');
  const standing = await standingOf(transaction, {
    job: verified.job,
    studyHash: verified.signed.whole,
    policy,
    counted: true,
    ...left,
  });
  if (standing.kind === 'held') throw new MoimError('permission-changed');
  const { by, approvals } = standing;
  return { lead: verified.lead, entity, permittedBy: by.length > 0 ? by : ['policy'], approvals };
}
