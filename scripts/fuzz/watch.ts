/** Runs a worker and watches it: one that hangs is named, killed, and another goes on after the run it hung in. */

import { Worker } from 'node:worker_threads';
import type { Sample } from './memory.ts';
import { growth } from './memory.ts';
import type { Orders, Tally, Told } from './worker.ts';

export interface Breach {
  readonly target: string;
  readonly run: number;
  readonly what: string;
  readonly detail: string;
  readonly input: Uint8Array | undefined;
}

export interface Watched {
  readonly breaches: readonly Breach[];
  readonly counts: Readonly<Record<string, Tally>>;
  /** Bytes by which what is held, and the process, grew. */
  readonly held: number;
  readonly rss: number;
}

/** Milliseconds without a word after which a run counts as hanging: more than three times what `slow` in the worker allows. */
const hangMs = 5_000;
const mostBreaches = 50;

export async function watch(
  orders: Omit<Orders, 'at'>,
  hear: { readonly breach: (breach: Breach) => void; readonly progress: (run: number) => void },
  signal: AbortSignal,
): Promise<Watched> {
  const breaches: Breach[] = [];
  const counts: Record<string, Tally> = {};
  let [held, rss] = [0, 0];
  const found = (breach: Breach) => {
    breaches.push(breach);
    hear.breach(breach);
  };
  for (let from = orders.from; from < orders.to && breaches.length < mostBreaches && !signal.aborted; ) {
    const samples: Sample[] = [];
    from = await one({ ...orders, from }, samples, found, (more) => add(counts, more), hear.progress, signal);
    const grown = growth(samples);
    held = Math.max(held, grown.held);
    rss = Math.max(rss, grown.rss);
    if (grown.breach !== undefined)
      found({
        target: 'all',
        run: samples.at(-1)?.run ?? from,
        what: grown.breach,
        detail: '',
        input: undefined,
      });
  }
  return { breaches, counts, held, rss };
}

/** Gives the run to go on with. */
async function one(
  orders: Omit<Orders, 'at'>,
  samples: Sample[],
  found: (breach: Breach) => void,
  count: (counts: Readonly<Record<string, Tally>>) => void,
  progress: (run: number) => void,
  signal: AbortSignal,
): Promise<number> {
  const at = new Int32Array(new SharedArrayBuffer(4)).fill(-1);
  const worker = new Worker(new URL('worker.ts', import.meta.url), {
    workerData: { ...orders, at } satisfies Orders,
  });
  let last = { run: -1, since: performance.now() };
  let next = orders.to;
  const stop = (goOn: number) => {
    next = goOn;
    clearInterval(look);
    void worker.terminate();
  };
  const look = setInterval(() => {
    const run = Atomics.load(at, 0);
    if (run !== last.run || run < 0) last = { run, since: performance.now() };
    else if (performance.now() - last.since > hangMs) {
      found({ target: 'unknown', run, what: 'a hang', detail: '', input: undefined });
      stop(run + 1);
    }
    if (run >= 0) progress(run);
    if (signal.aborted) stop(orders.to);
  }, 100);
  let seen = 0;
  worker.on('message', (told: Told) => {
    switch (told.kind) {
      case 'breach':
        found(told);
        seen += 1;
        if (seen >= mostBreaches) stop(orders.to);
        return;
      case 'sample':
        samples.push(told.sample);
        return;
      case 'over':
        count(told.counts);
        return;
    }
  });
  try {
    await new Promise<void>((resolve, reject) => {
      worker.once('exit', () => resolve());
      worker.once('error', (error) => {
        const run = Atomics.load(at, 0);
        if (run < 0) return reject(error);
        // Not even the worker could catch it: a stack or a heap that overflowed.
        found({
          target: 'unknown',
          run,
          what: `the worker died: ${String(error)}`,
          detail: '',
          input: undefined,
        });
        next = run + 1;
        resolve();
      });
    });
  } finally {
    clearInterval(look);
  }
  return next;
}

function add(counts: Record<string, Tally>, more: Readonly<Record<string, Tally>>): void {
  for (const [kind, tally] of Object.entries(more)) {
    counts[kind] ??= { taken: 0, refused: 0, breach: 0, ms: 0 };
    const sum = counts[kind]!;
    for (const part of ['taken', 'refused', 'breach', 'ms'] as const) sum[part] += tally[part];
  }
}
