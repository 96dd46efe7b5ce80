/**
 * A whole network in one test process: a hub, hospitals and a lead, each with a home and a database of its own on the tests' server,
 * brought up by the commands of the quick start.
 */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import { runHub } from '#hub/run.ts';
import { runNode } from '#node/run.ts';
import { fingerprint, type PrivateKey, publicOf } from '#protocol/keys.ts';
import { type Ending, testDatabase } from '#test/support/database.ts';
import { temporaryHome } from '#test/support/temporary-home.ts';
import { type CdmShape, fillCdm } from './cohort.ts';
import { type Answer, command, type Environment, type Serving, serving } from './party.ts';

export interface Party extends Serving {
  readonly home: string;
  readonly env: Environment;
  readonly pool: pg.Pool;
}

export interface Site extends Party {
  readonly site: string;
  readonly fingerprint: string;
}

export interface Lead {
  readonly home: string;
  readonly key: string;
  readonly fingerprint: string;
  readonly tokenFile: string;
}

export interface Network {
  readonly hub: Party & { readonly url: string };
  readonly sites: readonly Site[];
  readonly lead: Lead;
}

export interface NetworkOptions {
  readonly sites: Readonly<Record<string, CdmShape>>;
  /** Added to the environment of every party. */
  readonly env?: Environment;
  /** Minimum cell of the hospitals' policies; the default of 5 unless given. */
  readonly minimumCell?: number;
  /** The clock of hub and nodes; the machine's unless given. */
  readonly now?: () => number;
}

/** Opens the network: hub running, sites enrolled, approved, filled, trusting the lead, their nodes not yet started. */
export async function openNetwork(t: Ending, options: NetworkOptions): Promise<Network> {
  const end = backwards(t);
  const hub = await openHub(end, options.env, options.now);
  const lead = await openLead(end, hub);
  const sites: Site[] = [];
  for (const [site, shape] of Object.entries(options.sites)) {
    const opened = await openSite(end, { site, hub, lead, ...options });
    await fillCdm(opened.pool, shape);
    sites.push(opened);
  }
  return { hub, sites, lead };
}

export async function openHub(
  t: Ending,
  env: Environment = {},
  now: () => number = Date.now,
): Promise<Network['hub']> {
  const end = backwards(t);
  const party = await openParty(end, ['hub'], env);
  const life = serving('hub', (needs) => runHub({ home: party.home, env: party.env, now, ...needs }));
  end.after(() => life.stop());
  const { port } = json<{ port: number }>(await command(party.home, party.env, 'hub', 'init', '--json'));
  await life.start();
  return { ...party, ...life, url: `http://127.0.0.1:${port}` };
}

export async function openLead(t: Ending, hub: Party): Promise<Lead> {
  const home = temporaryHome(t);
  const key = join(home, 'lead.json');
  const made = json<{ fingerprint: string }>(
    await command(home, {}, 'key', 'create', '--role', 'lead', '--out', key),
  );
  const tokenFile = join(home, 'token');
  writeFileSync(tokenFile, (await succeed(hub, 'hub', 'token', 'create', '--role', 'lead')).out, {
    mode: 0o600,
  });
  return { home, key, fingerprint: made.fingerprint, tokenFile };
}

export interface SiteOptions {
  readonly site: string;
  readonly hub: Network['hub'];
  readonly lead?: Lead;
  readonly env?: Environment;
  readonly minimumCell?: number;
  readonly approved?: boolean;
  readonly now?: () => number;
}

/** A node enrolled and, unless said otherwise, approved; its CDM is empty and it is not started. */
export async function openSite(t: Ending, options: SiteOptions): Promise<Site> {
  const { site, hub, lead } = options;
  const end = backwards(t);
  const party = await openParty(end, ['cdm', 'moim', 'results'], options.env);
  const { now = Date.now } = options;
  const life = serving('node', (needs) => runNode({ home: party.home, env: party.env, now, ...needs }));
  end.after(() => life.stop());
  await succeed(party, 'node', 'init');
  const token = (await succeed(hub, 'hub', 'token', 'create', '--role', 'site', '--site', site)).out;
  const enrolled = json<{ fingerprints: { site: string } }>(
    await succeed(party, 'node', 'enroll', '--hub', hub.url, '--token', token, '--json'),
  );
  const fingerprint = enrolled.fingerprints.site;
  if (options.approved !== false) await succeed(hub, 'hub', 'approve', fingerprint);
  if (lead) {
    await succeed(
      party,
      'node',
      'trust',
      'lead',
      lead.key,
      '--fingerprint',
      lead.fingerprint,
      '--entity',
      'Test lead',
    );
  }
  if (options.minimumCell !== undefined) await applyPolicy(party, { minimumCell: options.minimumCell });
  return { ...party, ...life, site, fingerprint };
}

