/** Row for row what OHDSI's Circe gives, on real data. `npm run agree` does the same over every data set and prints why. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { migrate } from '#host/postgres/migrate.ts';
import { loadCdm } from '#node/cdm/load.ts';
import { definitionFiles } from '#node/cohort/definitions.ts';
import { type GeneratedLine, runCohorts } from '#node/cohort/run.ts';
import { dataSet, withoutData } from '#test/support/data.ts';
import { testDatabase } from '#test/support/database.ts';
import { judge, readReference } from '../../../scripts/agree/reference.ts';

for (const [data, nonEmpty] of [
  ['plsynth', 546],
  ['gibleed', 69],
] as const) {
  test(`all 547 definitions agree with the reference on ${data}`, {
    skip: withoutData('ohdsi'),
  }, async (t) => {
    const folder = dataSet('ohdsi') ?? '';
    const { pool } = await testDatabase(t, { streams: ['results'] });
    await migrate(pool, 'cdm', 'cdm');
    await loadCdm({ pool }, { directory: join(folder, data), schema: 'cdm' });
    await pool.query('analyze');
    const expected = readReference(folder, data);
    const files = definitionFiles([join(folder, 'phenotypes')]);
    const lines: GeneratedLine[] = [];
    await runCohorts(pool, files, {
      cdmSchema: 'cdm',
      connections: 2,
      now: () => new Date(),
      onLine: (line) => lines.push(line),
    });
    const verdicts = lines.map((line) => ({
      name: line.name,
      verdict: judge(expected.get(line.name), line),
    }));
    assert.deepEqual(
      verdicts.filter(({ verdict }) => verdict.kind !== 'agreed'),
      [],
    );
    assert.equal(verdicts.length, 547);
    assert.equal(
      verdicts.filter(({ verdict }) => verdict.kind === 'agreed' && !verdict.empty).length,
      nonEmpty,
    );
  });
}

test('the comparison sees a wrong answer', { skip: withoutData('ohdsi') }, () => {
  const expected = readReference(dataSet('ohdsi') ?? '', 'plsynth').get('2');
  assert.ok(expected);
  const { error: _, ...figures } = expected;
  const line = { ...figures, name: '2', status: 'ok', ms: 1, cached: false } as GeneratedLine;
  assert.equal(judge(expected, line).kind, 'agreed');
  for (const wrong of [{ md5: 'x' }, { inclusionResult: [[0, 0, 1]] }, { summaryStats: [[0, 1, 1]] }]) {
    assert.equal(judge(expected, { ...line, ...wrong } as GeneratedLine).kind, 'differs');
  }
  assert.equal(judge(expected, { name: '2', status: 'timeout', ms: 1, cached: false }).kind, 'refused');
});
