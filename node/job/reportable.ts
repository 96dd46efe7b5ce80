/** The states of jobs that the hub may not know yet: told when a link comes up, and in every file that is carried out. */

import type { JobState, RefusalReason } from '#protocol/frame.ts';
import type { NodeDb } from '../database.ts';
import { toldCode } from './state.ts';

export interface ReportedState {
  readonly job: string;
  readonly state: JobState;
  readonly code?: string | undefined;
  readonly reason?: RefusalReason | undefined;
}

/** The newest ones. */
const most = 1000;

export async function reportableStates(db: NodeDb): Promise<ReportedState[]> {
  const rows = await db
    .selectFrom('job')
    .select(['job', 'state', 'code', 'reason'])
    .orderBy('changed_at', 'desc')
    .limit(most)
    .execute();
  return rows.map(({ job, state, code, reason }) => ({
    job,
    state,
    code: toldCode(code),
    reason: (reason ?? undefined) as RefusalReason | undefined,
  }));
}
