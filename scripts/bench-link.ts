/**
 * `npm run bench:link -- [--json] [--quick]`: what a hub carries. At 10, 100 and 1,000 nodes on loopback: memory a connection, the time
 * from a study accepted by the hub (its HTTP call begins) to each verified answer stored durably (its acknowledgement is back at the node),
 * as a ratio to the same messages over bare sockets in the same run, and the hub's processor time; then 10,000 idle nodes.
 */

import { parseArgs } from 'node:util';
import { uuidv7 } from '#protocol/ids.ts';
import { createSealingPair, createSigningKey } from '#protocol/keys.ts';
import { readStudyDraft, signStudy } from '#protocol/study.ts';
import { signCopies } from '#protocol/study-copy.ts';
import { type Child, startChild } from './bench-link/child.ts';
import { type BenchHub, startHub } from './bench-link/hub.ts';
import { clock, type FromNodes } from './bench-link/message.ts';
import { cpuMs, pss } from './bench-link/process-figures.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    idle: { type: 'string' },
    sizes: { type: 'string' },
    rounds: { type: 'string' },
  },
});
const sizes = values.sizes?.split(',').map(Number) ?? (values.quick ? [10, 100] : [10, 100, 1000]);
const rounds = Number(values.rounds ?? (values.quick ? 3 : 7));
const idle = Number(values.idle ?? (values.quick ? 1000 : 10_000));

interface Row {
  readonly nodes: number;
  readonly rounds: number;
  readonly connectMs: number;
  readonly kibPerConnection: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly lastMs: number;
  readonly acceptMs: number;
  readonly bareP50Ms: number;
  readonly bareP99Ms: number;
  readonly ratioP99: number;
  readonly hubCpuMsPerAnswer: number;
}

const hub = await startHub();
const nodes = startChild('./nodes.ts');
const bare = startChild('./bare.ts');
try {
  const port = await bare.next<number>();
  const before = pss(hub.pid);
  const rows: Row[] = [];
  let linked = 0;
  for (const size of sizes) {
    const connectMs = await grow(hub, nodes, size);
    const memory = pss(hub.pid);
    nodes.send({ kind: 'bare', port, sites: size });
    await expect(nodes, 'connected');
    rows.push({
      ...(await measure(hub, nodes, bare, size)),
      connectMs: connectMs / Math.max(1, size - linked),
      kibPerConnection: (memory - before) / size / 1024,
    });
    linked = size;
    if (!values.json) say(rows.at(-1) as Row);
  }
  const idleMs = await grow(hub, nodes, idle);
  await new Promise((resolve) => setTimeout(resolve, 20_000));
  nodes.send({ kind: 'connect', url: hub.url, hubKey: hub.key, most: 0 });
  const { links } = await expect(nodes, 'connected');
  const idleRow = {
    nodes: idle,
    stillConnected: links,
    hubPssMb: pss(hub.pid) / 1e6,
    connectMs: idleMs,
    hubCpuMs: cpuMs(hub.pid),
  };
  if (values.json) process.stdout.write(`${JSON.stringify({ rows, idle: idleRow })}\n`);
  else
    process.stdout.write(
      `idle: ${links} of ${idle} nodes connected, hub PSS ${idleRow.hubPssMb.toFixed(0)} MB, connected in ${(idleMs / 1000).toFixed(1)} s\n`,
    );
  process.exitCode = links === idle ? 0 : 1;
} finally {
  nodes.end();
  bare.end();
  await hub.end();
}

/** Seeds and connects nodes until there are `size`. Gives the milliseconds that connecting took. */
async function grow(hub: BenchHub, nodes: Child, size: number): Promise<number> {
  nodes.send({ kind: 'make', sites: size });
  await hub.seed((await expect(nodes, 'made')).sites);
  const start = clock();
  nodes.send({ kind: 'connect', url: hub.url, hubKey: hub.key, most: size });
  await expect(nodes, 'connected');
  return clock() - start;
}

