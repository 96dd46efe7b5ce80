/** A person refuses a job. The reason leaves as a code of a closed list; the note stays here, in its own table alone. */

import { record } from '#host/audit-log.ts';
import type { RefusalReason } from '#protocol/frame.ts';
import type { NodeDb } from '../database.ts';
import { waitingJob } from './waiting-job.ts';

export interface Refusal {
  readonly job: string;
  readonly person: string;
  readonly reason: RefusalReason;
  readonly note?: string | undefined;
}

/** For good: a refused job stays refused. Throws MoimError `not-found`, `job-settled`. */
export async function refuse(db: NodeDb, refusal: Refusal, now: number): Promise<void> {
  const { job, person, reason, note } = refusal;
  const at = new Date(now).toISOString();
  await db.transaction().execute(async (transaction) => {
    const { study, version, lead } = await waitingJob(transaction, job, true);
    await transaction
      .updateTable('job')
      .set({
        state: 'refused',
        code: 'hospital-refused',
        reason,
        held_until: null,
        changed_at: at,
        untold: true,
      })
      .where('job', '=', job)
      .execute();
    await transaction
      .updateTable('approval')
      .set({ withdrawn_at: at })
      .where('job', '=', job)
      .where('withdrawn_at', 'is', null)
      .execute();
    await transaction
      .insertInto('refusal')
      .values({ job, person, reason, note: note ?? null, refused_at: at })
      .execute();
    // The log may be shown to an ethics board: it says who and why, and not what they wrote for themselves.
    await record(transaction, at, 'job-refused', {
      job,
      study,
      version,
      lead,
      person,
      code: 'hospital-refused',
      reason,
    });
  });
}
