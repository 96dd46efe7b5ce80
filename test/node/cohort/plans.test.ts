import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { migrate } from '#host/postgres/migrate.ts';
import { loadCdm } from '#node/cdm/load.ts';
import { definitionFiles } from '#node/cohort/definitions.ts';
import { runCohorts } from '#node/cohort/run.ts';
import type { GeneratedLine } from '#node/cohort/work.ts';
import { dataSet, withoutData } from '#test/support/data.ts';
import { testDatabase } from '#test/support/database.ts';
import { judge, readReference } from '../../../scripts/agree/reference.ts';

test('every way of asking criteria gives the rows of the reference', {
  skip: withoutData('ohdsi'),
}, async (t) => {
  const folder = dataSet('ohdsi') ?? '';
  const { pool } = await testDatabase(t, { streams: ['results'] });
  await migrate(pool, 'cdm', 'cdm');
  await loadCdm({ pool }, { directory: join(folder, 'plsynth'), schema: 'cdm' });
  await pool.query('analyze');
  const expected = readReference(folder, 'plsynth');
  const files = definitionFiles([join(folder, 'phenotypes')]);
  for (const plan of ['join', 'list', 'cover'] as const) {
    const lines: GeneratedLine[] = [];
    await runCohorts(pool, files, {
      cdmSchema: 'cdm',
      plan,
      batch: true,
      steady: true,
      connections: 2,
      now: () => new Date(),
      onLine: (line) => lines.push(line),
    });
    const wrong = lines.filter((line) => judge(expected.get(line.name), line).kind !== 'agreed');
    assert.deepEqual(wrong, [], plan);
    assert.equal(lines.length, 547);
  }
});
