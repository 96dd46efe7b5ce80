/** The judgement after a round, pure over what was read: nothing lost, nothing doubled, nothing told that is not so. */

import type { PooledResult } from '#lead/pool.ts';
import { type LedgerEntry, type LedgerHead, verifyLedger } from '#protocol/ledger.ts';
import type { SentStudy } from './load.ts';
import type { Breach, Seen, SeenSite } from './seen.ts';

export function checkAll(seen: Seen): readonly Breach[] {
  return [
    ...checkStudies(seen),
    ...checkAnswers(seen),
    ...checkStates(seen),
    ...checkStanding(seen),
    ...checkQueues(seen),
    ...seen.studies.flatMap((study) => {
      const pool = seen.pools.get(study.id);
      return pool ? checkPool(study, pool, seen) : [];
    }),
    ...checkWitness(seen),
    ...checkChain('hub', seen.hub.audit),
    ...[...seen.sites].flatMap(([site, { audit }]) => checkChain(site, audit)),
  ];
}

/** What the hub took stands there once, with its jobs, and nothing that nobody sent. */
export function checkStudies({ studies, hub }: Seen): readonly Breach[] {
  const breach = breachOf('study');
  const jobs = new Set(studies.flatMap((study) => study.jobs.map(({ job }) => job)));
  return [
    ...studies.flatMap(({ id, jobs: asked }) => [
      ...one(count(hub.studies, id), `study ${id} at the hub`, breach),
      ...asked.flatMap(({ job, site }) =>
        one(
          hub.jobs.filter((each) => each.job === job && each.study === id && each.site === site).length,
          `job ${job} of ${site} at the hub`,
          breach,
        ),
      ),
    ]),
    ...hub.replies
      .filter(({ job }) => !jobs.has(job))
      .map(({ job }) => breach(`a reply to a job that nobody asked for: ${job}`)),
  ];
}

/** One released row, one audit entry, one reply sent, one at the hub, one entry there; and all of the same bytes. */
export function checkAnswers({ studies, hub, sites }: Seen): readonly Breach[] {
  const breach = breachOf('answer');
  const there = groupBy(hub.replies, ({ job }) => job);
  const noted = groupBy(entriesOf(hub.audit, 'reply-stored'), ({ body }) => String(body.job));
  const found: Breach[] = [];
  for (const [site, here] of sites) {
    const released = groupBy(here.released, ({ job }) => job);
    const entries = groupBy(entriesOf(here.audit, 'job-answered'), ({ body }) => String(body.job));
    const sent = groupBy(here.sent, ({ job }) => job);
    const rows = groupBy(here.jobs, ({ job }) => job);
    const jobs = studies.flatMap((study) =>
      study.jobs.filter((each) => each.site === site).map(({ job }) => job),
    );
    const known = new Set(jobs);
    for (const job of new Set([...released.keys(), ...rows.keys(), ...sent.keys()]))
      if (!known.has(job)) found.push(breach(`${site} holds a job that nobody asked for: ${job}`));
    for (const job of jobs) {
      const where = `job ${job} of ${site}`;
      const [left, wrote, posted, arrived, stored] = [released, entries, sent, there, noted].map(
        (map) => map.get(job) ?? [],
      ) as [SeenSite['released'], LedgerEntry[], SeenSite['sent'], Seen['hub']['replies'], LedgerEntry[]];
      if ((rows.get(job) ?? []).length > 1)
        found.push(breach(`${where} has ${rows.get(job)?.length} rows there`));
      if (left.length > 1) found.push(breach(`${where} was released ${left.length} times`));
      if (arrived.length > 1) found.push(breach(`${where} has ${arrived.length} replies at the hub`));
      if (wrote.length !== left.length)
        found.push(breach(`${where}: ${left.length} released, ${wrote.length} audit entries job-answered`));
      if (posted.length !== left.length)
        found.push(breach(`${where}: ${left.length} released, ${posted.length} replies in the outbox`));
      if (stored.length !== arrived.length)
        found.push(
          breach(
            `${where}: ${arrived.length} replies at the hub, ${stored.length} entries reply-stored there`,
          ),
        );
      if (arrived.length > 0 && left.length === 0)
        found.push(breach(`${where}: the hub has a reply that was never released`));
      if (left.length > 0 && arrived.length === 0 && posted.every(({ acked }) => acked))
        found.push(breach(`${where}: the reply is lost: acknowledged, and not at the hub`));
      const bytes = new Set([
        ...left.map(({ ciphertext }) => ciphertext),
        ...arrived.map(({ ciphertext }) => ciphertext),
        ...[...wrote, ...stored].map(({ body }) => String(body.ciphertext)),
      ]);
      if (bytes.size > 1) found.push(breach(`${where}: ${bytes.size} different ciphertexts are on record`));
    }
  }
  return found;
}

