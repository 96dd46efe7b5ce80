/** A dry run: everything that a run does, up to what would leave. Nothing is kept of it but that it was done and the hash of what it gave. */

import { record } from '#host/audit-log.ts';
import type { SiteAnswer } from '#protocol/reply.ts';
import { cohortInWords } from '#protocol/study-cohort.ts';
import type { NodeDb } from '../database.ts';
import { release } from '../disclosure/release.ts';
import type { NodeIdentity } from '../identity.ts';
import { type ExecuteDeps, executeJob } from '../job/execute.ts';
import { permitJob } from '../job/permit.ts';
import type { Verify } from '../job/run-context.ts';
import { refuseOtherRule } from '../job/table-history.ts';
import { currentPolicy } from '../policy/store.ts';
import { releaseHash } from './release-hash.ts';
import { waitingJob } from './waiting-job.ts';

export interface DryRunDeps {
  readonly db: NodeDb;
  readonly identity: Pick<NodeIdentity, 'archive'>;
  readonly execution: ExecuteDeps;
  readonly verify: Verify;
  readonly now: () => number;
}

export interface DryRun {
  readonly job: string;
  /** Hash of what would leave: `approve --release` takes it. */
  readonly hash: string;
  readonly dataVersion: string;
  readonly policy: number;
  readonly cohorts: readonly string[];
  readonly answer: SiteAnswer;
}

/** Throws what a run of the job would: `not-permitted`, `expired`, `statement-timeout`, `released-otherwise`, `disclosure-failed`, … */
export async function dryRun(deps: DryRunDeps, job: string, by: string): Promise<DryRun> {
  const { db, now } = deps;
  const row = await waitingJob(db, job);
  const verified = await deps.verify(row.envelope, row.receivedAt);
  const permitted = permitJob(verified, await currentPolicy(db), { kind: 'dry' }, now());
  const raw = await executeJob(deps.execution, permitted);
  await refuseOtherRule(deps, permitted, raw);
  const released = await release(permitted, raw, deps.execution, now());
  const hash = releaseHash(released, deps.identity);
  const { dataVersion } = raw;
  const policy = permitted.facts.policyVersion;
  const studyHash = verified.facts.signed.whole;
  await db.transaction().execute((transaction) =>
    record(transaction, new Date(now()).toISOString(), 'dry-run', {
      job,
      studyHash,
      person: by,
      hash,
      dataVersion,
      policy,
    }),
  );
  const { study } = verified.facts.signed;
  const cohorts = study.cohorts.map((cohort) => cohortInWords(cohort, study.pinned));
  return { job, hash, dataVersion, policy, cohorts, answer: released.answer };
}

/** The data that a dry run of this very study gave this hash on; undefined where none here did. */
export async function dataOfDryRun(
  db: NodeDb,
  of: { readonly job: string; readonly studyHash: string; readonly policy: number; readonly hash: string },
): Promise<string | undefined> {
  const rows = await db
    .selectFrom('audit')
    .select('body')
    .where('kind', '=', 'dry-run')
    .orderBy('n', 'desc')
    .execute();
  for (const { body } of rows) {
    const said = (typeof body === 'string' ? JSON.parse(body) : body) as Record<string, unknown>;
    const same =
      said.job === of.job &&
      said.studyHash === of.studyHash &&
      said.policy === of.policy &&
      said.hash === of.hash;
    if (same && typeof said.dataVersion === 'string') return said.dataVersion;
  }
  return undefined;
}
