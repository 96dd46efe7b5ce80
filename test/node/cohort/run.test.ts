import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { definitionFiles } from '#node/cohort/definitions.ts';
import { type RunOptions, runCohorts } from '#node/cohort/run.ts';
import type { GeneratedLine } from '#node/cohort/work.ts';
import { temporaryHome } from '#test/support/temporary-home.ts';
import { cohort } from '../../sql/circe/definitions.ts';
import { tinyCdm } from '../../sql/circe/tiny-cdm.ts';
import { runFiles } from './run-files.ts';
import { options, plain, slow, threePersons } from './three-persons.ts';

test('an answer on the same data is not computed again, unless forced', async (t) => {
  const cdm = await tinyCdm(t);
  const home = temporaryHome(t);
  await threePersons(cdm);
  const states = async (more: Partial<RunOptions> = {}, definition: object = plain) => {
    const { lines } = await runFiles(cdm, { c: definition }, home, more);
    return lines.map((line) => `${line.status} ${line.rows} ${line.cached}`).join();
  };
  assert.equal(await states(), 'ok 4 false');
  assert.equal(await states(), 'ok 4 true');
  assert.equal(await states({ force: true }), 'ok 4 false');
  assert.equal(await states({ parity: true }), 'ok 4 false', 'options make another question');
  assert.equal(await states({ dataVersion: 'cdm:v2' }), 'ok 4 false', 'new data make another answer');
  assert.equal(await states({ dataVersion: 'other:v1' }), 'ok 4 false', 'as does another CDM');
  assert.equal(await states({ dataVersion: undefined }), 'ok 4 false');
  assert.equal(await states({ dataVersion: undefined }), 'ok 4 false', 'data that nobody vouches for');
  const kept = await cdm.pool.query(
    'select data_version, count(*)::int as n from results.cohort c join results.cohort_run using (cohort_definition_id) group by 1 order by 1',
  );
  assert.deepEqual(
    kept.rows.map((row) => `${row.data_version} ${row.n}`),
    ['cdm:v2 4', 'other:v1 4', 'unversioned 4'],
    'those of the data before are gone',
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
  const { failed, lines } = await runFiles(cdm, files, temporaryHome(t), { connections: 3 });
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
  const { lines } = await runFiles(cdm, { c: plain, d: cohort([{ Death: {} }]) }, temporaryHome(t), {
    timeoutMs: 100,
  });
  assert.deepEqual(
    lines.map((line) => line.status),
    ['timeout', 'ok'],
  );
});

test('a file that cannot be read is a line, not an end', async (t) => {
  const cdm = await tinyCdm(t);
  await threePersons(cdm);
  const home = temporaryHome(t);
  const gone = { name: 'gone', file: join(home, 'gone.json') };
  writeFileSync(join(home, 'a.json'), JSON.stringify(plain));
  writeFileSync(join(home, 'b.json'), Buffer.from([0x7b, 0xb0, 0xa1]));
  writeFileSync(join(home, 'c.json'), JSON.stringify(plain));
  mkdirSync(join(home, 'd.json'));
  for (const batch of [false, true]) {
    const lines: GeneratedLine[] = [];
    const failed = await runCohorts(
      cdm.pool,
      [gone, ...definitionFiles([home]), ...definitionFiles([join(home, 'b.json')])],
      {
        ...options,
        resultsSchema: 'results',
        now: () => new Date('2030-01-01T00:00:00Z'),
        onLine: (line) => lines.push(line),
        batch,
      },
    );
    assert.equal(failed, 3);
    assert.deepEqual(
      lines.map(
        ({ name, status, reason }) => `${name} ${reason?.match(/^file-(unreadable): /)?.[1] ?? status}`,
      ),
      ['gone unreadable', 'a ok', 'b unreadable', 'c ok', 'b unreadable'],
    );
  }
});

test('what a name has is one answer, whoever runs beside, and one failure after it', async (t) => {
  const cdm = await tinyCdm(t);
  await threePersons(cdm);
  const home = temporaryHome(t);
  const both = () => runFiles(cdm, { c: plain, bad: '{' }, home, { force: true });
  const runs = async () => {
    const { rows } = await cdm.pool.query(
      `select name || ' ' || status || ' ' || (select count(*) from results.cohort c where c.cohort_definition_id = r.cohort_definition_id) as run
         from results.cohort_run r order by 1`,
    );
    return rows.map((row) => row.run);
  };
  await both();
  // As a second command leaves it that began before the first was done.
  await cdm.pool.query(
    `with run as (insert into results.cohort_run (name, definition_sha256, data_version, started_at, status)
       select name, definition_sha256, data_version, started_at, status from results.cohort_run where name = 'c' returning cohort_definition_id)
     insert into results.cohort select cohort_definition_id, 1, '2001-01-01', '2001-01-02' from run`,
  );
  assert.deepEqual(await runs(), ['bad refused 0', 'c ok 1', 'c ok 4']);
  await Promise.all([both(), both()]);
  assert.deepEqual(await runs(), ['bad refused 0', 'c ok 4']);
  await runFiles(cdm, { c: '{' }, home);
  await runFiles(cdm, { c: '{' }, home);
  assert.deepEqual(await runs(), ['bad refused 0', 'c ok 4', 'c refused 0']);
  assert.equal((await cdm.pool.query('select from results.cohort')).rowCount, 4);
});

test('the time limit is of a definition, not of what is asked for all', async (t) => {
  const cdm = await tinyCdm(t);
  await threePersons(cdm);
  const other = await cdm.pool.connect();
  try {
    await other.query('begin; lock table results.cohort_run');
    const running = runFiles(cdm, { c: plain }, temporaryHome(t), { timeoutMs: 50 });
    // Longer than the limit: the runs kept before are looked for meanwhile.
    await other.query('select pg_sleep(0.3)');
    await other.query('commit');
    assert.equal((await running).lines.length, 1);
  } finally {
    other.release();
  }
});
