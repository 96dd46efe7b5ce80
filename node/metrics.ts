/**
 * What a node counts for the hospital's own monitoring: its link, its queue, its outbox. It stays on the node's own page. No figure of
 * the CDM, no cohort, no study and no lead stands in it.
 */

import { sql } from 'kysely';
import type { Pool } from 'pg';
import { ageSeconds, backupAge, byCode, byState, deliveries, type Fact, one } from '#host/metrics.ts';
import { quoteName } from '#sql/cdm/ddl.ts';
import type { NodeDb } from './database.ts';

export interface NodeFactsDeps {
  readonly db: NodeDb;
  readonly cdm: Pool;
  readonly cdmSchema: string;
  /** Of an attached CDM the node does not know when it was filled. */
  readonly attached: boolean;
  readonly linkUp: () => boolean;
  /** When the last backup was made. */
  readonly lastBackup: () => string | undefined;
  readonly now: () => number;
}

/** Never throws: without its database the node still says that it has none. */
export async function nodeFacts(deps: NodeFactsDeps): Promise<readonly Fact[]> {
  const link = [
    one('moim_node_link_up', 'Whether the link to the hub is up.', deps.linkUp() ? 1 : 0),
    ...backupAge('moim_node_backup_age_seconds', deps.lastBackup(), deps.now()),
  ];
  try {
    const kept = [...(await keptFacts(deps)), ...(await dataAge(deps))];
    return [...link, ...kept, one('moim_node_database_up', 'Whether the database answers.', 1)];
  } catch {
    return [...link, one('moim_node_database_up', 'Whether the database answers.', 0)];
  }
}

async function keptFacts({ db, now }: NodeFactsDeps): Promise<Fact[]> {
  const { rows } = await sql<Kept>`select
      (select count(*)::int from moim.outbox where acked_at is null) as outbox,
      (select coalesce(sum(seq), 0)::float8 from moim.peer_position where direction = 'out') as numbered,
      (select coalesce(sum(seq), 0)::float8 from moim.peer_position where direction = 'in') as taken,
      (select min(created_at) from moim.outbox where acked_at is null) as "outboxOldest",
      (select min(received_at) from moim.job where state in ('waiting', 'running')) as "jobOldest",
      (select min(received_at) from moim.job where state = 'awaiting-approval') as "approvalOldest",
      (select count(*)::int from moim.released) as released,
      (select coalesce(max(n), 0)::int from moim.audit) as audit,
      (select max(received_at) from moim.witness) as witnessed,
      (select count(*)::int from moim.standing where halted_at is not null or code = 'restored') as halted`.execute(
    db,
  );
  const kept = rows[0] as Kept;
  const jobs = await db
    .selectFrom('job')
    .select(['state', 'code', sql<number>`count(*)::int`.as('n')])
    .groupBy(['state', 'code'])
    .execute();
  const at = now();
  return [
    { name: 'moim_node_jobs', help: 'Jobs by state.', labels: ['state'], samples: byState(jobStates, jobs) },
    one(
      'moim_node_approvals_waiting',
      'Jobs that wait for a person’s approval.',
      jobs.filter(({ state }) => state === 'awaiting-approval').reduce((sum, { n }) => sum + n, 0),
    ),
    one(
      'moim_node_approval_oldest_seconds',
      'How long the oldest of them has waited.',
      ageSeconds(kept.approvalOldest, at),
    ),
    {
      name: 'moim_node_jobs_refused',
      help: 'Jobs refused or failed here, by the coarse code that left.',
      labels: ['code'],
      samples: byCode(jobs),
    },
    one(
      'moim_node_queue_oldest_seconds',
      'Age of the oldest job that waits or runs.',
      ageSeconds(kept.jobOldest, at),
    ),
    deliveries('moim_node_deliveries', kept),
    one('moim_node_outbox_messages', 'Envelopes that the hub has not acknowledged yet.', kept.outbox),
    one(
      'moim_node_outbox_oldest_seconds',
      'Age of the oldest envelope that the hub has not acknowledged.',
      ageSeconds(kept.outboxOldest, at),
    ),
    one('moim_node_answers_released', 'Answers that left.', kept.released),
    one('moim_node_audit_entries', 'Entries of the audit log.', kept.audit),
    ...(kept.witnessed === null
      ? []
      : [
          one(
            'moim_node_witness_age_seconds',
            'Age of the hub’s newest countersignature of the audit log.',
            ageSeconds(kept.witnessed, at),
          ),
        ]),
    one(
      'moim_node_halted',
      'Whether the node stands still: it was set back, or restored and not yet confirmed by a person.',
      kept.halted,
    ),
  ];
}

/** How old the data are: since the last table of an owned CDM was filled. */
async function dataAge({ cdm, cdmSchema, attached, now }: NodeFactsDeps): Promise<Fact[]> {
  if (attached) return [];
  const { rows } = await cdm.query<{ at: string | null }>(
    `select max(filled_at) as at from ${quoteName(cdmSchema)}.moim_cdm_version`,
  );
  const at = rows[0]?.at;
  if (!at) return [];
  return [
    one('moim_node_data_age_seconds', 'Since the data of the CDM were last loaded.', ageSeconds(at, now())),
  ];
}

interface Kept {
  readonly outbox: number;
  readonly numbered: number;
  readonly taken: number;
  readonly outboxOldest: string | null;
  readonly jobOldest: string | null;
  readonly approvalOldest: string | null;
  readonly released: number;
  readonly audit: number;
  readonly witnessed: string | null;
  readonly halted: number;
}

const jobStates = ['waiting', 'awaiting-approval', 'running', 'answered', 'refused', 'failed', 'expired'];
