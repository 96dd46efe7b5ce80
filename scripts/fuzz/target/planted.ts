/** Targets that are broken on purpose, one for each thing the runner must see. */

import { MoimError } from '#protocol/errors.ts';
import type { Draw } from '../random.ts';
import { marker, type Target } from '../target.ts';

const never = (): Promise<never> => Promise.reject(new Error('nobody waits for this'));

const faults: Readonly<Record<string, (input: Buffer, held: Buffer[], draw: Draw) => readonly string[]>> = {
  crash(input) {
    if (input.length % 7 === 0) (undefined as unknown as { a: () => void }).a();
    return [];
  },
  hang(_input, _held, draw) {
    const forever = draw.below(200) === 0;
    for (let turns = 0; forever; turns += 1) if (turns < 0) break;
    return [];
  },
  leak(_, held) {
    held.push(Buffer.alloc(10_000, 1));
    return [];
  },
  marker(input) {
    throw new MoimError('bad-input', input.includes(marker) ? `found ${marker}` : 'found nothing');
  },
  output: (input) => [input.toString('latin1')],
  rejection() {
    void never();
    return [];
  },
  unknown() {
    const error = new MoimError('bad-input');
    Object.defineProperty(error, 'code', { value: 'no-such-code' });
    throw error;
  },
};

/** Takes the name of a fault; its inputs are the corpus of keys. */
export function plantedTarget(name: string): Target {
  const held: Buffer[] = [];
  const fault = faults[name];
  if (fault === undefined) throw new Error(`one of ${Object.keys(faults).join(', ')}`);
  return { kind: 'key-file', form: 'json', weight: 1, run: (input, draw) => fault(input, held, draw) };
}