/** A node with its keys, policy and empty CDM, that knows no hub yet: a test pins one of its own. */
export async function openStandalone(t: Ending, site: string, env?: Environment): Promise<Site> {
  const end = backwards(t);
  const party = await openParty(end, ['cdm', 'moim', 'results'], env);
  const life = serving('node', (needs) => runNode({ home: party.home, env: party.env, ...needs }));
  end.after(() => life.stop());
  const { fingerprint } = json<{ fingerprint: string }>(await succeed(party, 'node', 'init', '--json'));
  return { ...party, ...life, site, fingerprint };
}

/** Accepts a lead at a hospital by its key alone. */
export async function trustLead(site: Pick<Site, 'home' | 'env'>, key: PrivateKey): Promise<void> {
  const file = join(site.home, 'lead.json');
  writeFileSync(
    file,
    JSON.stringify({ role: 'lead', fingerprint: fingerprint(publicOf(key)), key: publicOf(key) }),
  );
  await succeed(
    site,
    'node',
    'trust',
    'lead',
    file,
    '--fingerprint',
    fingerprint(publicOf(key)),
    '--entity',
    'Test lead',
  );
}

export async function applyPolicy(
  party: Pick<Party, 'home' | 'env'>,
  { minimumCell, showZero = true }: { readonly minimumCell: number; readonly showZero?: boolean },
): Promise<void> {
  const file = join(party.home, 'policy.toml');
  writeFileSync(file, `minimumCell = ${minimumCell}\nshowZero = ${showZero}\nanalyses = ["count"]\n`);
  await succeed(party, 'node', 'policy', 'apply', file);
}

async function openParty(
  t: Ending,
  streams: readonly ('hub' | 'cdm' | 'moim' | 'results')[],
  env: Environment = {},
) {
  const home = temporaryHome(t);
  const { url, pool } = await testDatabase(t, { streams });
  return { home, pool, env: { ...env, MOIM_DATABASE_URL: url } };
}

/** Hooks in the reverse of the order they were made in: what serves is stopped before its database goes. */
export function backwards(t: Ending): Ending {
  const works: (() => Promise<void>)[] = [];
  t.after(async () => {
    for (const work of works.reverse()) await work();
  });
  return { after: (work) => void works.push(work) };
}

/** Runs a command of a party that must succeed. */
export async function succeed(
  party: { readonly home: string; readonly env?: Environment },
  noun: Parameters<typeof command>[2],
  ...words: readonly string[]
): Promise<Answer> {
  const answer = await command(party.home, party.env ?? {}, noun, ...words);
  assert.equal(answer.code, 0, `${noun} ${words.join(' ')}: ${answer.err}`);
  return answer;
}

/** The one JSON document of an answer. */
export const json = <T>(answer: Answer): T => JSON.parse(answer.out) as T;

/** Rows of a query, as the tests' pools give them. */
export async function rowsOf<Row extends pg.QueryResultRow>(
  pool: pg.Pool,
  sql: string,
  values: unknown[] = [],
): Promise<Row[]> {
  return (await pool.query<Row>(sql, values)).rows;
}

/** That a job was answered once and only once: one answer kept, one entry in the audit log, one envelope sent, one reply at the hub. */
export async function assertAnsweredOnce(
  network: Pick<Network, 'hub'>,
  site: Site,
  job: string,
): Promise<void> {
  const [left] = await rowsOf<{ released: number; entries: number; sent: number }>(
    site.pool,
    `select (select count(*) from moim.released where job = $1)::int as released,
       (select count(*) from moim.audit where kind = 'job-answered' and body->>'job' = $1::text)::int as entries,
       (select count(*) from moim.outbox)::int as sent`,
    [job],
  );
  assert.equal(left?.released, 1, `${site.site}: one answer is kept`);
  assert.equal(left?.entries, 1, `${site.site}: one audit entry job-answered`);
  const [there] = await rowsOf<{ replies: number; entries: number }>(
    network.hub.pool,
    `select (select count(*) from hub.reply where job = $1)::int as replies,
       (select count(*) from hub.audit where kind = 'reply-stored' and body->>'job' = $1::text)::int as entries`,
    [job],
  );
  assert.deepEqual(there, { replies: 1, entries: 1 }, `${site.site}: the hub holds one reply`);
}

/** That every audit chain of the network verifies. */
export async function assertChainsVerify(network: Network): Promise<void> {
  assert.match((await succeed(network.hub, 'hubAudit', 'verify')).out, /^ok \d+ entries, head [0-9a-f]{64}$/);
  for (const site of network.sites) {
    assert.match(
      (await succeed(site, 'nodeAudit', 'verify')).out,
      /^ok \d+ entries, head [0-9a-f]{64}$/,
      site.site,
    );
  }
}
