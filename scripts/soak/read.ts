/** Reads the databases of all parties from outside, without becoming a user of their servers. */

import pg from 'pg';
import { pgTypes } from '#host/postgres/types.ts';
import type { LedgerEntry } from '#protocol/ledger.ts';
import { claimedPayload } from '#protocol/sign.ts';
import type { Network } from './network.ts';
import { type PartyName, type SiteName, siteNames } from './plan.ts';
import type { SeenHub, SeenSession, SeenSite } from './seen.ts';

type Query = <T extends pg.QueryResultRow>(text: string, values?: unknown[]) => Promise<T[]>;

/** One short session with a party's database; throws where it is away. */
async function withParty<T>(
  network: Network,
  party: PartyName,
  work: (query: Query) => Promise<T>,
): Promise<T> {
  const connectionString = network.address(party);
  if (connectionString === undefined) throw new Error(`${party} has no server`);
  const client = new pg.Client({
    connectionString,
    types: pgTypes,
    connectionTimeoutMillis: 3_000,
    query_timeout: 10_000,
    options: '-c TimeZone=UTC -c DateStyle=ISO,YMD',
    application_name: 'moim-soak',
  });
  client.on('error', () => {});
  try {
    await client.connect();
    return await work(async (text, values) => (await client.query(text, values)).rows);
  } finally {
    await client.end().catch(() => {});
  }
}

export class Reader {
  readonly #network: Network;
  /** Jobs of the replies in a site's outbox, by message: an envelope is opened once. */
  readonly #posted = new Map<string, string>();

  constructor(network: Network) {
    this.#network = network;
  }

  hub(): Promise<SeenHub> {
    return withParty(this.#network, 'hub', async (query) => {
      const studies = await query<{ study: string }>('select study from hub.study');
      const jobs = await query<SeenHub['jobs'][number]>('select job, study, site, state, code from hub.job');
      const replies = await query<{ job: string; header: string }>('select job, header from hub.reply');
      const waiting = await query<{ peer: string }>(
        'select distinct peer from hub.outbox where acked_at is null',
      );
      const witness = await query<{ site: string; n: bigint; hash: string }>(
        'select site, n, hash from hub.witness',
      );
      const standing = await query(
        'select from hub.standing where halted_at is not null or code is not null',
      );
      return {
        halted: standing.length > 0,
        studies: studies.map(({ study }) => study),
        jobs,
        replies: replies.map(({ job, header }) => ({ job, ciphertext: this.#ciphertext(header) })),
        audit: await audit(query, 'hub'),
        witness: witness.map(({ site, n, hash }) => ({ site, n: Number(n), hash })),
        waiting: waiting.map(({ peer }) => peer),
      };
    });
  }

  site(site: SiteName): Promise<SeenSite> {
    return withParty(this.#network, site, async (query) => {
      const jobs = await query<SeenSite['jobs'][number]>('select job, state, code from moim.job');
      const released = await query<SeenSite['released'][number]>(
        'select job, ciphertext_sha256 as ciphertext from moim.released',
      );
      const outbox = await query<{ message: string; acked: boolean }>(
        'select message, acked_at is not null as acked from moim.outbox',
      );
      const fresh = outbox.map(({ message }) => message).filter((message) => !this.#posted.has(message));
      for (const row of await query<{ message: string; envelope: string }>(
        'select message, envelope from moim.outbox where message = any($1)',
        [fresh],
      ))
        this.#posted.set(row.message, jobOf(row.envelope));
      const [inbox] = await query<{ count: string }>(
        'select count(*) as count from moim.inbox where handled_at is null',
      );
      const standing = await query('select from moim.standing where halted_at is not null');
      return {
        halted: standing.length > 0,
        jobs,
        released,
        audit: await audit(query, 'moim'),
        sent: outbox
          .map(({ message, acked }) => ({ job: this.#posted.get(message) ?? '', acked }))
          .filter(({ job }) => job !== ''),
        unhandled: Number(inbox?.count ?? 0),
      };
    });
  }

  /** Which sites have work that has not come to its end; undefined where the hub or a site cannot be read now. */
  async unfinished(): Promise<ReadonlySet<SiteName> | undefined> {
    const open = new Set<SiteName>();
    try {
      await withParty(this.#network, 'hub', async (query) => {
        const rows = await query<{ site: SiteName }>(
          `select site from hub.job where state not in ('answered', 'expired', 'refused', 'failed') union select peer from hub.outbox where acked_at is null`,
        );
        for (const { site } of rows) open.add(site);
      });
    } catch {
      return undefined;
    }
    await Promise.all(
      siteNames.map((site) =>
        withParty(this.#network, site, async (query) => {
          const rows = await query(
            `select from moim.job where state in ('waiting', 'running', 'awaiting-approval') union all select from moim.outbox where acked_at is null
             union all select from moim.inbox where handled_at is null`,
          );
          if (rows.length > 0) open.add(site);
        }).catch(() => void open.add(site)),
      ),
    );
    return open;
  }

  sessions(party: PartyName): Promise<readonly SeenSession[]> {
    return withParty(this.#network, party, async (query) => {
      const rows = await query<{ pid: number; state: string; seconds: string }>(
        `select pid, coalesce(state, '') as state, extract(epoch from now() - coalesce(xact_start, state_change))::text as seconds
         from pg_stat_activity where datname = current_database() and backend_type = 'client backend' and application_name like 'moim-%'
           and application_name <> 'moim-soak'`,
      );
      return rows.map(({ pid, state, seconds }) => ({ party, pid, state, seconds: Number(seconds) }));
    });
  }

  #ciphertext(header: string): string {
    return String((claimedPayload(header) as { ciphertext?: unknown }).ciphertext);
  }
}

async function audit(query: Query, schema: 'hub' | 'moim'): Promise<LedgerEntry[]> {
  const rows = await query<{
    n: bigint;
    at: string;
    kind: string;
    body: Record<string, unknown>;
    previous: string;
    hash: string;
  }>(`select * from ${schema}.audit order by n`);
  return rows.map(({ n, at, kind, body, previous, hash }) => ({
    n: Number(n),
    at,
    kind,
    body,
    previous,
    hash,
  }));
}

/** The job that an envelope of the outbox answers; nothing where it is no reply. */
function jobOf(envelope: string): string {
  const { body } = claimedPayload(envelope) as { body?: { kind?: string; job?: string } };
  return body?.kind === 'reply' ? (body.job ?? '') : '';
}
