/**
 * A reader with patience: finds by trying whole numbers, with no linear program, the least and the greatest value a cell
 * can have in any table that agrees with a release. Small tables only.
 */

import type { Link, RawCells, ReleasedCell } from '#protocol/cell.ts';

type Ranges = Map<string, readonly [low: number, high: number]>;

export interface Attacker {
  /** The least and greatest value of the cell that agree with everything the reader holds. */
  pin(id: string): readonly [low: number, high: number];
}

export interface Knowledge {
  /** Bounds what nothing else does. */
  readonly most?: number;
  /** The reader knows which cells are empty, sent or derived. */
  readonly zeros?: boolean;
  /** Zeros are shown, so the reader knows that every published cell that is withheld holds somebody. */
  readonly zerosShown?: boolean;
}

/** `released` empty: what the reader knows before any release. */
export function attacker(
  input: RawCells,
  released: readonly ReleasedCell[],
  { most = 400, zeros = false, zerosShown = false }: Knowledge = {},
): Attacker {
  const said = new Map(released.map((cell) => [cell.id, cell]));
  const start: Ranges = new Map();
  for (const cell of input.cells) {
    const answer = said.get(cell.id);
    if (cell.visibility === 'known' || (zeros && cell.value === 0))
      start.set(cell.id, [cell.value, cell.value]);
    else if (answer?.state === 'value' || answer?.state === 'zero')
      start.set(cell.id, [answer.value, answer.value]);
    else if (answer?.state === 'suppressed') start.set(cell.id, [answer.low, answer.high]);
    else start.set(cell.id, [zerosShown && cell.visibility === 'published' && cell.value > 0 ? 1 : 0, most]);
  }
  const first = settle(input.links, start);
  if (first === undefined) throw new Error('no table agrees with the release');
  return {
    pin(id) {
      const [from, to] = first.get(id)!;
      let [low, high] = [from, to];
      while (low <= to && !agrees(input.links, new Map(first).set(id, [low, low]))) low++;
      while (high >= low && !agrees(input.links, new Map(first).set(id, [high, high]))) high--;
      return [low, high];
    },
  };
}

/** Whether some table agrees: tries every value of every open cell, narrowest cell first. */
function agrees(links: readonly Link[], ranges: Ranges): boolean {
  const settled = settle(links, ranges);
  if (settled === undefined) return false;
  let next: string | undefined;
  let width = Number.POSITIVE_INFINITY;
  for (const [id, [low, high]] of settled)
    if (high > low && high - low < width) [next, width] = [id, high - low];
  if (next === undefined) return true;
  const [low, high] = settled.get(next)!;
  for (let value = low; value <= high; value++) {
    if (agrees(links, new Map(settled).set(next, [value, value]))) return true;
  }
  return false;
}

/** Narrows ranges by one link at a time until nothing moves; undefined where a range is empty. */
function settle(links: readonly Link[], given: Ranges): Ranges | undefined {
  const ranges = new Map(given);
  for (let moved = true; moved; ) {
    moved = false;
    const narrow = (id: string, low: number, high: number): void => {
      const [was, to] = ranges.get(id)!;
      if (low <= was && high >= to) return;
      ranges.set(id, [Math.max(low, was), Math.min(high, to)]);
      moved = true;
    };
    for (const { total, parts, relation } of links) {
      const above = relation === 'at-least' ? Number.POSITIVE_INFINITY : 0;
      const below = relation === 'at-most' ? Number.NEGATIVE_INFINITY : 0;
      const low = parts.reduce((sum, id) => sum + ranges.get(id)![0], 0);
      const high = parts.reduce((sum, id) => sum + ranges.get(id)![1], 0);
      narrow(total, low + below, high + above);
      const [least, most] = ranges.get(total)!;
      for (const id of parts) {
        const [from, to] = ranges.get(id)!;
        narrow(id, least - above - (high - to), most - below - (low - from));
      }
    }
    for (const [low, high] of ranges.values()) if (low > high) return undefined;
  }
  return ranges;
}
