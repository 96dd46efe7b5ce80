/** What the soak reads of a small network in which all went well, and how to spoil it. */

import type { PooledResult } from '#lead/pool.ts';
import type { Json } from '#protocol/canonical.ts';
import { chain, emptyHead, type LedgerEntry } from '#protocol/ledger.ts';
import { checkAll } from '../../scripts/soak/check.ts';
import type { Seen, SeenHub, SeenSite } from '../../scripts/soak/seen.ts';

export const study = '0193f0a0-0000-7000-8000-000000000001';
export const jobA = '0193f0a0-0000-7000-8000-00000000000a';
export const jobB = '0193f0a0-0000-7000-8000-00000000000b';
export const bytes = (job: string) => (job === jobA ? 'a' : 'b').repeat(64);

export function ledger(...entries: readonly (readonly [string, Record<string, Json>])[]): LedgerEntry[] {
  const made: LedgerEntry[] = [];
  for (const [kind, body] of entries) {
    const head = made.at(-1) ?? emptyHead;
    made.push(chain(head, '2026-01-01T00:00:00.000Z', kind, body));
  }
  return made;
}

export const siteAfter = (job: string): SeenSite => ({
  jobs: [{ job, state: 'answered', code: null }],
  released: [{ job, ciphertext: bytes(job) }],
  audit: ledger(['policy-applied', { version: 1 }], ['job-answered', { job, ciphertext: bytes(job) }]),
  sent: [{ job, acked: true }],
  unhandled: 0,
  halted: false,
});

export const hubAfter: SeenHub = {
  studies: [study],
  jobs: [
    { job: jobA, study, site: 'alpha', state: 'answered', code: null },
    { job: jobB, study, site: 'beta', state: 'answered', code: null },
  ],
  replies: [
    { job: jobA, ciphertext: bytes(jobA) },
    { job: jobB, ciphertext: bytes(jobB) },
  ],
  audit: ledger(
    ['study-received', { study }],
    ['reply-stored', { job: jobA, ciphertext: bytes(jobA) }],
    ['reply-stored', { job: jobB, ciphertext: bytes(jobB) }],
  ),
  witness: [{ site: 'alpha', n: 2, hash: siteAfter(jobA).audit[1]?.hash ?? '' }],
  waiting: [],
  halted: false,
};

export const figure = (value: number) => ({ state: 'value' as const, value, sites: 2 });
export const pool = {
  study,
  standsOn: '2 of 2',
  complete: true,
  sites: [
    { site: 'alpha', state: 'answered' },
    { site: 'beta', state: 'answered' },
  ],
  cohorts: [{ persons: figure(7), attrition: [20, 12, 7].map((value) => ({ persons: figure(value) })) }],
} as unknown as PooledResult;

export const whole: Seen = {
  studies: [
    {
      id: study,
      round: 1,
      age: 40,
      jobs: [
        { site: 'alpha', job: jobA },
        { site: 'beta', job: jobB },
      ],
      truth: { persons: 7, attrition: [20, 12, 7] },
      withdrawn: false,
    },
  ],
  hub: hubAfter,
  sites: new Map([
    ['alpha', siteAfter(jobA)],
    ['beta', siteAfter(jobB)],
  ]),
  pools: new Map([[study, pool]]),
  away: new Set(),
};

export const withHub = (change: Partial<SeenHub>): Seen => ({ ...whole, hub: { ...hubAfter, ...change } });
export const withAlpha = (change: Partial<SeenSite>): Seen => ({
  ...whole,
  sites: new Map([...whole.sites, ['alpha', { ...siteAfter(jobA), ...change }]]),
});
export const withPool = (change: object): Seen => ({
  ...whole,
  pools: new Map([[study, { ...pool, ...change } as PooledResult]]),
});
export const checksOf = (seen: Seen) => [...new Set(checkAll(seen).map(({ check }) => check))];
