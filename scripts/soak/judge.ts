/** Reads the whole network and judges it; keeps what must still be so at the next judgement. */

import { findPostmaster } from '#host/postgres/postmaster.ts';
import { pause } from '#host/serve.ts';
import type { PooledResult } from '#lead/pool.ts';
import { emptyHead, type LedgerHead } from '#protocol/ledger.ts';
import { breachOf, checkAll, checkHead } from './check.ts';
import { checkProcesses, checkSessions } from './check-machine.ts';
import { dataFolder } from './given-server.ts';
import type { Lead, SentStudy } from './load.ts';
import type { Network } from './network.ts';
import { type PartyName, type SiteName, serverNames, siteNames } from './plan.ts';
import { processesUnder } from './process-table.ts';
import type { Reader } from './read.ts';
import type { Breach, Seen, SeenHub, SeenSession, SeenSite } from './seen.ts';

export interface JudgeNeeds {
  readonly network: Network;
  readonly lead: Lead;
  readonly reader: Reader;
  readonly signal: AbortSignal;
  /** Processes of ours that are no party's. */
  readonly own: readonly number[];
}

export interface Verdict {
  readonly seen: Seen | undefined;
  readonly breaches: readonly Breach[];
}

const parties = ['hub', ...siteNames] as const;

export class Judge {
  readonly #needs: JudgeNeeds;
  readonly #heads = new Map<PartyName, LedgerHead>();
  /** Studies whose complete pool was not seen yet. */
  #open: readonly SentStudy[] = [];

  constructor(needs: JudgeNeeds) {
    this.#needs = needs;
  }

  /** From now on these studies' pools are looked at, until each was seen complete. */
  watch(studies: readonly SentStudy[]): void {
    this.#open = [...this.#open, ...studies];
  }

  /**
   * Looks until nothing is wrong, at most `looks` times: what is read at several places is not read at one moment, and only what stays wrong
   * is wrong. `away` names the sites whose work need not be done.
   */
  async judge(away: () => ReadonlySet<SiteName>, looks = 4): Promise<Verdict> {
    const pools = new Map<string, PooledResult>();
    let verdict: Verdict = { seen: undefined, breaches: [] };
    for (let look = 1; look <= looks && !this.#needs.signal.aborted; look += 1) {
      verdict = await this.#look(away(), pools).catch((cause: unknown) => ({
        seen: undefined,
        breaches: [breachOf('read')(`a database cannot be read: ${String(cause)}`)],
      }));
      if (verdict.breaches.length === 0) break;
      if (look < looks) await pause(700 * look, this.#needs.signal);
    }
    const { seen } = verdict;
    if (seen) {
      this.#heads.set('hub', headOf(seen.hub));
      for (const [site, here] of seen.sites) this.#heads.set(site, headOf(here));
      this.#open = this.#open.filter(
        ({ id, withdrawn }) => !withdrawn && !pools.get(id)?.complete && seen.hub.studies.includes(id),
      );
    }
    return verdict;
  }

  /** One party's chain by the real command. */
  async verify(party: PartyName): Promise<readonly Breach[]> {
    const { code, out, err } = await this.#needs.network.command(party, {}, 'audit', 'verify');
    if (code === 0 || this.#needs.signal.aborted) return [];
    return [breachOf('chain')(`${party}: moim audit verify ended with ${code}: ${out}${err}`.slice(0, 500))];
  }

  async #look(away: ReadonlySet<SiteName>, pools: Map<string, PooledResult>): Promise<Verdict> {
    const { lead, reader } = this.#needs;
    // The hub first: what it holds must have left a site by then.
    const hub = await reader.hub();
    const sites = new Map<SiteName, SeenSite>();
    await Promise.all(siteNames.map(async (site) => void sites.set(site, await reader.site(site))));
    const mute: Breach[] = [];
    for (const study of this.#open) {
      if (!hub.studies.includes(study.id) || pools.get(study.id)?.complete) continue;
      const pool = await lead.result(study);
      if (pool) pools.set(study.id, pool);
      else mute.push(breachOf('pool')(`the lead cannot read the result of study ${study.id}`));
    }
    const studies = lead.signed.filter(({ id }) => lead.accepted.has(id) || hub.studies.includes(id));
    const seen: Seen = { studies, hub, sites, pools, away };
    return {
      seen,
      breaches: [...checkAll(seen), ...mute, ...this.#checkHeads(seen), ...(await this.#checkMachine())],
    };
  }

  #checkHeads({ hub, sites }: Seen): readonly Breach[] {
    const before = (party: PartyName) => this.#heads.get(party) ?? emptyHead;
    return [
      ...checkHead('hub', before('hub'), hub.audit),
      ...[...sites].flatMap(([site, { audit }]) => checkHead(site, before(site), audit)),
    ];
  }

  async #checkMachine(): Promise<readonly Breach[]> {
    const { network, reader, own } = this.#needs;
    const servers = new Set(
      serverNames.flatMap((name) => findPostmaster(dataFolder(network.homeOf(name)))?.pid ?? []),
    );
    const pids = new Set([
      ...own,
      ...(network.namespace === undefined ? [] : [network.namespace]),
      ...[...network.parties.values()].flatMap((party) => party.pids),
    ]);
    const sessions: SeenSession[] = [];
    for (const party of parties) sessions.push(...(await reader.sessions(party)));
    return [...checkProcesses(processesUnder(network.folder), { pids, servers }), ...checkSessions(sessions)];
  }
}

function headOf({ audit }: SeenHub | SeenSite): LedgerHead {
  const last = audit.at(-1);
  return last ? { n: last.n, hash: last.hash } : emptyHead;
}
