import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LedgerEntry } from '#protocol/ledger.ts';
import { checkAll, checkHead } from '../../scripts/soak/check.ts';
import type { Seen, SeenHub } from '../../scripts/soak/seen.ts';
import {
  bytes,
  checksOf,
  figure,
  hubAfter,
  jobA,
  jobB,
  ledger,
  pool,
  siteAfter,
  study,
  whole,
  withAlpha,
  withHub,
  withPool,
} from './whole-network.ts';

test('a network in which all went well has no breach', () => {
  assert.deepEqual(checkAll(whole), []);
});

const [replyA, replyB] = hubAfter.replies;
const [entryA, answerA] = siteAfter(jobA).audit;
const planted: readonly (readonly [string, Seen, string, RegExp])[] = [
  [
    'a reply that stands twice at the hub',
    withHub({ replies: [replyA, replyA, replyB] as never }),
    'answer',
    /2 replies at the hub/,
  ],
  [
    'a reply that the hub noted twice',
    withHub({
      audit: ledger(
        ['reply-stored', { job: jobA, ciphertext: bytes(jobA) }],
        ['reply-stored', { job: jobA, ciphertext: bytes(jobA) }],
        ['reply-stored', { job: jobB, ciphertext: bytes(jobB) }],
      ),
    }),
    'answer',
    /2 entries reply-stored/,
  ],
  [
    'a reply that left and was acknowledged, and is not at the hub',
    withHub({ replies: [replyB] as never }),
    'answer',
    /the reply is lost/,
  ],
  [
    'a reply to a job that nobody asked for',
    withHub({ replies: [...hubAfter.replies, { job: study, ciphertext: bytes(jobA) }] }),
    'study',
    /nobody asked for/,
  ],
  [
    'a reply of other bytes than were released',
    withHub({ replies: [{ job: jobA, ciphertext: 'c'.repeat(64) }, replyB] as never }),
    'answer',
    /different ciphertexts/,
  ],
  ['a study that the hub took and lost', withHub({ studies: [] }), 'study', /0 times/],
  ['a study that stands twice', withHub({ studies: [study, study] }), 'study', /2 times/],
  [
    'a job that stands twice',
    withHub({ jobs: [...hubAfter.jobs, hubAfter.jobs[0] as never] }),
    'study',
    /2 times/,
  ],
  [
    'a job called answered without its reply',
    withHub({ replies: [replyB] as never }),
    'state',
    /has not its reply/,
  ],
  [
    'a job called running with its reply',
    withHub({
      jobs: [
        { ...(hubAfter.jobs[0] as SeenHub['jobs'][number]), state: 'running' },
        hubAfter.jobs[1] as never,
      ],
    }),
    'state',
    /calls job .* running, and has its reply/,
  ],
  ['an envelope that no site took', withHub({ waiting: ['alpha'] }), 'queue', /has not acknowledged/],
  [
    'a rewritten entry of the hub',
    withHub({
      audit: hubAfter.audit.with(1, {
        ...(hubAfter.audit[1] as LedgerEntry),
        at: '2026-01-02T00:00:00.000Z',
      }),
    }),
    'chain',
    /hub: audit entry 2: changed/,
  ],
  ['a released row that is gone', withAlpha({ released: [] }), 'answer', /never released/],
  [
    'a released row that stands twice',
    withAlpha({ released: [...siteAfter(jobA).released, ...siteAfter(jobA).released] }),
    'answer',
    /released 2 times/,
  ],
  [
    'an answer without its audit entry',
    withAlpha({ audit: [entryA as LedgerEntry] }),
    'answer',
    /0 audit entries/,
  ],
  [
    'a reply that was put in the outbox twice',
    withAlpha({ sent: [...siteAfter(jobA).sent, ...siteAfter(jobA).sent] }),
    'answer',
    /2 replies in the outbox/,
  ],
  [
    'a job that runs for ever',
    withAlpha({ jobs: [{ job: jobA, state: 'running', code: null }], released: [] }),
    'state',
    /did not come to its end: running/,
  ],
  [
    'a job that a hospital holds and nobody asked for',
    withAlpha({ jobs: [...siteAfter(jobA).jobs, { job: study, state: 'answered', code: null }] }),
    'answer',
    /nobody asked for/,
  ],
  [
    'a reply that waits in the outbox',
    withAlpha({ sent: [{ job: jobA, acked: false }] }),
    'queue',
    /wait in the outbox/,
  ],
  [
    'a log that does not hold what the hub countersigned',
    withHub({ witness: [{ site: 'alpha', n: 2, hash: 'f'.repeat(64) }] }),
    'witness',
    /countersigned entry 2 of alpha/,
  ],
  ['a hospital that thinks itself set back', withAlpha({ halted: true }), 'standing', /alpha stands still/],
  ['a hub that thinks itself set back', withHub({ halted: true }), 'standing', /hub stands still/],
  ['an envelope that nobody handles', withAlpha({ unhandled: 1 }), 'queue', /wait in the inbox/],
  [
    'an entry taken out of the chain',
    withAlpha({ audit: [answerA as LedgerEntry] }),
    'chain',
    /alpha: audit entry 1: missing/,
  ],
  [
    'a pool that counts a site twice',
    withPool({ sites: [...pool.sites, pool.sites[0]] }),
    'pool',
    /alpha in the pool: 2 times/,
  ],
  [
    'a pool of other figures than the hospitals hold',
    withPool({
      cohorts: [{ persons: figure(8), attrition: [20, 12, 8].map((value) => ({ persons: figure(value) })) }],
    }),
    'pool',
    /pools \[8,20,12,8\]/,
  ],
  [
    'a pool called complete on half its sites',
    withPool({ standsOn: '1 of 2', sites: [pool.sites[0], { site: 'beta', state: 'running' }] }),
    'pool',
    /called complete/,
  ],
  [
    'a pool that is not complete though all is there',
    withPool({
      complete: false,
      standsOn: '1 of 2',
      sites: [pool.sites[0], { site: 'beta', state: 'running' }],
    }),
    'pool',
    /not complete, though/,
  ],
  [
    'a pool that claims more sites than it lists',
    withPool({ standsOn: '3 of 2' }),
    'pool',
    /stands on 3 of 2/,
  ],
];

