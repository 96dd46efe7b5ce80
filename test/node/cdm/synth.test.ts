import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { migrate } from '#host/postgres/migrate.ts';
import { loadCdm } from '#node/cdm/load.ts';
import { type Life, makeLife } from '#node/cdm/synth/life.ts';
import { findMix, type Mix, mixNames } from '#node/cdm/synth/mixes.ts';
import { expMinus, Random } from '#node/cdm/synth/random.ts';
import { synthesiseFiles, synthesiseInto } from '#node/cdm/synth.ts';
import { dataVersion } from '#node/cdm/version.ts';
import { MoimError } from '#protocol/errors.ts';
import { testDatabase } from '#test/support/database.ts';
import { folderOf } from './folder.ts';

const lives = (mix: Mix, persons: number, seed = '1'): Life[] =>
  Array.from({ length: persons }, (_, i) => makeLife(new Random(seed, i + 1, 1), { mix, dense: false }));

const share = (all: readonly Life[], condition: number) =>
  all.filter((life) =>
    life.visits.some((visit) => visit.conditions.some(({ concept }) => concept === condition)),
  ).length / all.length;

test('draws evenly, and never the same for two persons or two seeds', () => {
  const draws = Array.from({ length: 20_000 }, (_, i) => new Random('s', i, 1).unit());
  assert.equal(new Set(draws).size > 19_990, true);
  const mean = draws.reduce((sum, each) => sum + each, 0) / draws.length;
  assert.ok(Math.abs(mean - 0.5) < 0.01, String(mean));
  assert.notEqual(new Random('s', 1, 1).unit(), new Random('t', 1, 1).unit());
});

test('takes e to the minus x within a millionth', () => {
  for (const x of [0, 0.001, 0.1, 1, 3]) assert.ok(Math.abs(expMinus(x) - Math.exp(-x)) < 1e-6, String(x));
});

test('keeps every event within the life and the observation of a person', () => {
  for (const life of lives(findMix('elderly')!, 400)) {
    const last = life.periods.at(-1)!.end;
    assert.ok(life.born <= life.periods[0]!.start);
    for (const visit of life.visits) {
      assert.ok(life.periods.some((period) => visit.start >= period.start && visit.start <= period.end));
      for (const each of [...visit.conditions, ...visit.drugs, ...visit.procedures]) {
        assert.ok(each.start <= each.end && each.end <= last);
      }
    }
    if (life.death) assert.equal(life.death.day, last);
  }
});

test('makes hospitals that differ as their mixes say', () => {
  const general = lives(findMix('general')!, 1500);
  const cardiac = lives(findMix('cardiac')!, 1500);
  const children = lives(findMix('children')!, 1500);
  const cancer = lives(findMix('cancer')!, 1500);
  assert.ok(share(cardiac, 313217) > 2 * share(general, 313217)); // atrial fibrillation
  assert.ok(share(cancer, 4112853) > 4 * share(general, 4112853)); // breast cancer
  assert.ok(share(children, 372328) > 2 * share(general, 372328)); // otitis media
  assert.equal(share(children, 4182210), 0); // dementia
  assert.ok(share(general, 320128) > 0.05 && share(general, 192671) > 0.002);
});

test('gives the same rows for the same seed, other rows for another seed or mix', async (t) => {
  const make = (seed: string, mix: string) =>
    synthesiseFiles({ persons: 40, seed, mix, directory: folderOf(t, {}) });
  const first = await make('7', 'general');
  assert.deepEqual(await make('7', 'general'), first);
  const hashes = [first.hash, (await make('8', 'general')).hash];
  for (const mix of mixNames.filter((name) => name !== 'general')) hashes.push((await make('7', mix)).hash);
  assert.equal(new Set(hashes).size, hashes.length);
});

test('makes the very persons it made on the machine where this was written', async (t) => {
  // Whoever changes the hospitals on purpose writes the new hash here; it must never change by machine or by version of Node.
  const made = await synthesiseFiles({ persons: 25, seed: 'golden', directory: folderOf(t, {}) });
  assert.equal(made.hash, '8ae52fbeb06289fa4a30399d7150362877b7ea2beaec2599a6c39b38a897ed57');
});

test('holds the persons of a smaller hospital unchanged in a larger one', async (t) => {
  const { pool } = await testDatabase(t, { streams: ['cdm'] });
  await migrate(pool, 'cdm', 'large');
  await synthesiseInto({ pool }, { persons: 20, seed: '3', schema: 'cdm' });
  await synthesiseInto({ pool }, { persons: 50, seed: '3', schema: 'large' });
  const differing = await pool.query(
    `(table cdm.measurement except select * from large.measurement) union all (select * from large.measurement where person_id <= 20 except table cdm.measurement)`,
  );
  assert.equal(differing.rowCount, 0);
});

test('fills a database with what it writes to files', async (t) => {
  const { pool } = await testDatabase(t, { streams: ['cdm'] });
  await migrate(pool, 'cdm', 'loaded');
  const directory = folderOf(t, {});
  const into = await synthesiseInto({ pool }, { persons: 80, seed: '5', mix: 'cardiac', schema: 'cdm' });
  const files = await synthesiseFiles({ persons: 80, seed: '5', mix: 'cardiac', directory });
  assert.deepEqual(files, into);
  assert.ok(readdirSync(directory).length > 15);
  await loadCdm({ pool }, { directory, schema: 'loaded' });
  assert.equal(await dataVersion(pool, 'loaded'), await dataVersion(pool, 'cdm'));
});

test('makes about 30 rows a person, and about 500 when dense', async (t) => {
  const make = (dense: boolean) =>
    synthesiseFiles({ persons: 300, seed: '1', dense, directory: folderOf(t, {}) });
  const plain = await make(false);
  const dense = await make(true);
  assert.ok(plain.rows / 300 > 22 && plain.rows / 300 < 42, String(plain.rows / 300));
  assert.ok(dense.rows / 300 > 350 && dense.rows / 300 < 700, String(dense.rows / 300));
});

test('refuses filled tables, and leaves nothing of the earlier hospital when it replaces them', async (t) => {
  const { pool } = await testDatabase(t, { streams: ['cdm'] });
  await pool.query(
    "insert into cdm.note_nlp (note_nlp_id, note_id, lexical_variant, nlp_date) values (1, 1, 'x', '2020-01-01')",
  );
  const again = (replace: boolean) =>
    synthesiseInto({ pool }, { persons: 5, seed: '1', schema: 'cdm', replace });
  await assert.rejects(again(false), (error) => error instanceof MoimError && error.code === 'cdm-filled');
  await again(true);
  const notes = await pool.query('select 1 from cdm.note_nlp');
  assert.equal(notes.rowCount, 0);
});
