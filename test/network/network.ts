/**
 * A whole network in one test process: a hub, hospitals and a lead, each with a home and a database of its own on the tests' server,
 * brought up by the commands of the quick start.
 */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import { runHub } from '#hub/run.ts';
import type { PooledResult } from '#lead/pool.ts';
import { runNode } from '#node/run.ts';
import type { StudyDraft } from '#protocol/study.ts';
import { type Ending, testDatabase } from '#test/support/database.ts';
import { temporaryHome } from '#test/support/temporary-home.ts';
import { type CdmShape, definition, fillCdm } from './cohort.ts';
import { type Answer, command, type Environment, type Serving, serving, until } from './party.ts';

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

export interface SentStudy {
  readonly id: string;
  readonly file: string;
  /** Site → job. */
  readonly jobs: Readonly<Record<string, string>>;
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
}

/** Opens the network: hub running, sites enrolled, approved, filled, trusting the lead, their nodes not yet started. */
export async function openNetwork(t: Ending, options: NetworkOptions): Promise<Network> {
  const hub = await openHub(t, options.env);
  const lead = await openLead(t, hub);
  const sites: Site[] = [];
  for (const [site, shape] of Object.entries(options.sites)) {
    const opened = await openSite(t, { site, hub, lead, ...options });
    await fillCdm(opened.pool, shape);
    sites.push(opened);
  }
  return { hub, sites, lead };
}

export async function openHub(t: Ending, env: Environment = {}): Promise<Network['hub']> {
  const party = await openParty(t, ['hub'], env);
  const life = serving('hub', (needs) => runHub({ home: party.home, env: party.env, ...needs }));
  t.after(() => life.stop());
  const { port } = json<{ port: number }>(await command(party.home, party.env, 'hub', 'init', '--json'));
  await life.start();
  return { ...party, ...life, url: `http://127.0.0.1:${port}` };
}

export async function openLead(t: Ending, hub: Party): Promise<Lead> {
  const home = temporaryHome(t);
  const key = join(home, 'lead.json');
  const made = json<{ fingerprint: string }>(await command(home, {}, 'key', 'create', '--role', 'lead', '--out', key));
  const tokenFile = join(home, 'token');
  writeFileSync(tokenFile, (await succeed(hub, 'hub', 'token', 'create', '--role', 'lead')).out, { mode: 0o600 });
  return { home, key, fingerprint: made.fingerprint, tokenFile };
}

export interface SiteOptions {
  readonly site: string;
  readonly hub: Network['hub'];
  readonly lead?: Lead;
  readonly env?: Environment;
  readonly minimumCell?: number;
  readonly approved?: boolean;
}

/** A node enrolled and, unless said otherwise, approved; its CDM is empty and it is not started. */
export async function openSite(t: Ending, options: SiteOptions): Promise<Site> {
  const { site, hub, lead } = options;
  const party = await openParty(t, ['cdm', 'moim', 'results'], options.env);
  const life = serving('node', (needs) => runNode({ home: party.home, env: party.env, ...needs }));
  t.after(() => life.stop());
  await succeed(party, 'node', 'init');
  const token = (await succeed(hub, 'hub', 'token', 'create', '--role', 'site', '--site', site)).out;
  const enrolled = json<{ fingerprints: { site: string } }>(
    await succeed(party, 'node', 'enroll', '--hub', hub.url, '--token', token, '--json'),
  );
  const fingerprint = enrolled.fingerprints.site;
  if (options.approved !== false) await succeed(hub, 'hub', 'approve', fingerprint);
  if (lead) {
    await succeed(party, 'node', 'trust', 'lead', lead.key, '--fingerprint', lead.fingerprint, '--entity', 'Test lead');
  }
  if (options.minimumCell !== undefined) await applyPolicy(party, { minimumCell: options.minimumCell });
  return { ...party, ...life, site, fingerprint };
}

export async function applyPolicy(
  party: Pick<Party, 'home' | 'env'>,
  { minimumCell, showZero = true }: { readonly minimumCell: number; readonly showZero?: boolean },
): Promise<void> {
  const file = join(party.home, 'policy.toml');
  writeFileSync(file, `minimumCell = ${minimumCell}\nshowZero = ${showZero}\nanalyses = ["count"]\n`);
  await succeed(party, 'node', 'policy', 'apply', file);
}

async function openParty(t: Ending, streams: readonly ('hub' | 'cdm' | 'moim' | 'results')[], env: Environment = {}) {
  const home = temporaryHome(t);
  // What serves is stopped before its database goes: hooks run in the order they were made.
  const { url, pool } = await testDatabase({ after: (work) => late(t, work) }, { streams });
  return { home, pool, env: { ...env, MOIM_DATABASE_URL: url } };
}

/** Lets a hook run after those that are made later in the same tick chain: it waits for the end of all others. */
function late(t: Ending, work: () => Promise<void>): void {
  endings(t).push(work);
}

const lists = new WeakMap<object, (() => Promise<void>)[]>();

function endings(t: Ending): (() => Promise<void>)[] {
  const known = lists.get(t);
  if (known) return known;
  const list: (() => Promise<void>)[] = [];
  lists.set(t, list);
  return list;
}