for (const [fault, seen, check, says] of planted)
  test(`sees ${fault}`, () => {
    const found = checkAll(seen).filter((breach) => breach.check === check);
    assert.ok(
      found.some((breach) => says.test(breach.says)),
      `${check} should say ${says}; found ${JSON.stringify(checkAll(seen))}`,
    );
  });

test('a site that is still away need not be done, but what it holds must be true', () => {
  const running = {
    ...whole,
    hub: {
      ...hubAfter,
      jobs: [
        { ...(hubAfter.jobs[0] as SeenHub['jobs'][number]), state: 'running' },
        hubAfter.jobs[1] as never,
      ],
      replies: [replyB] as never,
      audit: ledger(['reply-stored', { job: jobB, ciphertext: bytes(jobB) }]),
    },
    sites: new Map([
      ...whole.sites,
      ['alpha', { ...siteAfter(jobA), sent: [{ job: jobA, acked: false }] }],
    ] as const),
    pools: new Map(),
  } satisfies Seen;
  assert.deepEqual(checksOf(running), ['state', 'queue']);
  assert.deepEqual(checksOf({ ...running, away: new Set(['alpha']) }), []);
  const lying = {
    ...running,
    away: new Set(['alpha'] as const),
    hub: { ...running.hub, jobs: hubAfter.jobs },
  };
  assert.deepEqual(checksOf(lying), ['state']);
});

test('sees a tail that was cut off since the last round, which no chain shows', () => {
  const entries = siteAfter(jobA).audit;
  const head = { n: 2, hash: answerA?.hash ?? '' };
  assert.deepEqual(checkHead('alpha', head, entries), []);
  assert.deepEqual(checksOf(withAlpha({ audit: entries })), []);
  assert.match(checkHead('alpha', head, entries.slice(0, 1))[0]?.says ?? '', /held entry 2 before/);
  assert.match(checkHead('alpha', { n: 2, hash: 'f'.repeat(64) }, entries)[0]?.says ?? '', /another or none/);
});

test('what was withdrawn may end unanswered, on both sides, and nothing else may', () => {
  const ended = withAlpha({
    ...siteAfter(jobA),
    jobs: [{ job: jobA, state: 'expired', code: 'expired' }],
    released: [],
    sent: [],
    audit: [],
  });
  const seen = (withdrawn: boolean, state: string): Seen => ({
    ...ended,
    studies: whole.studies.map((each) => ({ ...each, withdrawn })),
    hub: {
      ...hubAfter,
      witness: [],
      jobs: [{ ...(hubAfter.jobs[0] as SeenHub['jobs'][number]), state }, hubAfter.jobs[1] as never],
      replies: [replyB] as never,
      audit: ledger(['reply-stored', { job: jobB, ciphertext: bytes(jobB) }]),
    },
    pools: new Map(),
  });
  assert.deepEqual(checkAll(seen(true, 'expired')), []);
  assert.deepEqual(checksOf(seen(true, 'running')), ['state']);
  assert.deepEqual(checksOf(seen(false, 'expired')), ['state']);
});
