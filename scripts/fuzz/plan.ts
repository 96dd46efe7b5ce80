/** Which target a run meets with which input: a pure function of seed and number, so that every run can be made again. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mutate } from './mutate.ts';
import { type Draw, drawOf } from './random.ts';
import type { Target } from './target.ts';

export interface Run {
  readonly target: Target;
  readonly input: Buffer;
  /** The draw after the input was made: for choices of the target. */
  readonly draw: Draw;
}

export type Plan = (run: number) => Run;

/** Throws where a target has no corpus. */
export function planOf(targets: readonly Target[], corpus: string, seed: string): Plan {
  const inputs = new Map(targets.map(({ kind }) => [kind, readCorpus(join(corpus, kind))]));
  const total = targets.reduce((sum, { weight }) => sum + weight, 0);
  return (run) => {
    const draw = drawOf(seed, run);
    let left = draw.fraction() * total;
    const target = targets.find(({ weight }) => {
      left -= weight;
      return left < 0;
    });
    if (target === undefined) throw new Error('no target');
    const others = inputs.get(target.kind) ?? [];
    const start = draw.pick(others);
    // Now and then as it is: what the corpus holds must do what it says.
    return { target, input: draw.chance(0.01) ? start : mutate(start, target.form, others, draw), draw };
  };
}

function readCorpus(folder: string): readonly Buffer[] {
  const files = readdirSync(folder).sort();
  if (files.length === 0) throw new Error(`${folder} is empty`);
  return files.map((file) => readFileSync(join(folder, file)));
}
