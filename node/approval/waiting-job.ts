/** A job as commands about it take it up: its row, locked where the caller's transaction decides on it, and the study it carries. */

import { claimedBody } from '#protocol/envelope.ts';
import { MoimError } from '#protocol/errors.ts';
import { openStudy, type SignedStudy } from '#protocol/study.ts';
import type { NodeDb } from '../database.ts';
import { acceptedLead } from '../job/lead.ts';

/** States in which persons may still decide. */
export const undecided: readonly string[] = ['waiting', 'awaiting-approval', 'running'];

export interface WaitingJob {
  readonly job: string;
  readonly study: string;
  readonly version: number;
  readonly studyHash: string;
  readonly lead: string;
  readonly state: string;
  readonly code: string | null;
  readonly envelope: string;
  readonly receivedAt: string;
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Throws MoimError `not-found`, or `job-settled` where nothing can be decided any more. */
export async function waitingJob(db: NodeDb, job: string, lock = false): Promise<WaitingJob> {
  const query = db.selectFrom('job').selectAll().where('job', '=', job);
  const row = uuid.test(job) ? await (lock ? query.forUpdate() : query).executeTakeFirst() : undefined;
  if (!row) throw new MoimError('not-found', 'no job here has this id');
  if (!undecided.includes(row.state)) throw new MoimError('job-settled', `the job is ${row.state} already`);
  const { study, version, study_hash, lead, state, code, envelope, received_at } = row;
  return { job, study, version, studyHash: study_hash, lead, state, code, envelope, receivedAt: received_at };
}

/** The signed study of an envelope that was verified when it came; undefined where its lead is accepted no more. */
export async function studyOf(
  db: NodeDb,
  { envelope, lead }: { readonly envelope: string; readonly lead: string },
): Promise<SignedStudy | undefined> {
  const key = await acceptedLead(db, lead);
  const body = claimedBody(envelope);
  return key && body.kind === 'job' ? openStudy(body.study, key) : undefined;
}
