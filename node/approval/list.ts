/** What waits for persons, as they need it to decide. */

import { analysisInWords } from '#protocol/analysis.ts';
import type { Study } from '#protocol/study.ts';
import { cohortInWords } from '#protocol/study-cohort.ts';
import { studyDiff } from '#protocol/study-diff.ts';
import type { NodeDb } from '../database.ts';
import { leadEntity } from '../job/lead.ts';
import { personsNeeded } from '../policy/policy.ts';
import { currentPolicy } from '../policy/store.ts';
import { plain } from './plain.ts';
import { type HoldCode, holdWords, standingOf } from './standing.ts';
import { studyOf } from './waiting-job.ts';

export interface PendingApproval {
  readonly job: string;
  readonly study: string;
  readonly version: number;
  readonly title: string;
  readonly purpose: string;
  readonly sponsor: string;
  readonly ethicsReference: string;
  readonly legalBasis: string | null;
  readonly contact: string | null;
  readonly funding: string | null;
  readonly end: string;
  readonly lead: { readonly fingerprint: string; readonly entity: string | null };
  readonly analyses: readonly string[];
  readonly cohorts: readonly string[];
  /** What has to be approved: that it runs, or the very figures that leave. */
  readonly kind: 'run' | 'release';
  readonly code: string | null;
  readonly have: readonly string[];
  readonly need: number;
  readonly receivedAt: string;
  /** Of an amended study: what changed since the version that was permitted here before. */
  readonly changes: readonly string[] | null;
}

export async function pendingApprovals(db: NodeDb, now: number): Promise<PendingApproval[]> {
  const rows = await db
    .selectFrom('job')
    .selectAll()
    .where('state', '=', 'awaiting-approval')
    .orderBy('received_at')
    .execute();
  const policy = await currentPolicy(db);
  const pending: PendingApproval[] = [];
  for (const row of rows) {
    const signed = await studyOf(db, row);
    if (!signed || !policy) continue;
    const { study } = signed;
    const standing = await standingOf(db, { job: row.job, studyHash: row.study_hash, policy, now });
    pending.push({
      job: row.job,
      study: row.study,
      version: row.version,
      ...wordsOf(study),
      end: study.end,
      lead: { fingerprint: row.lead, entity: (await leadEntity(db, row.lead)) ?? null },
      analyses: study.analyses.map(analysisInWords),
      kind: policy.policy.release === 'reviewed' ? 'release' : 'run',
      // What shows without looking at the data is told as it stands now.
      code: standing.kind === 'held' && changing.has(standing.code) ? standing.code : row.code,
      have: standing.kind === 'held' ? standing.have : standing.by,
      need: personsNeeded(policy.policy),
      receivedAt: row.received_at,
      changes: await changesOf(db, row, study),
    });
  }
  return pending;
}

const changing: ReadonlySet<HoldCode> = new Set(['policy-changed', 'approval-expired', 'approval-used-up']);

/** The lead's words, made safe to print. */
function wordsOf(study: Study) {
  const { title, purpose, sponsor, ethicsReference, legalBasis, contact, funding, cohorts, pinned } = study;
  return {
    title: plain(title, 300),
    purpose: plain(purpose, 4000),
    sponsor: plain(sponsor, 300),
    ethicsReference: plain(ethicsReference, 300),
    legalBasis: legalBasis === undefined ? null : plain(legalBasis, 300),
    contact: contact === undefined ? null : plain(contact, 300),
    funding: funding === undefined ? null : plain(funding, 300),
    cohorts: cohorts.map((cohort) => plain(cohortInWords(cohort, pinned), 2000)),
  };
}

async function changesOf(
  db: NodeDb,
  row: { readonly study: string; readonly lead: string; readonly version: number },
  study: Study,
): Promise<string[] | null> {
  const before = await db
    .selectFrom('job')
    .select(['envelope', 'lead'])
    .where('study', '=', row.study)
    .where('lead', '=', row.lead)
    .where('version', '<', row.version)
    .where('envelope', '!=', '')
    // The newest that left something, or that somebody approved; else the newest there was.
    .orderBy((order) =>
      order
        .case()
        .when('state', '=', 'answered')
        .then(0)
        .when(
          order.exists(order.selectFrom('approval').select('id').whereRef('approval.job', '=', 'job.job')),
        )
        .then(0)
        .else(1)
        .end(),
    )
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst();
  const permitted = before && (await studyOf(db, before));
  return permitted ? studyDiff(permitted.study, study) : null;
}

export function pendingInWords(pending: PendingApproval): string[] {
  const { job, title, version, lead, kind, code, have, need, changes } = pending;
  const why = code !== null && Object.hasOwn(holdWords, code) ? holdWords[code as HoldCode] : null;
  const line = (name: string, text: string | null) => (text ? [`  ${name.padEnd(14)}${text}`] : []);
  return [
    `Job ${job}`,
    ...line('study', `"${title}", version ${version} (${pending.study})`),
    ...line('purpose', pending.purpose),
    ...line('lead', `${lead.entity ?? 'accepted no more'}, ${lead.fingerprint}`),
    ...line('sponsor', pending.sponsor),
    ...line('ethics', pending.ethicsReference),
    ...line('legal basis', pending.legalBasis),
    ...line('contact', pending.contact),
    ...line('funding', pending.funding),
    ...line('last day', pending.end),
    ...line('analyses', pending.analyses.join(', ')),
    ...line('cohorts', pending.cohorts.join(', ')),
    ...line(
      'needs',
      `${have.length} of ${need} to approve ${kind === 'run' ? 'the run' : 'what leaves'}${have.length > 0 ? ` (so far ${have.join(', ')})` : ''}`,
    ),
    ...line('because', why),
    ...(changes === null
      ? []
      : ['  changed since the version permitted before:', ...changes.map((change) => `    ${change}`)]),
  ];
}
