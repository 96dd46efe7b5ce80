import assert from 'node:assert/strict';
import { test } from 'node:test';
import { adviseIndexes } from '#node/cdm/tune.ts';
import { commands } from '#node/commands/cdm.ts';
import { testDatabase } from '#test/support/database.ts';
import { temporaryHome } from '#test/support/temporary-home.ts';
import { gather } from './context.ts';

const rows = `insert into cdm.measurement (measurement_id, person_id, measurement_concept_id, measurement_date, measurement_type_concept_id, measurement_source_concept_id)
  select i, i % 500, i % 40, date '2020-01-01' + i % 300, 0, i % 20 from generate_series(1, 20000) i`;

test('an index that is missing is advised with its statement, size and gain, and --apply makes it', async (t) => {
  const { pool, url } = await testDatabase(t, { streams: ['cdm'] });
  await pool.query(rows);
  await pool.query('drop index cdm.measurement_by_measurement_concept, cdm.measurement_by_person');
  await pool.query('analyze cdm.measurement');
  const home = temporaryHome(t);
  const tune = async (flags: Readonly<Record<string, boolean>>) => {
    const { context, out } = gather({ flags, home, json: true, env: { MOIM_DATABASE_URL: url } });
    assert.equal(await commands.tune?.run(context), 0);
    return JSON.parse(out[0] ?? '') as Awaited<ReturnType<typeof adviseIndexes>>;
  };
  const states = (list: Awaited<ReturnType<typeof adviseIndexes>>) =>
    new Map(list.map((one) => [one.name, one.state]));
  const before = await tune({});
  const entry = before.find(({ name }) => name === 'measurement_by_measurement_concept');
  assert.ok(entry);
  assert.equal(entry.state, 'pays');
  assert.equal(entry.rowsWithout, 20_000);
  assert.equal(entry.rowsWith, 500);
  assert.equal(entry.gain, 40);
  assert.match(entry.statement, /^create index measurement_by_measurement_concept on "cdm"."measurement" \(/);
  const names = [
    'measurement_by_measurement_concept',
    'measurement_by_person',
    'measurement_by_measurement_source_concept',
  ];
  assert.deepEqual(
    names.map((name) => states(before).get(name)),
    ['pays', 'pays', 'pays'],
  );
  assert.equal(states(before).get('specimen_by_person'), 'there');
  const after = await tune({ apply: true });
  assert.deepEqual(
    names.map((name) => states(after).get(name)),
    ['there', 'there', 'there'],
  );
  const made = after.find(({ name }) => name === 'measurement_by_measurement_concept');
  assert.ok(
    made && made.bytes > 0.5 * entry.bytes && made.bytes < 2 * entry.bytes,
    `${made?.bytes} ${entry.bytes}`,
  );
  const { rows: left } = await pool.query('select indexname from pg_indexes where indexname = any($1)', [
    names,
  ]);
  assert.equal(left.length, 3);
});

test('a table with few rows gains too little, and an attached CDM is only told', async (t) => {
  const { pool, url } = await testDatabase(t, { streams: ['cdm'] });
  await pool.query(
    'drop index cdm.death_by_person, cdm.measurement_by_measurement_concept, cdm.measurement_by_person',
  );
  await pool.query(
    `insert into cdm.death (person_id, death_date, death_type_concept_id) select i, '2020-01-01', 0 from generate_series(1, 100) i`,
  );
  await pool.query(rows);
  await pool.query('analyze');
  const advice = await adviseIndexes(pool, 'cdm');
  assert.equal(advice.find(({ name }) => name === 'death_by_person')?.state, 'small');
  const env = { MOIM_CDM_URL: url };
  const told = gather({ home: temporaryHome(t), env });
  assert.equal(await commands.tune?.run(told.context), 0);
  assert.match(told.out.join('\n'), /create index measurement_by_person on "cdm"/);
  const applied = gather({ home: temporaryHome(t), env, flags: { apply: true } });
  await assert.rejects(
    Promise.resolve(commands.tune?.run(applied.context)),
    (error) => error instanceof Error && 'code' in error && error.code === 'cdm-attached',
  );
  const { rows: none } = await pool.query(
    `select 1 from pg_indexes where indexname = 'measurement_by_person'`,
  );
  assert.equal(none.length, 0);
});

test('an attached CDM may have a schema of any name; one of our own may not', async (t) => {
  const { pool, url } = await testDatabase(t, { streams: ['cdm'] });
  await pool.query('alter schema cdm rename to "OMOP ""5.4"');
  const flags = { schema: 'OMOP "5.4' };
  const told = gather({ home: temporaryHome(t), env: { MOIM_CDM_URL: url }, flags });
  assert.equal(await commands.tune?.run(told.context), 0);
  assert.match(told.out.join('\n'), /measurement_by_person/);
  const checked = gather({ home: temporaryHome(t), env: { MOIM_CDM_URL: url }, flags });
  await commands.check?.run(checked.context);
  assert.ok(checked.out.length > 0);
  const own = gather({ home: temporaryHome(t), env: { MOIM_DATABASE_URL: url }, flags });
  await assert.rejects(Promise.resolve(commands.tune?.run(own.context)), { code: 'usage' });
});