/** States fit what the databases hold; and what should have ended has. */
export function checkStates({ studies, hub, sites, away }: Seen): readonly Breach[] {
  const breach = breachOf('state');
  const replied = new Set(hub.replies.map(({ job }) => job));
  const states = new Map(hub.jobs.map((each) => [each.job, each]));
  const found: Breach[] = [];
  for (const { job, state, site } of hub.jobs)
    if ((state === 'answered') !== replied.has(job))
      found.push(
        breach(
          `the hub calls job ${job} of ${site} ${state}, and ${replied.has(job) ? 'has' : 'has not'} its reply`,
        ),
      );
  for (const [site, here] of sites) {
    const released = new Set(here.released.map(({ job }) => job));
    const local = new Map(here.jobs.map((each) => [each.job, each]));
    for (const { job, state } of here.jobs)
      if ((state === 'answered') !== released.has(job))
        found.push(
          breach(
            `${site} calls job ${job} ${state}, and ${released.has(job) ? 'has' : 'has not'} released its answer`,
          ),
        );
    if (away.has(site)) continue;
    for (const study of studies)
      for (const { job } of study.jobs.filter((each) => each.site === site)) {
        const [mine, its] = [local.get(job), states.get(job)];
        const over = study.withdrawn ? ['answered', 'expired'] : ['answered'];
        // What was withdrawn before it was delivered no hospital has heard of.
        const unheard = study.withdrawn && mine === undefined && its?.state === 'expired';
        if (!unheard && !(over.includes(mine?.state ?? '') && over.includes(its?.state ?? '')))
          found.push(
            breach(
              `job ${job} of ${site} did not come to its end: ${wordsOf(mine)} there, ${wordsOf(its)} at the hub (study ${study.id}, round ${study.round})`,
            ),
          );
      }
  }
  return found;
}

/** A kill sets nobody back: who thinks so stands still for no reason. */
export function checkStanding({ hub, sites }: Seen): readonly Breach[] {
  const here = [...sites].flatMap(([site, { halted }]) => (halted ? [site] : []));
  return [...(hub.halted ? ['hub'] : []), ...here].map((party) =>
    breachOf('standing')(`${party} stands still as if it had been set back`),
  );
}

/** Nothing waits that could go. */
export function checkQueues({ hub, sites, away }: Seen): readonly Breach[] {
  const breach = breachOf('queue');
  return [...sites].flatMap(([site, here]) => {
    if (away.has(site)) return [];
    const unsent = here.sent.filter(({ acked }) => !acked).length;
    return [
      ...(unsent > 0 ? [breach(`${site}: ${unsent} replies wait in the outbox`)] : []),
      ...(here.unhandled > 0 ? [breach(`${site}: ${here.unhandled} envelopes wait in the inbox`)] : []),
      ...(hub.waiting.includes(site)
        ? [breach(`the hub holds envelopes that ${site} has not acknowledged`)]
        : []),
    ];
  });
}

