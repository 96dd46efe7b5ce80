/** Draws that follow from a seed and the number of a run alone, so that any run can be made again by itself. */

import { createHash } from 'node:crypto';

export interface Draw {
  /** From 0 up to but without 1. */
  fraction(): number;
  /** A whole number from 0 up to but without `below`. */
  below(below: number): number;
  chance(share: number): boolean;
  pick<T>(from: readonly T[]): T;
}

/** sfc32 over a hash of seed and run. */
export function drawOf(seed: string, run: number): Draw {
  const state = createHash('sha256').update(`${seed}\0${run}`).digest();
  let [a, b, c, counter] = [state.readInt32LE(0), state.readInt32LE(4), state.readInt32LE(8), 1];
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 4294967296;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    fraction: next,
    below,
    chance: (share) => next() < share,
    pick(from) {
      const picked = from[below(from.length)];
      if (picked === undefined && from.length === 0) throw new Error('nothing to pick from');
      return picked as (typeof from)[number];
    },
  };
}
