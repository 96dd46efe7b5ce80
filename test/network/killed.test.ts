import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, test } from 'node:test';
import type { Ending } from '#test/support/database.ts';
import { type RunningProcess, startMoim } from '#test/support/process.ts';
import {
  assertAnsweredOnce,
  assertChainsVerify,
  openNetwork,
  type Party,
  rowsOf,
  type Site,
} from './network.ts';
import { until } from './party.ts';
import { reach, sendStudy, statesOf } from './study.ts';

const network = await openNetwork(
  { after },
  { sites: { alpha: { persons: 60, salt: 1 }, beta: { persons: 70, salt: 2 } }, minimumCell: 1 },
);
const { hub, lead, sites } = network;
const [alpha, beta] = sites as [Site, Site];
// From here on every party is a process of its own, that can be killed.
await hub.stop();

// A child that a test starts outlives that test.
const endings: (() => Promise<void>)[] = [];
const file: Ending = { after: (work) => void endings.push(work) };
after(async () => {
  for (const work of endings) await work();
});

async function run(party: Party, noun: 'hub' | 'node'): Promise<RunningProcess> {
  const child = startMoim(file, party.home, [noun, 'run'], {
    env: { PATH: process.env.PATH, ...party.env },
    lifeMs: 170_000,
  });
  await child.line(/^ready /, 20_000);
  return child;
}

async function killed(child: RunningProcess): Promise<void> {
  child.kill('SIGKILL');
  assert.equal((await child.ended).signal, 'SIGKILL');
}

const held = new Set<() => Promise<void>>();
afterEach(async () => {
  for (const free of held) await free();
});

/** Holds a table until what it gives is called, or the test ends. */
async function hold(party: Party, table: string, mode: string): Promise<() => Promise<void>> {
  const client = await party.pool.connect();
  const free = async () => {
    if (!held.delete(free)) return;
    await client.query('rollback');
    client.release();
  };
  held.add(free);
  await client.query(`begin; set local lock_timeout = '10s'; lock table ${table} in ${mode} mode`);
  return free;
}

const waitsFor = (site: Site, what: string) =>
  until(`a statement of ${site.site} to wait for ${what}`, async () => {
    const rows = await rowsOf(
      site.pool,
      `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like $1`,
      [`%${what}%`],
    );
    return rows.length > 0;
  });

let hubProcess = await run(hub, 'hub');
let nodes = { alpha: await run(alpha, 'node'), beta: await run(beta, 'node') };

test('a hub killed while jobs are out gives every answer once after its restart', async () => {
  const free = await Promise.all(sites.map((site) => hold(site, 'cdm.person', 'access exclusive')));
  const study = await sendStudy(network);
  await reach(lead, study, { alpha: 'running', beta: 'running' });
  await killed(hubProcess);
  for (const release of free) await release();
  hubProcess = await run(hub, 'hub');
  await reach(lead, study, { alpha: 'answered', beta: 'answered' }, 40_000);
  for (const site of sites) await assertAnsweredOnce(network, site, study.jobs[site.site] ?? '');
});

test('a hub killed while it takes a reply in takes it once after its restart', async () => {
  const free = await hold(hub, 'hub.reply', 'exclusive');
  const study = await sendStudy(network, { sites: [alpha] });
  await until('the hub to hold a reply it cannot store', async () => {
    const rows = await rowsOf(
      hub.pool,
      `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like '%"reply"%'`,
    );
    return rows.length > 0;
  });
  await killed(hubProcess);
  await free();
  assert.deepEqual(await rowsOf(hub.pool, 'select from hub.reply where job = $1', [study.jobs.alpha]), []);
  hubProcess = await run(hub, 'hub');
  await reach(lead, study, { alpha: 'answered' }, 40_000);
  await assertAnsweredOnce(network, alpha, study.jobs.alpha ?? '');
});

