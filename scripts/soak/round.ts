/** One round: studies are sent while things break, everything is mended, what was begun comes to its end, and all is judged. */

import { pause } from '#host/serve.ts';
import { inflict, touched } from './inflict.ts';
import type { Judge, JudgeNeeds } from './judge.ts';
import { type Fault, type PartyName, planRound, type RoundPlan, type SiteName, siteNames } from './plan.ts';
import type { Breach, Seen } from './seen.ts';
import { setAside, within } from './served.ts';

/** What is not done after this time is judged as it is, and carried into the next round: a round takes at most 15 s. */
const roundMs = 11_500;
/** After its last fault was mended, a site must have done all its work within this time: back-off and heartbeat included. */
const dueMs = 60_000;
/** A fault that lasts longer than this is not waited for. */
const longMs = 5_000;

export interface RoundReport {
  readonly round: number;
  readonly ms: number;
  /** Milliseconds from the begin until faults and sends were over, all was ready again, and all was done. */
  readonly phases: readonly number[];
  readonly plan: RoundPlan;
  readonly answers: number;
  /** Sites whose work was carried into the next round. */
  readonly carried: readonly SiteName[];
  readonly breaches: readonly Breach[];
}

export interface RoundNeeds extends JudgeNeeds {
  readonly judge: Judge;
  readonly seed: number;
  /** What broke by itself, said by whoever saw it. */
  readonly faults: Breach[];
}

export class Rounds {
  readonly #needs: RoundNeeds;
  /** Until when a site's work may not be done yet. */
  readonly #due = new Map<SiteName, number>();
  /** How many faults hold a site up now. */
  readonly #held = new Map<SiteName, number>();
  readonly #lasting = new Set<Promise<void>>();

  constructor(needs: RoundNeeds) {
    this.#needs = needs;
  }

  async run(round: number): Promise<RoundReport> {
    const { seed, lead, network, judge, signal } = this.#needs;
    const began = performance.now();
    const plan = planRound(seed, round);
    const phases: number[] = [];
    const phase = () => void phases.push(Math.round(performance.now() - began));
    const limit = AbortSignal.any([signal, AbortSignal.timeout(roundMs)]);
    const asked = plan.studies.map(async (study) => {
      await pause(study.at, signal);
      await lead.ask(study, round, limit, signal);
    });
    await Promise.all([...plan.faults.map((fault) => this.#inflict(fault)), ...asked]);
    phase();
    await Promise.all([...network.parties.values()].map((party) => party.start()));
    phase();
    await within(roundMs - (performance.now() - began), () => this.#settled(), signal, 150);
    phase();
    judge.watch(lead.signed.filter((study) => study.round === round));
    return this.#close(round, plan, began, phases);
  }

  /** After the last round: the faults that last end, and everything comes to its end. */
  async end(round: number): Promise<RoundReport> {
    const began = performance.now();
    await Promise.all(this.#lasting);
    const done = async () => (await this.#needs.reader.unfinished())?.size === 0;
    await within(dueMs, done, this.#needs.signal, 200);
    this.#due.clear();
    return this.#close(round, { faults: [], studies: [] }, began, []);
  }

  async #inflict(fault: Fault): Promise<void> {
    const { network, signal } = this.#needs;
    await pause(fault.at, signal);
    const hold = (by: 1 | -1) => {
      for (const site of touched(fault)) {
        this.#held.set(site, (this.#held.get(site) ?? 0) + by);
        this.#due.set(site, performance.now() + dueMs);
      }
    };
    hold(1);
    const over = inflict(network, fault, signal).finally(() => hold(-1));
    if (!('forMs' in fault) || fault.forMs < longMs) return over;
    this.#lasting.add(over);
    void over.finally(() => this.#lasting.delete(over));
  }

  /** Everything is done but at sites that something still holds up. */
  async #settled(): Promise<boolean> {
    const open = await this.#needs.reader.unfinished();
    return open !== undefined && [...open].every((site) => (this.#held.get(site) ?? 0) > 0);
  }

  #away(): ReadonlySet<SiteName> {
    const now = performance.now();
    return new Set(
      siteNames.filter((site) => (this.#held.get(site) ?? 0) > 0 || (this.#due.get(site) ?? 0) > now),
    );
  }

  async #close(
    round: number,
    plan: RoundPlan,
    began: number,
    phases: readonly number[],
  ): Promise<RoundReport> {
    const { network, judge, faults } = this.#needs;
    // In turn, beside the judgement: it becomes one more user of that party's server.
    const party = (['hub', ...siteNames] as const)[round % 6] as PartyName;
    const verifying = judge.verify(party);
    const { seen, breaches } = await judge.judge(() => this.#away());
    const verified = await verifying;
    for (const name of network.parties.keys()) setAside(network.logOf(name));
    return {
      round,
      ms: Math.round(performance.now() - began),
      phases,
      plan,
      answers: seen?.hub.replies.length ?? 0,
      carried: seen ? unfinished(seen) : [],
      breaches: [...faults.splice(0), ...breaches, ...verified],
    };
  }
}

/** Sites that owe an answer to a study that the hub has. */
function unfinished({ hub }: Seen): readonly SiteName[] {
  const owing = new Set(hub.jobs.filter(({ state }) => !ended.has(state)).map(({ site }) => site));
  return siteNames.filter((site) => owing.has(site));
}

const ended: ReadonlySet<string> = new Set(['answered', 'expired', 'refused', 'failed']);
