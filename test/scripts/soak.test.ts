import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { PooledResult } from '#lead/pool.ts';
import type { Json } from '#protocol/canonical.ts';
import { chain, emptyHead, type LedgerEntry } from '#protocol/ledger.ts';
import { until } from '#test/network/party.ts';
import { checkAll, checkHead } from '../../scripts/soak/check.ts';
import { checkProcesses, checkSessions } from '../../scripts/soak/check-machine.ts';
import { inWords, planRound, siteNames } from '../../scripts/soak/plan.ts';
import { endAllUnder, processesUnder } from '../../scripts/soak/process-table.ts';
import type { Seen, SeenHub, SeenSite } from '../../scripts/soak/seen.ts';

test('a seed and a round give the same faults at the same moments, another seed others', () => {
  const words = (seed: number, round: number) =>
    planRound(seed, round).faults.map((fault) => `${fault.at} ${inWords(fault)}`);
  assert.deepEqual(planRound(7, 12), planRound(7, 12));
  assert.notDeepEqual(planRound(7, 12), planRound(7, 13));
  assert.notDeepEqual(planRound(7, 12), planRound(8, 12));
  // What --from replays is what stood in the log: a change of the drawing makes old seeds worthless, and is said here.
  assert.deepEqual(words(7, 1), ['704 restart hub, down 531 ms', '1553 kill epsilon (group), down 538 ms']);
});

test('three hundred rounds meet every kind of fault and every party', () => {
  const faults = Array.from({ length: 300 }, (_, i) => planRound(1, i + 1)).flatMap((plan) => plan.faults);
  const kinds = new Set(faults.map(({ kind }) => kind));
  assert.deepEqual([...kinds].sort(), [
    'cut',
    'freeze',
    'half-open',
    'kill',
    'kill-postgres',
    'power-cut',
    'restart',
    'stall',
    'unplug',
  ]);
  const killed = new Set(faults.flatMap((fault) => (fault.kind === 'kill' ? [fault.party] : [])));
  assert.deepEqual([...killed].sort(), ['hub', ...siteNames].sort());
  const servers = new Set(faults.flatMap((fault) => (fault.kind === 'kill-postgres' ? [fault.server] : [])));
  assert.deepEqual([...servers].sort(), ['alpha', 'beta', 'gamma', 'given', 'hub']);
});

const study = '0193f0a0-0000-7000-8000-000000000001';
const [jobA, jobB] = ['0193f0a0-0000-7000-8000-00000000000a', '0193f0a0-0000-7000-8000-00000000000b'];
const bytes = (job: string) => (job === jobA ? 'a' : 'b').repeat(64);

function ledger(...entries: readonly (readonly [string, Record<string, Json>])[]): LedgerEntry[] {
  const made: LedgerEntry[] = [];
  for (const [kind, body] of entries) {
    const head = made.at(-1) ?? emptyHead;
    made.push(chain(head, '2026-01-01T00:00:00.000Z', kind, body));
  }
  return made;
}

const siteAfter = (job: string): SeenSite => ({
  jobs: [{ job, state: 'answered', code: null }],
  released: [{ job, ciphertext: bytes(job) }],
  audit: ledger(['policy-applied', { version: 1 }], ['job-answered', { job, ciphertext: bytes(job) }]),
  sent: [{ job, acked: true }],
  unhandled: 0,
});

const hubAfter: SeenHub = {
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
  waiting: [],
};

const figure = (value: number) => ({ state: 'value' as const, value, sites: 2 });
const pool = {
  study,
  standsOn: '2 of 2',
  complete: true,
  sites: [
    { site: 'alpha', state: 'answered' },
    { site: 'beta', state: 'answered' },
  ],
  cohorts: [{ persons: figure(7), attrition: [20, 12, 7].map((value) => ({ persons: figure(value) })) }],
} as unknown as PooledResult;

const whole: Seen = {
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

const withHub = (change: Partial<SeenHub>): Seen => ({ ...whole, hub: { ...hubAfter, ...change } });
const withAlpha = (change: Partial<SeenSite>): Seen => ({
  ...whole,
  sites: new Map([...whole.sites, ['alpha', { ...siteAfter(jobA), ...change }]]),
});
const withPool = (change: object): Seen => ({
  ...whole,
  pools: new Map([[study, { ...pool, ...change } as PooledResult]]),
});
const checksOf = (seen: Seen) => [...new Set(checkAll(seen).map(({ check }) => check))];

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

test('sees a process that nobody answers for, and not the workers of a server', () => {
  const expected = { pids: new Set([10, 11]), servers: new Set([20]) };
  const ours = [
    { pid: 10, parent: 1, command: 'moim node run' },
    { pid: 11, parent: 10, command: 'moim.ts node run' },
    { pid: 20, parent: 1, command: 'postgres -D data' },
    { pid: 21, parent: 20, command: 'postgres: moim idle' },
  ];
  assert.deepEqual(checkProcesses(ours, expected), []);
  for (const orphan of [
    { pid: 30, parent: 1, command: 'moim.ts node run' },
    { pid: 31, parent: 29, command: 'postgres: moim active' },
  ])
    assert.match(checkProcesses([...ours, orphan], expected)[0]?.says ?? '', /belongs to nobody/);
});

test('sees a statement and a transaction that nobody ended', () => {
  const session = (state: string, seconds: number) => ({ party: 'alpha' as const, pid: 9, state, seconds });
  assert.deepEqual(checkSessions([session('idle', 900), session('active', 1)]), []);
  for (const state of ['active', 'idle in transaction'])
    assert.equal(checkSessions([session(state, 60)])[0]?.check, 'session');
});

test('finds the processes of a folder and ends them by their id', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'moim-soak-table-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', folder], {
    stdio: 'ignore',
    detached: true,
  });
  t.after(() => child.kill('SIGKILL'));
  await until('the process to be seen', () => processesUnder(folder).some(({ pid }) => pid === child.pid));
  const ended = new Promise((resolve) => child.once('exit', (_, signal) => resolve(signal)));
  await endAllUnder(folder);
  assert.equal(await ended, 'SIGKILL');
  assert.deepEqual(processesUnder(folder), []);
});
