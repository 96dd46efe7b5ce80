/** How many studies may run on one day (UTC, by the node's clock), of one lead (whichever of their keys signed) and of all of them. */

import type { NodeDb } from '../database.ts';
import { leadKeys } from '../job/lead.ts';
import type { Policy } from './policy.ts';

const dayMs = 86_400_000;

/**
 * Gives the instant until which a job has to wait, or undefined where it may run. What counts is every other job that was started or
 * answered today: a run that failed was a run, and one that goes on after a restart is not another.
 */
export async function quotaHold(
  db: NodeDb,
  { quota }: Policy,
  asked: { readonly job: string; readonly lead: string; readonly now: number },
): Promise<string | undefined> {
  const { perLeadPerDay, perDay } = quota;
  if (perLeadPerDay === undefined && perDay === undefined) return undefined;
  const midnight = Math.floor(asked.now / dayMs) * dayMs;
  const [from, next] = [new Date(midnight).toISOString(), new Date(midnight + dayMs).toISOString()];
  const rows = await db
    .selectFrom('job')
    .leftJoin('released', 'released.job', 'job.job')
    .select(['job.lead', (count) => count.fn.countAll<bigint>().as('runs')])
    .where('job.job', '!=', asked.job)
    .where((where) =>
      where.or([
        where.and([where('job.started_at', '>=', from), where('job.started_at', '<', next)]),
        where.and([where('released.released_at', '>=', from), where('released.released_at', '<', next)]),
      ]),
    )
    .groupBy('job.lead')
    .execute();
  const all = rows.reduce((sum, { runs }) => sum + Number(runs), 0);
  const keys = await leadKeys(db, asked.lead);
  const own = rows.filter(({ lead }) => keys.includes(lead)).reduce((sum, { runs }) => sum + Number(runs), 0);
  const full =
    own >= (perLeadPerDay ?? Number.POSITIVE_INFINITY) || all >= (perDay ?? Number.POSITIVE_INFINITY);
  return full ? next : undefined;
}