// The answer, its audit entry and its envelope are one transaction: wherever in it the node dies, all of it or nothing stands.
for (const table of ['released', 'audit', 'outbox']) {
  test(`a node killed between run and answer, at the table ${table}, answers once after its restart`, async () => {
    const freeData = await hold(alpha, 'cdm.person', 'access exclusive');
    const study = await sendStudy(network, { sites: [alpha] });
    const job = study.jobs.alpha ?? '';
    await reach(lead, study, { alpha: 'running' });
    const freeTable = await hold(alpha, `moim.${table}`, 'share row exclusive');
    await freeData();
    await waitsFor(alpha, `"${table}"`);
    await killed(nodes.alpha);
    await freeTable();
    await until('the transaction of the dead to be gone', async () => {
      const rows = await rowsOf(
        alpha.pool,
        `select from pg_stat_activity where datname = current_database() and application_name = 'moim-node' and backend_xid is not null`,
      );
      return rows.length === 0;
    });
    assert.deepEqual(
      await rowsOf(alpha.pool, 'select from moim.released where job = $1', [job]),
      [],
      'nothing half-written',
    );
    const [kept] = await rowsOf<{ state: string }>(alpha.pool, 'select state from moim.job where job = $1', [
      job,
    ]);
    assert.equal(kept?.state, 'running');
    nodes = { ...nodes, alpha: await run(alpha, 'node') };
    await reach(lead, study, { alpha: 'answered' }, 40_000);
    await assertAnsweredOnce(network, alpha, job);
  });
}

test('a node killed after its answer and before its delivery delivers it once after its restart', async () => {
  const freeData = await hold(alpha, 'cdm.person', 'access exclusive');
  const study = await sendStudy(network, { sites: [alpha] });
  const job = study.jobs.alpha ?? '';
  await reach(lead, study, { alpha: 'running' });
  await killed(hubProcess);
  await freeData();
  await until(
    'the answer to be kept',
    async () => (await rowsOf(alpha.pool, 'select from moim.released where job = $1', [job])).length === 1,
  );
  await killed(nodes.alpha);
  hubProcess = await run(hub, 'hub');
  assert.equal((await statesOf(lead, study)).alpha, 'running');
  nodes = { ...nodes, alpha: await run(alpha, 'node') };
  await reach(lead, study, { alpha: 'answered' }, 40_000);
  await assertAnsweredOnce(network, alpha, job);
});

test('SIGTERM ends hub and node in order, exit 0, also while a cohort runs', async () => {
  const free = await hold(alpha, 'cdm.person', 'access exclusive');
  const study = await sendStudy(network);
  await reach(lead, study, { alpha: 'running', beta: 'answered' });
  for (const child of [nodes.alpha, nodes.beta]) child.kill('SIGTERM');
  for (const child of [nodes.alpha, nodes.beta])
    assert.deepEqual(await child.ended, { code: 0, signal: null });
  await free();
  hubProcess.kill('SIGTERM');
  assert.deepEqual(await hubProcess.ended, { code: 0, signal: null });
  for (const party of [hub, alpha, beta])
    assert.equal(existsSync(join(party.home, 'run.json')), false, 'run.json is gone');
  for (const child of [nodes.alpha, nodes.beta, hubProcess]) {
    const last = child.stderr().trim().split('\n').at(-1) ?? '';
    assert.equal((JSON.parse(last) as { msg: string }).msg, 'stopped');
    assert.match(
      child.stdout(),
      /^ready \{"url":"http:\/\/127\.0\.0\.1:\d+","pid":\d+\}\n$/,
      'stdout is the answer only',
    );
  }
  hubProcess = await run(hub, 'hub');
  nodes = { alpha: await run(alpha, 'node'), beta: await run(beta, 'node') };
  await reach(lead, study, { alpha: 'answered', beta: 'answered' }, 40_000);
  for (const site of sites) await assertAnsweredOnce(network, site, study.jobs[site.site] ?? '');
  for (const child of [nodes.alpha, nodes.beta, hubProcess]) child.kill('SIGTERM');
  for (const child of [nodes.alpha, nodes.beta, hubProcess]) await child.ended;
});

test('the audit chains verify', () => assertChainsVerify(network));
