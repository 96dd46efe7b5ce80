/** What a worker holds after everything that may be freed was freed. */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

export interface Sample {
  readonly run: number;
  /** Bytes of the worker's own heap, with buffers outside it. */
  readonly held: number;
  /** Bytes of the whole process. */
  readonly rss: number;
}

/** Gives a function that frees and measures. */
export function openMemory(): (run: number) => Promise<Sample> {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  return async (run) => {
    // What one turn lets go of outside the heap is freed in the next.
    for (let turns = 0; turns < 3; turns += 1) {
      gc();
      await new Promise((resolve) => setImmediate(resolve));
    }
    const { heapUsed, external, rss } = process.memoryUsage();
    return { run, held: heapUsed + external, rss };
  };
}

const megabyte = 1_048_576;
const mostHeld = 24 * megabyte;
const mostRss = 320 * megabyte;

/** What grew between the samples of one worker; caches fill in the first third, which is not looked at. */
export function growth(samples: readonly Sample[]): { held: number; rss: number; breach?: string } {
  const later = samples.slice(Math.floor(samples.length / 3));
  const [first] = later;
  const last = later.at(-1);
  if (first === undefined || last === undefined) return { held: 0, rss: 0 };
  const held = last.held - first.held;
  const rss = last.rss - first.rss;
  const breach =
    held > mostHeld
      ? `memory held grew by ${Math.round(held / megabyte)} MB`
      : rss > mostRss
        ? `the process grew by ${Math.round(rss / megabyte)} MB`
        : undefined;
  return { held, rss, ...(breach === undefined ? {} : { breach }) };
}
