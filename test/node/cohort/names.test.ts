/** Definitions and the names that they go by: renamed, repeated, at fault. */

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCohorts } from '#node/cohort/run.ts';
import type { GeneratedLine } from '#node/cohort/work.ts';
import { temporaryHome } from '#test/support/temporary-home.ts';
import { cohort } from '../../sql/circe/definitions.ts';
import { tinyCdm } from '../../sql/circe/tiny-cdm.ts';
import { run, women } from './run-files.ts';
import { options, plain, sets, sick, threePersons } from './three-persons.ts';

test('of two definitions of one name the last is kept, however far apart they stand', async (t) => {
  const cdm = await tinyCdm(t);
  await threePersons(cdm);
  const home = temporaryHome(t);
  await run(cdm, { x: plain }, home);
  const first = temporaryHome(t);
  mkdirSync(first, { recursive: true });
  writeFileSync(join(first, 'x.json'), JSON.stringify(women));
  for (const connections of [1, 2]) {
    const list = Array.from({ length: 120 }, (_, at) => ({
      name: `c${at}`,
      file: join(home, `c${at}.json`),
    }));
    for (const { file } of list) writeFileSync(file, JSON.stringify(cohort([{ Death: {} }])));
    list.splice(10, 0, { name: 'x', file: join(first, 'x.json') });
    list.push({ name: 'x', file: join(home, 'x.json') });
    const lines: GeneratedLine[] = [];
    const now = () => new Date('2030-01-01T00:00:00Z');
    const onLine = (line: GeneratedLine) => lines.push(line);
    await runCohorts(cdm.pool, list, {
      ...options,
      resultsSchema: 'results',
      dataVersion: 'cdm:v1',
      connections,
      now,
      onLine,
    });
    const [one, two] = lines.filter(({ name }) => name === 'x');
    assert.notEqual(one?.rows, two?.rows);
    const kept = await cdm.pool.query<{ rows: number }>(
      "select (select count(*)::int from results.cohort c where c.cohort_definition_id = r.cohort_definition_id) as rows from results.cohort_run r where name = 'x'",
    );
    assert.deepEqual(kept.rows, [{ rows: 4 }], `${connections} connections`);
  }
});

test('names that change places keep their rows', async (t) => {
  const cdm = await tinyCdm(t);
  await threePersons(cdm);
  const home = temporaryHome(t);
  await run(
    cdm,
    {
      a: plain,
      b: women,
      c: cohort([sick], { ...sets, CollapseSettings: { CollapseType: 'ERA', EraPad: 9 } }),
    },
    home,
  );
  const lines = await run(cdm, { a: women, b: plain, c: plain }, home);
  assert.deepEqual(
    lines.map(({ name, rows, cached }) => `${name} ${rows} ${cached}`),
    ['a 3 true', 'b 4 true', 'c 4 true'],
  );
  const { rows } = await cdm.pool.query<{ name: string; rows: number }>(
    'select r.name, count(c.*)::int as rows from results.cohort_run r left join results.cohort c using (cohort_definition_id) group by 1 order by 1',
  );
  assert.deepEqual(rows, [
    { name: 'a', rows: 3 },
    { name: 'b', rows: 4 },
    { name: 'c', rows: 4 },
  ]);
});

test('a definition with more faults than can be told is a line of its own', async (t) => {
  const cdm = await tinyCdm(t);
  await threePersons(cdm);
  const twice = Array.from({ length: 5000 }, (_, at) => `"k${at}":1,"k${at}":1`).join(',');
  const lines = await run(
    cdm,
    { a: plain, bomb: `{"${'x'.repeat(150_000)}":{${twice}}}`, b: plain },
    temporaryHome(t),
  );
  assert.deepEqual(
    lines.map(({ status }) => status),
    ['ok', 'refused', 'ok'],
  );
  assert.match(lines[1]?.reason ?? '', /and \d+ more$/);
  assert.ok((lines[1]?.reason ?? '').length < 100_000);
});
