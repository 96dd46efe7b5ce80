/** Row for row what OHDSI's Circe gives, on real data. `npm run agree` does the same over every data set and prints why. */

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
import { judge, readReference, type Verdict } from '../../../scripts/agree/reference.ts';

interface Compared {
  readonly data: string;
  readonly definitions: string;
  readonly parity?: true;
  /** Definitions, those of them that find somebody and agree, and those that the reference could not run. */
  readonly counts: readonly [all: number, nonEmpty: number, notRun: number];
}

const plsynth: readonly Compared[] = [
  { data: 'plsynth', definitions: 'phenotypes', counts: [547, 546, 0] },
  { data: 'random-1.12.1', definitions: 'random-definitions', parity: true, counts: [100, 44, 14] },
];
const gibleed: readonly Compared[] = [{ data: 'gibleed', definitions: 'phenotypes', counts: [547, 69, 0] }];
const synthea: readonly Compared[] = [{ data: 'synthea', definitions: 'phenotypes', counts: [547, 37, 0] }];

/** Differs in the ends of ten persons, whose events are tied on the start date: scripts/agree/ties.ts proves it. */
const tied = ['100057'];

for (const [cdm, compared] of Object.entries({ plsynth, gibleed, synthea })) {
  test(`every definition agrees with the reference on ${cdm}`, {
    skip: withoutData('ohdsi'),
  }, async (t) => {
    const folder = dataSet('ohdsi') ?? '';
    const { pool } = await testDatabase(t, { streams: ['results'] });
    await migrate(pool, 'cdm', 'cdm');
    await loadCdm({ pool }, { directory: join(folder, cdm), schema: 'cdm' });
    await pool.query('analyze');
    for (const { data, definitions, parity = false, counts } of compared) {
      const expected = readReference(folder, data);
      const files = definitionFiles([join(folder, definitions)]);
      const lines: GeneratedLine[] = [];
      await runCohorts(pool, files, {
        cdmSchema: 'cdm',
        connections: 2,
        parity,
        now: () => new Date(),
        onLine: (line) => lines.push(line),
      });
      const verdicts = lines.map((line) => ({
        name: line.name,
        verdict: judge(expected.get(line.name), line),
      }));
      assert.deepEqual(
        verdicts.filter(
          ({ name, verdict }) =>
            verdict.kind !== 'agreed' && verdict.kind !== 'not-run' && !tied.includes(name),
        ),
        [],
      );
      const count = (test: (verdict: (typeof verdicts)[number]['verdict']) => boolean) =>
        verdicts.filter(({ verdict }) => test(verdict)).length;
      assert.deepEqual(
        [
          verdicts.length,
          count((verdict) => verdict.kind === 'agreed' && !verdict.empty),
          count((verdict) => verdict.kind === 'not-run'),
        ],
        counts,
        data,
      );
    }
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
  // What the reference could not run must run here, or be refused with its reason: nothing else is an answer.
  const failed = { status: 'sql_error', error: 'x' } as const;
  assert.match(reasonOf(judge(failed, line)), /^x; ours: \d+ persons/);
  const refused = { name: '2', status: 'refused', reason: 'y', ms: 1, cached: false } as const;
  assert.match(reasonOf(judge(failed, refused)), /^x; ours: refused: y/);
  assert.equal(judge(failed, { ...refused, status: 'error' }).kind, 'refused');
});

function reasonOf(verdict: Verdict): string {
  return verdict.kind === 'not-run' ? verdict.reason : verdict.kind;
}