/** The lead's pool: each site once, and exactly what the hospitals hold. */
export function checkPool(
  study: SentStudy,
  pool: PooledResult,
  { hub }: Pick<Seen, 'hub'>,
): readonly Breach[] {
  const breach = breachOf('pool');
  const where = `study ${study.id}`;
  const replied = new Set(hub.replies.map(({ job }) => job));
  const answered = study.jobs.filter(({ job }) => replied.has(job)).length;
  const found: Breach[] = [];
  for (const { site } of study.jobs) {
    found.push(
      ...one(pool.sites.filter((line) => line.site === site).length, `${where}: ${site} in the pool`, breach),
    );
  }
  const lines = pool.sites.filter(({ state }) => state === 'answered').length;
  if (pool.standsOn !== `${lines} of ${study.jobs.length}`)
    found.push(breach(`${where} says it stands on ${pool.standsOn}, and ${lines} sites have answered`));
  if (lines > answered)
    found.push(breach(`${where}: ${lines} sites answered in the pool, ${answered} replies are at the hub`));
  if (pool.complete !== (lines === study.jobs.length))
    found.push(breach(`${where} is called ${pool.complete ? '' : 'not '}complete on ${pool.standsOn}`));
  if (!pool.complete) {
    if (!study.withdrawn && answered === study.jobs.length)
      found.push(breach(`${where} is not complete, though all replies are at the hub`));
    return found;
  }
  const [cohort] = pool.cohorts;
  const figures = [cohort?.persons, ...(cohort?.attrition ?? []).map(({ persons }) => persons)].map(
    (figure) => (figure?.state === 'zero' ? 0 : figure?.value),
  );
  const truth = [study.truth.persons, ...study.truth.attrition];
  if (JSON.stringify(figures) !== JSON.stringify(truth))
    found.push(
      breach(`${where} pools ${JSON.stringify(figures)}, the hospitals hold ${JSON.stringify(truth)}`),
    );
  return found;
}

/** What the hub countersigned stands in the site's own log. */
export function checkWitness({ hub, sites }: Seen): readonly Breach[] {
  const missing = hub.witness.filter(({ site, n, hash }) => {
    const here = [...sites].find(([name]) => name === site)?.[1];
    return here && here.audit[n - 1]?.hash !== hash;
  });
  return missing.map(({ site, n }) =>
    breachOf('witness')(`the hub countersigned entry ${n} of ${site}, whose log holds another or none`),
  );
}

export function checkChain(party: string, entries: readonly LedgerEntry[]): readonly Breach[] {
  const verdict = verifyLedger(entries);
  return verdict.ok ? [] : [breachOf('chain')(`${party}: audit entry ${verdict.entry}: ${verdict.fault}`)];
}

/** A head that was seen once stays in the chain for ever. */
export function checkHead(
  party: string,
  before: LedgerHead,
  entries: readonly LedgerEntry[],
): readonly Breach[] {
  if (before.n === 0 || entries[before.n - 1]?.hash === before.hash) return [];
  return [
    breachOf('chain')(`${party}: the audit log held entry ${before.n} before, and now holds another or none`),
  ];
}

const wordsOf = (job: { state: string; code: string | null } | undefined): string =>
  job ? `${job.state}${job.code ? ` (${job.code})` : ''}` : 'unknown';

function one(times: number, what: string, breach: (says: string) => Breach): readonly Breach[] {
  return times === 1 ? [] : [breach(`${what}: ${times} times instead of once`)];
}

const count = (list: readonly string[], wanted: string): number =>
  list.filter((each) => each === wanted).length;
const entriesOf = (audit: readonly LedgerEntry[], kind: string) =>
  audit.filter((entry) => entry.kind === kind);
export const breachOf =
  (check: string) =>
  (says: string): Breach => ({ check, says });

function groupBy<T>(list: readonly T[], key: (of: T) => string): Map<string, T[]> {
  return Map.groupBy(list, key);
}
