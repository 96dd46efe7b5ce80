import assert from 'node:assert/strict';
import { test } from 'node:test';
import { regressionsOf } from '../../scripts/bench-cohorts/shares.ts';

test('a definition that takes three times its recorded share is told, and noise is not', () => {
  const recorded = { slow: 0.1, steady: 0.6, tiny: 0.0001 };
  const times = (slow: number) =>
    new Map([
      ['slow', slow],
      ['steady', 600],
      ['tiny', 0.9],
      ['new', 300],
    ]);
  assert.deepEqual(regressionsOf(recorded, times(100)), []);
  // Three times as slow on a machine that is ten times as slow is the same share: nothing is told.
  const everything = new Map([...times(100)].map(([name, ms]) => [name, ms * 10]));
  assert.deepEqual(regressionsOf(recorded, everything), []);
  const [found, ...more] = regressionsOf(recorded, times(450));
  assert.deepEqual(more, []);
  assert.equal(found?.name, 'slow');
  assert.equal(found?.recorded, 0.1);
  assert.ok((found?.share ?? 0) > 0.3);
});
