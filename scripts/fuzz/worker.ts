/** The thread that runs inputs. It says which run it is in before it begins, so that whoever watches can name the one that hangs. */

import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { judge, type Verdict } from './judge.ts';
import { openMemory, type Sample } from './memory.ts';
import { minimise } from './minimise.ts';
import { planOf, type Run } from './plan.ts';
import { drawOf } from './random.ts';
import { fileTargets } from './target/files.ts';
import { openHttp } from './target/http.ts';
import { plainTargets } from './target/plain.ts';
import { plantedTarget } from './target/planted.ts';
import { signedTargets } from './target/signed.ts';
import type { Target } from './target.ts';

export interface Orders {
  readonly seed: string;
  readonly from: number;
  readonly to: number;
  readonly corpus: string;
  /** A folder of this worker's own. */
  readonly folder: string;
  readonly databaseUrl: string | undefined;
  readonly only: readonly string[];
  readonly plant: string | undefined;
  /** The run it is in, for whoever watches; -1 between runs. */
  readonly at: Int32Array;
}

export type Told =
  | {
      readonly kind: 'breach';
      readonly run: number;
      readonly target: string;
      readonly what: string;
      readonly detail: string;
      readonly input: Uint8Array;
    }
  | { readonly kind: 'sample'; readonly sample: Sample }
  | { readonly kind: 'over'; readonly counts: Readonly<Record<string, Tally>> };

export interface Tally {
  taken: number;
  refused: number;
  breach: number;
  ms: number;
}

/** Milliseconds that one input may take. */
const slow = 1_000;

const orders = workerData as Orders;
const tell = (told: Told) => parentPort?.postMessage(told);
const counts: Record<string, Tally> = {};
let rejected: unknown;
process.on('unhandledRejection', (reason) => {
  rejected = reason ?? new Error('rejected with nothing');
});

const http = wanted('http') ? await openHttp(join(orders.folder, 'hub'), orders.databaseUrl, 1) : undefined;
const all: readonly Target[] = [
  ...plainTargets,
  ...signedTargets,
  ...fileTargets(orders.folder),
  ...(http ? [http.target] : []),
];
const targets =
  orders.plant === undefined ? all.filter(({ kind }) => wanted(kind)) : [plantedTarget(orders.plant)];
const plan = planOf(targets, orders.corpus, orders.seed);
const measure = openMemory();
const step = Math.max(500, Math.floor((orders.to - orders.from) / 9));
let quiet = orders.from;

for (let run = orders.from; run < orders.to; run += 1) {
  const next = plan(run);
  Atomics.store(orders.at, 0, run);
  const verdict = await judgeFairly(next);
  Atomics.store(orders.at, 0, -1);
  await note(run, next, verdict);
  if ((run - orders.from) % 64 === 63) await lookForRejections(run);
  if ((run - orders.from) % step === step - 1) tell({ kind: 'sample', sample: await measure(run) });
}
await lookForRejections(orders.to - 1);
await http?.close();
tell({ kind: 'over', counts });

function wanted(kind: string): boolean {
  return orders.plant === undefined && (orders.only.length === 0 || orders.only.includes(kind));
}

/** A slow run is run again: what is slow three times is slow by itself, not because the machine was busy. */
async function judgeFairly({ target, input, draw }: Run): Promise<Verdict> {
  let verdict = await judge(target, input, draw);
  for (let again = 0; verdict.ms > slow && verdict.outcome !== 'breach' && again < 2; again += 1)
    verdict = await judge(target, input, drawOf(orders.seed, again));
  return verdict.ms > slow && verdict.outcome !== 'breach'
    ? { ...verdict, outcome: 'breach', breach: 'took longer than a second' }
    : verdict;
}

async function note(run: number, { target, input }: Run, verdict: Verdict): Promise<void> {
  counts[target.kind] ??= { taken: 0, refused: 0, breach: 0, ms: 0 };
  const tally = counts[target.kind]!;
  tally[verdict.outcome] += 1;
  tally.ms += verdict.ms;
  if (verdict.outcome !== 'breach') return;
  const { breach: what = '', detail = '' } = verdict;
  const alike = async (shorter: Buffer) => (await judge(target, shorter, plan(run).draw)).breach === what;
  const small = verdict.ms > 200 ? input : await minimise(input, alike);
  tell({ kind: 'breach', run, target: target.kind, what, detail, input: small });
}

/** Rejections that nobody waited for come to light a turn later: all that is known is between which runs. */
async function lookForRejections(run: number): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  if (rejected !== undefined) {
    const detail = rejected instanceof Error ? (rejected.stack ?? '') : String(rejected);
    rejected = undefined;
    const { target, input } = plan(run);
    const what = `an unhandled rejection between runs ${quiet} and ${run}`;
    tell({ kind: 'breach', run, target: target.kind, what, detail, input });
  }
  quiet = run + 1;
}
