/** The lead: signs and sends small studies, again and again until the hub says that it has them, and reads their results. */

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pause } from '#host/serve.ts';
import type { PooledResult } from '#lead/pool.ts';
import type { StudyDraft } from '#protocol/study.ts';
import { command } from '#test/network/party.ts';
import type { Network } from './network.ts';
import type { PlannedStudy, SiteName } from './plan.ts';
import { definitionAt, sumOf, type Truth } from './truth.ts';

export interface SentStudy {
  readonly id: string;
  readonly round: number;
  readonly age: number;
  readonly jobs: readonly { readonly site: SiteName; readonly job: string }[];
  /** What the sites of this study hold together. */
  readonly truth: Truth;
  /** The lead ordered it withdrawn: what was not answered by then never will be. */
  readonly withdrawn: boolean;
}

/** The exit code where the hub does not answer, or asks to come less often. */
const unavailable = 4;

export class Lead {
  readonly #network: Network;
  /** All that were signed. The hub may hold one whose acceptance never reached the lead. */
  readonly signed: SentStudy[] = [];
  /** The ids of those that the hub said it has. */
  readonly accepted = new Set<string>();
  /** Sends that had to be repeated. */
  repeated = 0;

  constructor(network: Network) {
    this.#network = network;
  }

  /** Signs one and sends it, with its orders, until the hub has it; gives up when `limit` is aborted, but never leaves one paused. */
  async ask(planned: PlannedStudy, round: number, limit: AbortSignal, signal: AbortSignal): Promise<void> {
    const { lead, hubUrl } = this.#network;
    const { study, signed } = await this.#sign(planned, round);
    const words = ['send', signed, '--hub', hubUrl, '--token-file', lead.tokenFile];
    const sent = await this.#insist(words, limit);
    rmSync(signed, { force: true });
    if (!sent) return;
    this.accepted.add(study.id);
    if (!planned.order) return;
    const { kind, afterMs } = planned.order;
    await pause(afterMs, limit);
    await this.#insist([kind, study.id, '--key', lead.key], limit);
    if (kind === 'withdraw') return;
    await pause(afterMs, signal);
    await this.#insist(['resume', study.id, '--key', lead.key], signal);
  }

  /** `moim study …`, again and again while the hub is away; false where the signal came first. */
  async #insist(words: readonly string[], signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      const { code, err } = await command(this.#network.lead.home, {}, 'study', ...words);
      if (code === 0) return true;
      // Said a second time, since the first answer was lost on its way.
      if (words[0] === 'withdraw' && /the study was withdrawn/.test(err)) return true;
      if (code !== unavailable && !/many requests/i.test(err))
        throw new Error(`moim study ${words[0]} ended with ${code}: ${err.slice(-500)}`);
      this.repeated += 1;
      await pause(400, signal);
    }
    return false;
  }

  /** The pool as the lead sees it now; undefined while the hub does not answer. */
  async result(study: SentStudy): Promise<PooledResult | undefined> {
    const { lead } = this.#network;
    const { code, out } = await command(
      lead.home,
      {},
      'study',
      'result',
      study.id,
      '--key',
      lead.key,
      '--json',
      '--partial',
    );
    return (code === 0 || code === 1) && out !== '' ? (JSON.parse(out) as PooledResult) : undefined;
  }

  async #sign(
    { sites, age, order }: PlannedStudy,
    round: number,
  ): Promise<{ study: SentStudy; signed: string }> {
    const { lead, sites: all } = this.#network;
    const named = sites.map((site) => ({ site, fingerprint: all.get(site)?.fingerprint as string }));
    const file = join(lead.home, `draft-${Math.random().toString(36).slice(2)}.json`);
    writeFileSync(file, JSON.stringify(draft(named, age)));
    const signed = `${file}.signed`;
    const made = await command(
      lead.home,
      {},
      'study',
      'sign',
      file,
      '--key',
      lead.key,
      '--out',
      signed,
      '--json',
    );
    rmSync(file);
    if (made.code !== 0) throw new Error(`study sign ended with ${made.code}: ${made.err.slice(-500)}`);
    const { jws } = JSON.parse(readFileSync(signed, 'utf8')) as { jws: string };
    const payload = JSON.parse(Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString()) as {
      id: string;
      sites: { site: SiteName; job: string }[];
    };
    const jobs = payload.sites.map(({ site, job }) => ({ site, job }));
    const truth = sumOf(sites.map((site) => all.get(site)?.truth.get(age) as Truth));
    const study = { id: payload.id, round, age, jobs, truth, withdrawn: order?.kind === 'withdraw' };
    this.signed.push(study);
    return { study, signed };
  }
}

function draft(sites: StudyDraft['sites'], age: number): StudyDraft {
  const day = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
  return {
    title: `How many at ${age} or older?`,
    purpose: 'Hold the network under load while its parts are killed.',
    sponsor: 'Nobody',
    ethicsReference: 'none: made-up data',
    start: day(-1),
    end: day(30),
    retentionDays: 30,
    recipients: [{ name: 'Soak lead', organisation: 'Nobody' }],
    cohorts: [{ name: `at-${age}`, definition: definitionAt(age) }],
    analyses: [{ kind: 'count' }],
    sites,
    minimumCell: 1,
    completion: { kind: 'all' },
  };
}