async function measure(hub: BenchHub, nodes: Child, bare: Child, size: number) {
  const key = await createSigningKey();
  const times: number[] = [];
  const lasts: number[] = [];
  const bareTimes: number[] = [];
  const accepts: number[] = [];
  let cpu = 0;
  for (let round = 0; round < rounds; round += 1) {
    const signed = await signStudy(draft(size), {
      key,
      sealingKey: (await createSealingPair()).public,
      signedAt: new Date().toISOString(),
      nextId: () => uuidv7(Date.now()),
    });
    const { jws } = signed;
    const copies = await signCopies(signed, key);
    nodes.send({ kind: 'prepare', study: jws });
    const { bytes } = await expect(nodes, 'prepared');
    const cpuBefore = cpuMs(hub.pid);
    const start = clock();
    const response = await fetch(`${hub.url}/api/v1/studies`, {
      method: 'POST',
      headers: { authorization: `Bearer ${hub.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ study: jws, copies }),
    });
    if (!response.ok) throw new Error(`the hub answered ${response.status}: ${await response.text()}`);
    const { delivered, stored } = await expect(nodes, 'round');
    const out = Math.min(...delivered);
    // The first round warms up: code is compiled, sessions are opened.
    if (round === 0) continue;
    cpu += cpuMs(hub.pid) - cpuBefore;
    accepts.push(out - start);
    times.push(...stored.map((at) => at - out));
    lasts.push(Math.max(...stored) - out);
    nodes.send({ kind: 'bare-round', bytes });
    await expect(nodes, 'prepared');
    const bareStart = clock();
    bare.send(Math.ceil(jws.length / size) * 2);
    bareTimes.push(...(await expect(nodes, 'round')).stored.map((at) => at - bareStart));
  }
  const p99 = quantile(times, 0.99);
  return {
    nodes: size,
    rounds: rounds - 1,
    p50Ms: quantile(times, 0.5),
    p99Ms: p99,
    lastMs: quantile(lasts, 0.5),
    acceptMs: quantile(accepts, 0.5),
    bareP50Ms: quantile(bareTimes, 0.5),
    bareP99Ms: quantile(bareTimes, 0.99),
    ratioP99: p99 / quantile(bareTimes, 0.99),
    hubCpuMsPerAnswer: cpu / (rounds - 1) / size,
  };
}

async function expect<K extends FromNodes['kind']>(
  nodes: Child,
  kind: K,
): Promise<Extract<FromNodes, { kind: K }>> {
  const message = await nodes.next<FromNodes>();
  if (message.kind === 'fault') throw new Error(message.what);
  if (message.kind !== kind) throw new Error(`${kind} was expected, ${message.kind} came`);
  return message as Extract<FromNodes, { kind: K }>;
}

function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

function say(row: Row): void {
  const ms = (value: number) => `${value.toFixed(1)} ms`;
  process.stdout.write(
    `${String(row.nodes).padStart(6)} nodes: p50 ${ms(row.p50Ms)}, p99 ${ms(row.p99Ms)}, last ${ms(row.lastMs)}; taking the study ${ms(row.acceptMs)}; bare p50 ${ms(row.bareP50Ms)}, p99 ${ms(row.bareP99Ms)}; ratio ${row.ratioP99.toFixed(1)}; ` +
      `hub ${row.hubCpuMsPerAnswer.toFixed(2)} ms CPU an answer; ${row.kibPerConnection.toFixed(0)} KiB and ${ms(row.connectMs)} a connection\n`,
  );
}

function draft(size: number) {
  const day = (add: number) => new Date(Date.now() + add * 86_400_000).toISOString().slice(0, 10);
  return readStudyDraft({
    title: 'How fast is the hub',
    purpose: 'A measurement on loopback.',
    sponsor: 'Nobody',
    ethicsReference: 'none needed',
    start: day(-1),
    end: day(30),
    retentionDays: 1,
    cohorts: [{ name: 'all', definition: { ConceptSets: [], PrimaryCriteria: { CriteriaList: [] } } }],
    analyses: [{ kind: 'count' }],
    minimumCell: 5,
    completion: { kind: 'all' },
    recipients: [{ name: 'Bench', organisation: 'Bench' }],
    sites: Array.from({ length: size }, (_, i) => `site-${String(i).padStart(5, '0')}`),
  });
}
