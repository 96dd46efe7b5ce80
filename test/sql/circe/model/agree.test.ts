import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { testDatabase } from '#test/support/database.ts';
import { agree } from './agree.ts';
import { loosen } from './engine.ts';
import { planted } from './planted.ts';

const { pool } = await testDatabase({ after }, { streams: ['cdm', 'results'] });
await loosen(pool);

test('machine-made definitions give the rows and inclusion tables of the model, whichever way they are compiled', async () => {
  let found = 0;
  await agree(pool, {
    runs: 300,
    seed: 20261122,
    onAnswer: ({ rows, masks }) => {
      if (rows.length + masks.length > 0) found += 1;
    },
  });
  assert.ok(found > 100, `only ${found} of them found somebody`);
});

for (const fault of [
  'a nested group is lost',
  'mapped concepts are left out',
  'Last means First',
  'age is not asked',
])
  test(`the comparison sees it where ${fault}`, async () => {
    const plant = planted[fault];
    assert.ok(plant);
    await assert.rejects(agree(pool, { runs: 600, seed: 3, plant, shrink: false }), /^Error: seed 3: /);
  });
