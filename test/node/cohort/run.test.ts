import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type GeneratedLine, type RunOptions, runCohorts } from '#node/cohort/run.ts';
import { temporaryHome } from '#test/support/temporary-home.ts';
import { cohort } from '../../sql/circe/definitions.ts';
import { type TinyCdm, tinyCdm } from '../../sql/circe/tiny-cdm.ts';
import { options, plain, slow, threePersons } from './three-persons.ts';

async function run(
  cdm: TinyCdm,
  files: Readonly<Record<string, object | string>>,
  home: string,
  more: Partial<RunOptions> = {},
) {
  mkdirSync(home, { recursive: true });
  const list = Object.entries(files).map(([name, definition]) => {
    const file = join(home, `${name}.json`);
    writeFileSync(file, typeof definition === 'string' ? definition : JSON.stringify(definition));
    return { name, file };
  });
  const lines: GeneratedLine[] = [];
  const failed = await runCohorts(cdm.pool, list, {
    ...options,
    resultsSchema: 'results',
    dataVersion: 'v1',
    now: () => new Date('2030-01-01T00:00:00Z'),
    onLine: (line) => lines.push(line),
    ...more,
  });
  return { failed, lines };
}

test('an answer on the same data is not computed again, unless forced', async (t) => {
  const cdm = await tinyCdm(t);
  const home = temporaryHome(t);
  await threePersons(cdm);
  const states = async (more: Partial<RunOptions> = {}, definition: object = plain) => {
    const { lines } = await run(cdm, { c: definition }, home, more);
    return lines.map((line) => `${line.status} ${line.rows} ${line.cached}`).join();
  };
  assert.equal(await states(), 'ok 4 false');
  assert.equal(await states(), 'ok 4 true');
  assert.equal(await states({ force: true }), 'ok 4 false');
  assert.equal(await states({ parity: true }), 'ok 4 false', 'options make another question');
  assert.equal(await states({ dataVersion: 'v2' }), 'ok 4 false', 'new data make another answer');
  assert.equal(await states({ dataVersion: undefined }), 'ok 4 false');
  assert.equal(await states({ dataVersion: undefined }), 'ok 4 false', 'data that nobody vouches for');
  const kept = await cdm.pool.query(
    'select data_version, count(*)::int as n from results.cohort c join results.cohort_run using (cohort_definition_id) group by 1 order by 1',
  );
  assert.deepEqual(
    kept.rows.map((row) => `${row.data_version} ${row.n}`),
    ['unversioned 4', 'v1 4', 'v2 4'],
  );
  assert.equal(
    (await cdm.pool.query('select 1 from results.cohort')).rowCount,
    12,
    'earlier rows of the same data are gone',
  );
});

test('a definition that fails is a line, not an end', async (t) => {
  const cdm = await tinyCdm(t);
  await threePersons(cdm);
  await cdm.pool.query('drop table cdm.death');
  const files = {
    bad: '{',
    deadly: cohort([{ Death: {} }]),
    good: plain,
    region: cohort([{ LocationRegion: {} }]),
  };
  const { failed, lines } = await run(cdm, files, temporaryHome(t), { connections: 3 });
  assert.equal(failed, 3);
  const byName = new Map(lines.map((line) => [line.name, line]));
  assert.deepEqual(
    Object.keys(files).map((name) => `${name} ${byName.get(name)?.status}`),
    ['bad refused', 'deadly refused', 'good ok', 'region refused'],
  );
  assert.match(
    byName.get('bad')?.reason ?? '',
    /definition-refused: .*bad\.json: \$: the definition cannot be read/,
  );
  assert.match(byName.get('deadly')?.reason ?? '', /cdm\.death/);
  const noted = await cdm.pool.query('select name, status from results.cohort_run order by name');
  assert.deepEqual(
    noted.rows.map((row) => `${row.name} ${row.status}`),
    ['bad refused', 'deadly refused', 'good ok', 'region refused'],
  );
});

test('a cohort that runs out of time is a line with the status timeout', async (t) => {
  const cdm = await tinyCdm(t);
  await threePersons(cdm);
  await slow(cdm);
  const { lines } = await run(cdm, { c: plain, d: cohort([{ Death: {} }]) }, temporaryHome(t), {
    timeoutMs: 100,
  });
  assert.deepEqual(
    lines.map((line) => line.status),
    ['timeout', 'ok'],
  );
});
