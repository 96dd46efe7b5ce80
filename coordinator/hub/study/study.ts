/** A version of a study as the hub holds it, and the state it is in: what the lead's orders say, what its jobs, its rule and the day make of it. */

import { type CompletionRule, isComplete } from '#protocol/completion.ts';
import { MoimError } from '#protocol/errors.ts';
import { claimedPayload } from '#protocol/sign.ts';
import type { Study } from '#protocol/study.ts';
import type { HubDb } from '../database.ts';
import type { JobRow } from './job.ts';

export interface StudyRow {
  readonly study: string;
  readonly version: number;
  readonly hash: string;
  /** Fingerprint of the lead who signed it. */
  readonly lead: string;
  readonly ordered: 'open' | 'paused' | 'withdrawn';
  readonly rule: CompletionRule;
  /** Its last day. */
  readonly ends: string;
}

export type StudyState = 'open' | 'paused' | 'complete' | 'closed' | 'withdrawn';

/** What a lead is told of a study beside its jobs. */
export interface StudyStanding {
  readonly study: string;
  readonly version: number;
  readonly hash: string;
  readonly state: StudyState;
  /** Every version that is here, oldest first. */
  readonly versions: readonly number[];
  /** The newest order that is here, as the lead signed it. */
  readonly order: string | null;
}

/** A version of a study, the newest unless said otherwise. Throws MoimError `not-found` where `sender` did not send it. */
export async function findStudy(
  db: HubDb,
  study: string,
  sender: string,
  version?: number,
): Promise<StudyRow> {
  const row = await db
    .selectFrom('study')
    .select(['version', 'study_hash', 'lead', 'state', 'completion', 'ends'])
    .where('study', '=', study)
    .where('sender', '=', sender)
    .$if(version !== undefined, (query) => query.where('version', '=', version ?? 0))
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (!row) throw new MoimError('not-found', 'no study of this sender has this id and version');
  const known = row.ends === null ? await signedRule(db, study, row.version) : undefined;
  return {
    study,
    version: row.version,
    hash: row.study_hash,
    lead: row.lead,
    ordered: row.state,
    rule: known?.completion ?? (row.completion as CompletionRule),
    ends: known?.end ?? row.ends ?? '',
  };
}

export async function standingOfStudy(
  db: HubDb,
  row: StudyRow,
  jobs: readonly JobRow[],
  now: number,
): Promise<StudyStanding> {
  const { study } = row;
  const versions = await db
    .selectFrom('study')
    .select('version')
    .where('study', '=', study)
    .orderBy('version')
    .execute();
  const order = await db
    .selectFrom('study_order')
    .select('jws')
    .where('study', '=', study)
    .orderBy('n', 'desc')
    .limit(1)
    .executeTakeFirst();
  return {
    study,
    version: row.version,
    hash: row.hash,
    state: stateOf(row, jobs, now),
    versions: versions.map(({ version }) => version),
    order: order?.jws ?? null,
  };
}

/** Withdrawn says most; a pause says more than a pool that others may still add to; an end more than neither. */
function stateOf({ ordered, rule, ends }: StudyRow, jobs: readonly JobRow[], now: number): StudyState {
  if (ordered === 'withdrawn') return 'withdrawn';
  const answered = jobs.filter(({ state }) => state === 'answered');
  const inTime = answered.filter(({ late }) => !late).length;
  const complete = isComplete(rule, { sites: jobs.length, inTime }, now);
  const over = new Date(now).toISOString().slice(0, 10) > ends;
  if (ordered === 'paused' && !over && answered.length < jobs.length) return 'paused';
  if (complete) return 'complete';
  return over ? 'closed' : 'open';
}

/** Of a study that came before its rule was kept beside it. */
async function signedRule(db: HubDb, study: string, version: number) {
  const { jws } = await db
    .selectFrom('study')
    .select('jws')
    .where('study', '=', study)
    .where('version', '=', version)
    .executeTakeFirstOrThrow();
  const { completion, end } = claimedPayload(jws) as Pick<Study, 'completion' | 'end'>;
  return { completion, end };
}
