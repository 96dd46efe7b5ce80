/**
 * What the hub counts for its operator's monitoring: links, deliveries, outbox, states. Label values are states, error codes, route
 * templates and site slugs; a study's id, title or lead is nowhere.
 */

import { sql } from 'kysely';
import { type Readiness, readiness } from '#host/health.ts';
import { ageSeconds, backupAge, byCode, byState, deliveries, type Fact, one } from '#host/metrics.ts';
import type { HubDb } from './database.ts';
import type { Links } from './link/server.ts';
import { readHubStanding } from './relay/standing.ts';

export interface HubFactsDeps {
  readonly db: HubDb;
  readonly links: Pick<Links, 'count' | 'unproved' | 'connected'>;
  readonly now: () => number;
  /** When the last backup was made. */
  readonly lastBackup: () => string | undefined;
}

/** Ready where the database answers and no person is asked for. */
export const hubReadiness = (db: HubDb): Promise<Readiness> =>
  readiness({
    halted: async () => {
      const { haltedAt, code } = await readHubStanding(db);
      if (haltedAt === null) return undefined;
      return code === 'restored' ? code : 'set-back';
    },
  });

/** Beyond this many sites only the totals are given: a page of ten thousand lines helps nobody. */
const mostNamedSites = 2_000;

/** Never throws: without its database the hub still says that it has none. */
export async function hubFacts(deps: HubFactsDeps): Promise<readonly Fact[]> {
  const live: Fact[] = [
    one('moim_hub_links_up', 'Sites with a live link.', deps.links.count()),
    one('moim_hub_sockets_unproved', 'Sockets that have not proved a key yet.', deps.links.unproved()),
    ...backupAge('moim_hub_backup_age_seconds', deps.lastBackup(), deps.now()),
  ];
  try {
    const kept = await keptFacts(deps);
    return [...live, ...kept, one('moim_hub_database_up', 'Whether the database answers.', 1)];
  } catch {
    return [...live, one('moim_hub_database_up', 'Whether the database answers.', 0)];
  }
}

async function keptFacts({ db, links, now }: HubFactsDeps): Promise<Fact[]> {
  const { rows } = await sql<Kept>`select
      (select count(*)::int from hub.outbox where acked_at is null) as outbox,
      (select coalesce(sum(seq), 0)::float8 from hub.peer_position where direction = 'out') as numbered,
      (select coalesce(sum(seq), 0)::float8 from hub.peer_position where direction = 'in') as taken,
      (select min(created_at) from hub.outbox where acked_at is null) as oldest,
      (select count(*)::int from hub.reply) as replies,
      (select coalesce(max(n), 0)::int from hub.audit) as audit`.execute(db);
  const kept = rows[0] as Kept;
  const standing = await readHubStanding(db);
  const sites = await db.selectFrom('site').select(['site', 'state']).orderBy('site').execute();
  const approved = sites.filter(({ state }) => state === 'approved');
  const studies = await sql<{ state: string; n: number }>`select state, count(*)::int as n from (
      select distinct on (study) state from hub.study order by study, version desc) s group by 1`.execute(db);
  const jobs = await db
    .selectFrom('job')
    .select(['state', 'code', sql<number>`count(*)::int`.as('n')])
    .groupBy(['state', 'code'])
    .execute();
  return [
    deliveries('moim_hub_deliveries', kept),
    one('moim_hub_outbox_messages', 'Envelopes that no node has acknowledged yet.', kept.outbox),
    one(
      'moim_hub_outbox_oldest_seconds',
      'Age of the oldest envelope that no node has acknowledged.',
      ageSeconds(kept.oldest, now()),
    ),
    one('moim_hub_replies_stored', 'Sealed replies kept.', kept.replies),
    one('moim_hub_audit_entries', 'Entries of the audit log.', kept.audit),
    one(
      'moim_hub_halted',
      'Whether the hub stands still: it was restored, and a person has to open a new epoch.',
      standing.haltedAt === null ? 0 : 1,
    ),
    one(
      'moim_hub_sites_ahead',
      'Sites that hold more than this hub remembers having sent: it was set back.',
      Object.keys(standing.seen).length,
    ),
    {
      name: 'moim_hub_sites',
      help: 'Sites by state.',
      labels: ['state'],
      samples: byState(
        siteStates,
        sites.map(({ state }) => ({ state, n: 1 })),
      ),
    },
    {
      name: 'moim_hub_link_up',
      help: 'Whether an approved site has a live link.',
      labels: ['site'],
      samples:
        approved.length > mostNamedSites
          ? []
          : approved.map(({ site }) => ({ labels: { site }, value: links.connected(site) ? 1 : 0 })),
    },
    {
      name: 'moim_hub_studies',
      help: 'Studies by the state of their newest version.',
      labels: ['state'],
      samples: byState(studyStates, studies.rows),
    },
    {
      name: 'moim_hub_jobs',
      help: 'Jobs by state.',
      labels: ['state'],
      samples: byState(jobStates, jobs),
    },
    {
      name: 'moim_hub_jobs_refused',
      help: 'Jobs that sites refused or failed, by coarse code.',
      labels: ['code'],
      samples: byCode(jobs),
    },
  ];
}

interface Kept {
  readonly outbox: number;
  readonly numbered: number;
  readonly taken: number;
  readonly oldest: string | null;
  readonly replies: number;
  readonly audit: number;
}

const siteStates = ['pending', 'approved', 'revoked'];
const studyStates = ['open', 'paused', 'complete', 'closed', 'withdrawn'];
const jobStates = [
  'waiting',
  'awaiting-approval',
  'running',
  'answered',
  'refused',
  'failed',
  'expired',
  'left',
];
