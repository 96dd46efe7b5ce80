/** The flags of `npm run soak:kill`. */

import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

export const usage =
  'npm run soak:kill -- --rounds N [--seed S] [--from ROUND] [--out DIR] [--prove] [--keep] [--json]';

/** Undefined where they were not understood. */
export function readOptions(argv: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        rounds: { type: 'string' },
        seed: { type: 'string' },
        from: { type: 'string' },
        out: { type: 'string' },
        json: { type: 'boolean' },
        prove: { type: 'boolean' },
        keep: { type: 'boolean' },
      },
    });
    const whole = (text: string | undefined, otherwise: number) =>
      text === undefined ? otherwise : /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
    const rounds = whole(values.rounds, 0);
    const seed = whole(values.seed, Math.floor(Math.random() * 2 ** 31));
    const from = whole(values.from, 1);
    if (!(rounds > 0) || Number.isNaN(seed) || !(from > 0)) return undefined;
    const out = resolve(values.out ?? join(tmpdir(), `moim-soak-${seed}`));
    return {
      rounds,
      seed,
      from,
      out,
      json: values.json === true,
      prove: values.prove === true,
      keep: values.keep === true,
    };
  } catch {
    return undefined;
  }
}
