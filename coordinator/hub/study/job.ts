/** What the hub knows of a job: the state its site last reported, and whether the sealed reply is here. */

import { sql } from 'kysely';
import { MoimError } from '#protocol/errors.ts';
import type { JobState } from '#protocol/frame.ts';
import type { HubDb } from '../database.ts';

export interface JobRow {
  readonly site: string;
  readonly job: string;
  readonly state: string;
  readonly code: string | null;
  readonly changedAt: string;
  readonly expiresAt: string;
  readonly change: string;
}

/** Jobs of the newest version of a study that changed after `after`. Throws MoimError `not-found` where `sender` did not send it. */
export async function jobsOf(db: HubDb, study: string, sender: string, after = 0n): Promise<JobRow[]> {
  await newestVersion(db, study, sender);
  const rows = await db
    .selectFrom('job')
    .select(['site', 'job', 'state', 'code', 'changed_at', 'expires_at', 'change'])
    .where('study', '=', study)
    .where('change', '>', after)
    .orderBy('change')
    .execute();
  return rows.map((row) => ({
    site: row.site,
    job: row.job,
    state: row.state,
    code: row.code,
    changedAt: row.changed_at,
    expiresAt: row.expires_at,
    change: String(row.change),
  }));
}

/** The study's document, for whoever sent it. */
export async function newestVersion(
  db: HubDb,
  study: string,
  sender: string,
): Promise<{ version: number; jws: string }> {
  const row = await db
    .selectFrom('study')
    .select(['version', 'jws'])
    .where('study', '=', study)
    .where('sender', '=', sender)
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (!row) throw new MoimError('not-found', 'no study of this sender has this id');
  return row;
}

/**
 * Notes a state that a site reported. `answered` is not taken from a report: the reply itself says so. Gives the study the job
 * belongs to where something changed.
 */
export async function noteState(
  db: HubDb,
  site: string,
  job: string,
  state: JobState,
  code: string | undefined,
  at: string,
) {
  if (state === 'answered') return undefined;
  const row = await db
    .updateTable('job')
    .set({ state, code: code ?? null, changed_at: at, change: sql<bigint>`nextval('hub.job_change')` })
    .where('job', '=', job)
    .where('site', '=', site)
    .where('state', '!=', 'answered')
    .where((where) =>
      where.or([where('state', '!=', state), sql<boolean>`code is distinct from ${code ?? null}`]),
    )
    .returning('study')
    .executeTakeFirst();
  return row?.study;
}
