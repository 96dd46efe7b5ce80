/** The studies as the hub's operator may see them: titles and states; what is asked stays between lead and hospitals. */

import { claimedPayload } from '#protocol/sign.ts';
import type { Study } from '#protocol/study.ts';
import type { HubDb } from '../database.ts';

export interface StudyOverview {
  readonly study: string;
  readonly version: number;
  readonly title: string;
  /** Fingerprint of the lead's key. */
  readonly lead: string;
  readonly state: string;
  readonly receivedAt: string;
  readonly sites: readonly { readonly site: string; readonly state: string; readonly code: string | null }[];
}

/** The newest version of each study after the id `after`, in the order of their ids, which is the order of their making. */
export async function listStudies(
  db: HubDb,
  after: string | undefined,
  limit: number,
): Promise<StudyOverview[]> {
  const rows = await db
    .selectFrom('study')
    .distinctOn('study')
    .select(['study', 'version', 'lead', 'state', 'received_at', 'jws'])
    .$if(after !== undefined, (query) => query.where('study', '>', after ?? ''))
    .orderBy('study')
    .orderBy('version', 'desc')
    .limit(limit)
    .execute();
  if (rows.length === 0) return [];
  const jobs = await db
    .selectFrom('job')
    .select(['study', 'version', 'site', 'state', 'code'])
    .where(
      'study',
      'in',
      rows.map(({ study }) => study),
    )
    .orderBy('site')
    .execute();
  return rows.map((row) => ({
    study: row.study,
    version: row.version,
    // Its signature and form were verified when it was accepted.
    title: (claimedPayload(row.jws) as Study).title,
    lead: row.lead,
    state: row.state,
    receivedAt: row.received_at,
    sites: jobs
      .filter(({ study, version }) => study === row.study && version === row.version)
      .map(({ site, state, code }) => ({ site, state, code })),
  }));
}
