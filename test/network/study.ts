/** What a lead does with the network: write, sign and send a study, watch it, read its result. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PooledResult } from '#lead/pool.ts';
import type { StudyDraft } from '#protocol/study.ts';
import { definition } from './cohort.ts';
import { json, type Lead, type Network, succeed } from './network.ts';
import { command, until } from './party.ts';

type Named = { readonly site: string; readonly fingerprint: string };

export interface SentStudy {
  readonly id: string;
  readonly file: string;
  /** Site → job. */
  readonly jobs: Readonly<Record<string, string>>;
}

export interface StudyOptions {
  readonly minimumCell?: number;
  readonly definition?: object;
  /** In place of the one cohort. */
  readonly cohorts?: StudyDraft['cohorts'];
  readonly concepts?: StudyDraft['pinned'];
  readonly completion?: StudyDraft['completion'];
  readonly title?: string;
  readonly analyses?: StudyDraft['analyses'];
  /** Whether the sites' fingerprints are pinned in the study; they are unless said otherwise. */
  readonly pinned?: boolean;
}

export function draftOf(sites: readonly Named[], options: StudyOptions = {}): StudyDraft {
  const day = (years: number) =>
    new Date(Date.now() + (years * 365 - 1) * 86_400_000).toISOString().slice(0, 10);
  return {
    title: options.title ?? 'How many?',
    purpose: 'A test of the network.',
    sponsor: 'Nobody',
    ethicsReference: 'none',
    start: day(0),
    end: day(1),
    retentionDays: 30,
    recipients: [{ name: 'Test lead', organisation: 'Nobody' }],
    cohorts: options.cohorts ?? [{ name: 'hypertension', definition: options.definition ?? definition }],
    ...(options.concepts ? { pinned: options.concepts } : {}),
    analyses: options.analyses ?? [{ kind: 'count' }],
    sites: sites.map(({ site, fingerprint }) => (options.pinned === false ? site : { site, fingerprint })),
    minimumCell: options.minimumCell ?? 1,
    completion: options.completion ?? { kind: 'all' },
  };
}

/** Signs a study without sending it. */
export async function signStudy(
  lead: Lead,
  sites: readonly Named[],
  options: StudyOptions = {},
): Promise<SentStudy> {
  const file = join(lead.home, `study-${Math.random().toString(36).slice(2)}.json`);
  writeFileSync(file, JSON.stringify(draftOf(sites, options)));
  const signed = `${file}.signed`;
  const { study } = json<{ study: string }>(
    await succeed(lead, 'study', 'sign', file, '--key', lead.key, '--out', signed, '--json'),
  );
  const { jws } = JSON.parse(readFileSync(signed, 'utf8')) as { jws: string };
  const payload = JSON.parse(Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString()) as {
    sites: { site: string; job: string }[];
  };
  return {
    id: study,
    file: signed,
    jobs: Object.fromEntries(payload.sites.map(({ site, job }) => [site, job])),
  };
}

/** Gives the lead a token that outlasts whatever a test makes of the clock. */
export async function lastingToken({ hub, lead }: Pick<Network, 'hub' | 'lead'>): Promise<void> {
  const made = await succeed(hub, 'hub', 'token', 'create', '--role', 'lead', '--ttl', '400d');
  writeFileSync(lead.tokenFile, made.out, { mode: 0o600 });
}

/** Signs a study and sends it by the hub. */
export async function sendStudy(
  network: Network,
  options: StudyOptions & { sites?: readonly Named[] } = {},
): Promise<SentStudy> {
  const { lead, hub, sites } = network;
  const study = await signStudy(lead, options.sites ?? sites, options);
  await succeed(lead, 'study', 'send', study.file, '--hub', hub.url, '--token-file', lead.tokenFile);
  return study;
}

export interface SiteState {
  readonly site: string;
  readonly state: string;
  readonly code?: string;
}

/** The states as the lead sees them now. */
export async function statesOf(lead: Lead, study: SentStudy): Promise<Record<string, string>> {
  const { out } = await succeed(lead, 'study', 'watch', study.id, '--once', '--json');
  const lines = out
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as SiteState);
  return Object.fromEntries(
    lines.map(({ site, state, code }) => [site, code === undefined ? state : `${state} ${code}`]),
  );
}

/** Waits until the lead sees these states: `answered`, or with a code `failed statement-timeout`. */
export function reach(
  lead: Lead,
  study: SentStudy,
  wanted: Readonly<Record<string, string>>,
  ms?: number,
): Promise<unknown> {
  let seen: Record<string, string> = {};
  return until(
    `the sites to be ${JSON.stringify(wanted)}`,
    async () => {
      seen = await statesOf(lead, study).catch(() => ({}));
      return Object.entries(wanted).every(([site, state]) => seen[site] === state);
    },
    ms,
    // Slower than the hub's limit of requests a minute.
    150,
  ).catch((cause: unknown) => {
    throw new Error(`${String(cause)}; they are ${JSON.stringify(seen)}`);
  });
}

/** `study result`: the exit code, and the pooled result where one was given. */
export async function resultOf(lead: Lead, study: SentStudy, ...flags: readonly string[]) {
  const answer = await command(
    lead.home,
    {},
    'study',
    'result',
    study.id,
    '--key',
    lead.key,
    '--json',
    ...flags,
  );
  return { ...answer, pooled: answer.out === '' ? undefined : (JSON.parse(answer.out) as PooledResult) };
}
