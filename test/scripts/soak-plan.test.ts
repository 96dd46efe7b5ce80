import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { until } from '#test/network/party.ts';
import { checkProcesses, checkSessions } from '../../scripts/soak/check-machine.ts';
import { inWords, planRound, siteNames } from '../../scripts/soak/plan.ts';
import { endAllUnder, processesUnder } from '../../scripts/soak/process-table.ts';

test('a seed and a round give the same faults at the same moments, another seed others', () => {
  const words = (seed: number, round: number) =>
    planRound(seed, round).faults.map((fault) => `${fault.at} ${inWords(fault)}`);
  assert.deepEqual(planRound(7, 12), planRound(7, 12));
  assert.notDeepEqual(planRound(7, 12), planRound(7, 13));
  assert.notDeepEqual(planRound(7, 12), planRound(8, 12));
  // What --from replays is what stood in the log: a change of the drawing makes old seeds worthless, and is said here.
  assert.deepEqual(words(7, 9), [
    '327 kill delta (both), down 507 ms, again after 143 ms',
    '1604 half-open epsilon for 1236 ms',
    '2001 stall delta for 334 ms',
  ]);
});

test('three hundred rounds meet every kind of fault and every party', () => {
  const faults = Array.from({ length: 300 }, (_, i) => planRound(1, i + 1)).flatMap((plan) => plan.faults);
  const kinds = new Set(faults.map(({ kind }) => kind));
  assert.deepEqual([...kinds].sort(), [
    'cut',
    'freeze',
    'half-open',
    'kill',
    'kill-command',
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
