/**
 * Metrics in Prometheus' text form, one registry an app. A metric holds counts, ages and states: no figure of a hospital, no text of a
 * study, no name of a person. Label values are words of closed sets; what is none of them is written as `other`.
 */

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { errors } from '#protocol/errors.ts';
import type { Counted } from './counters.ts';

export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** One metric as it stands at this moment. */
export interface Fact {
  readonly name: string;
  readonly help: string;
  /** A gauge unless said otherwise. */
  readonly kind?: 'gauge' | 'counter';
  readonly labels?: readonly string[];
  readonly samples: readonly Sample[];
}

/** Seconds something took, by the words of its labels. */
export type Timer = (seconds: number, labels?: Readonly<Record<string, string>>) => void;

export interface Metrics {
  timer(
    about: { readonly name: string; readonly help: string; readonly labels?: readonly string[] },
    buckets: readonly number[],
  ): Timer;
  /** The page, and its content type. */
  page(): Promise<{ readonly text: string; readonly type: string }>;
}

/** `read` is asked once for every page; it must not throw. */
export function createMetrics(read: () => Promise<readonly Fact[]>): Metrics {
  const registry = new Registry();
  // Ten times a second is fine enough to see a blocked loop, and wakes an idle node ten times less than the default.
  collectDefaultMetrics({ register: registry, prefix: 'moim_', eventLoopMonitoringPrecision: 100 });
  return {
    timer({ name, help, labels = [] }, buckets) {
      const histogram = new Histogram({
        name,
        help,
        labelNames: labels,
        buckets: [...buckets],
        registers: [registry],
      });
      return (seconds, values = {}) => histogram.observe(closed(values), seconds);
    },
    async page() {
      const facts = await read();
      // From here to the first wait nothing else runs: no page shows half of the old figures and half of the new.
      for (const fact of facts) note(registry, fact);
      return { text: await registry.metrics(), type: registry.contentType };
    },
  };
}

function note(registry: Registry, { name, help, kind, labels = [], samples }: Fact): void {
  const about = { name, help, labelNames: labels, registers: [registry] };
  const known = registry.getSingleMetric(name);
  if (kind === 'counter') {
    const counter = known instanceof Counter ? known : new Counter(about);
    counter.reset();
    for (const sample of samples) counter.inc(closed(sample.labels), sample.value);
  } else {
    const gauge = known instanceof Gauge ? known : new Gauge(about);
    gauge.reset();
    // Inside a page two samples may fall on the same word (`other`): they are added up, not written over one another.
    for (const sample of samples) gauge.inc(closed(sample.labels), sample.value);
  }
}

/** The second net: what is not plainly a word (an upper case letter, a blank, 65 letters) is never written. */
const word = /^[a-z0-9/][a-z0-9_:/.-]{0,63}$/;

function closed(labels: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(labels).map(([name, value]) => [name, word.test(value) ? value : 'other']),
  );
}

/** A metric without labels. */
export const one = (name: string, help: string, value: number): Fact => ({
  name,
  help,
  samples: [{ value }],
});

/** A sample for every state there is, those that nothing is in as 0: an alert needs a line to look at. */
export function byState(
  words: readonly string[],
  rows: readonly { readonly state: string; readonly n: number }[],
): Sample[] {
  const sums = new Map(words.map((state) => [state, 0]));
  for (const { state, n } of rows) {
    const key = sums.has(state) ? state : 'other';
    sums.set(key, (sums.get(key) ?? 0) + n);
  }
  return [...sums].map(([state, value]) => ({ labels: { state }, value }));
}

/** Of refused and failed jobs, how many under which code of the one error table. */
export function byCode(
  rows: readonly { readonly state: string; readonly code: string | null; readonly n: number }[],
): Sample[] {
  return rows
    .filter(({ state }) => state === 'refused' || state === 'failed')
    .map(({ code, n }) => ({ labels: { code: code !== null && code in errors ? code : 'other' }, value: n }));
}

/** Nothing where no backup was made yet. */
export const backupAge = (name: string, at: string | undefined, now: number): Fact[] =>
  at === undefined ? [] : [one(name, 'Since the last backup of this home was made.', ageSeconds(at, now))];

/** Envelopes handed over: sent and acknowledged, or taken (a refused one counts: it is not sent again). */
export const deliveries = (
  name: string,
  { numbered, outbox, taken }: { readonly numbered: number; readonly outbox: number; readonly taken: number },
): Fact => ({
  name,
  help: 'Envelopes acknowledged by the other side (out) and taken from it (in), in the present epochs.',
  labels: ['direction'],
  samples: [
    { labels: { direction: 'out' }, value: Math.max(0, numbered - outbox) },
    { labels: { direction: 'in' }, value: taken },
  ],
});

/** What a process counted since it started, as counters: `delivery-refused` becomes `moim_hub_delivery_refused_total`. */
export function counted(prefix: string, rows: readonly Counted[]): Fact[] {
  const facts = new Map<string, { labels: Set<string>; samples: Sample[] }>();
  for (const { name, labels, value } of rows) {
    const fact = facts.get(name) ?? { labels: new Set(), samples: [] };
    for (const label of Object.keys(labels)) fact.labels.add(label);
    fact.samples.push({ labels, value });
    facts.set(name, fact);
  }
  return [...facts].map(([name, { labels, samples }]) => ({
    name: `${prefix}${name.replaceAll(/[^a-z0-9]+/g, '_')}_total`,
    help: `${name.replaceAll(/[^a-z0-9]+/g, ' ')}, since the process started.`,
    kind: 'counter',
    labels: [...labels].sort(),
    samples,
  }));
}

/** Seconds since an instant; 0 where there is none. */
export const ageSeconds = (at: string | Date | null | undefined, now: number): number =>
  at === null || at === undefined ? 0 : Math.max(0, (now - new Date(at).getTime()) / 1000);
