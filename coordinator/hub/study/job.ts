/** What the hub knows of a job: the state its site last reported, and whether the sealed reply is here. */

import { sql } from 'kysely';
import { isLate } from '#protocol/completion.ts';
import { allowedSkewMs } from '#protocol/envelope.ts';
import type { JobState } from '#protocol/frame.ts';
import { claimedPayload } from '#protocol/sign.ts';
import type { HubDb } from '../database.ts';
import type { StudyRow } from './study.ts';

export interface JobRow {
  readonly site: string;
  readonly job: string;
  readonly state: string;
  readonly code: string | null;
  /** Why a person at the hospital refused. */
  readonly reason: string | null;
  /** The site has been revoked; what it answered before stays. */
  readonly left: boolean;
  /** Sealed by its site after the day on which answers count. */
  readonly late: boolean;
  readonly changedAt: string;
  readonly expiresAt: string;
  readonly change: string;
}

const ended: ReadonlySet<string> = new Set(['answered', 'refused', 'failed', 'expired']);

/** Jobs of a version of a study. `connected`: whether a site has a live link. */
export async function jobsOf(
  db: HubDb,
  { study, version, rule, ordered }: StudyRow,
  see: { readonly now: number; readonly connected: (site: string) => boolean },
): Promise<JobRow[]> {
  const rows = await db
    .selectFrom('job')
    .leftJoin('site', 'site.site', 'job.site')
    .leftJoin('reply', 'reply.job', 'job.job')
    .select([
      'job.site',
      'job.job',
      'job.state',
      'job.code',
      'job.reason',
      'job.changed_at',
      'job.expires_at',
      'job.change',
    ])
    .select(['site.state as site_state', 'reply.header'])
    .where('job.study', '=', study)
    .where('job.version', '=', version)
    .orderBy('job.change')
    .execute();
  // A node takes an envelope a little past its time; after that the job will never run, whether or not the site is here.
  const past = new Date(see.now - allowedSkewMs).toISOString();
  return rows.map((row) => {
    const left = row.site_state === 'revoked';
    const state = (): string => {
      if (ended.has(row.state)) return row.state;
      if (left) return 'left';
      if (row.state !== 'waiting') return row.state;
      // While it is paused a job waits at its site for as long as it takes.
      if (row.expires_at < past && ordered !== 'paused') return 'expired';
      return see.connected(row.site) ? 'waiting' : 'offline';
    };
    return {
      site: row.site,
      job: row.job,
      state: state(),
      code: row.code,
      reason: row.reason,
      left,
      late: row.header !== null && isLate(rule, sealedAt(row.header)),
      changedAt: row.changed_at,
      expiresAt: row.expires_at,
      change: String(row.change),
    };
  });
}

/** The header was verified when it was stored (relay/reply.ts): the site signed this instant. */
const sealedAt = (header: string): string => (claimedPayload(header) as { sealedAt: string }).sealedAt;

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
  reason?: string,
) {
  if (state === 'answered') return undefined;
  const row = await db
    .updateTable('job')
    .set({
      state,
      code: code ?? null,
      reason: reason ?? null,
      changed_at: at,
      change: sql<bigint>`nextval('hub.job_change')`,
    })
    .where('job', '=', job)
    .where('site', '=', site)
    .where('state', '!=', 'answered')
    .where((where) =>
      where.or([
        where('state', '!=', state),
        sql<boolean>`code is distinct from ${code ?? null}`,
        sql<boolean>`reason is distinct from ${reason ?? null}`,
      ]),
    )
    .returning('study')
    .executeTakeFirst();
  return row?.study;
}
