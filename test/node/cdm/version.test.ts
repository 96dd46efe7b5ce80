import assert from 'node:assert/strict';
import { test } from 'node:test';
import { migrate } from '#host/postgres/migrate.ts';
import { loadCdm } from '#node/cdm/load.ts';
import { dataVersion, vocabularyVersion } from '#node/cdm/version.ts';
import { testDatabase } from '#test/support/database.ts';
import { folderOf } from './folder.ts';

const measured = [
  'measurement_id,person_id,measurement_concept_id,measurement_date,measurement_type_concept_id,value_as_number',
  '1,1,3004249,2020-01-02,32817,120',
  '2,1,3004249,2020-01-03,32817,121.5',
  '3,2,3004249,2020-01-03,32817,',
];

test('is the same however rows, columns and numbers are written', async (t) => {
  const database = await testDatabase(t, { streams: ['cdm'] });
  await migrate(database.pool, 'cdm', 'other');
  const client = database.pool;
  const shuffled = measured.map((line) => line.split(',').reverse().join(','));
  const turned = [shuffled[0]!, ...shuffled.slice(1).reverse()].map((line) =>
    line.replace('121.5', '121.50'),
  );
  await loadCdm(database, {
    directory: folderOf(t, { 'measurement.csv': measured.join('\n') }),
    schema: 'cdm',
  });
  await loadCdm(database, {
    directory: folderOf(t, { 'measurement.csv': turned.join('\n') }),
    schema: 'other',
  });
  const version = await dataVersion(client, 'cdm');
  assert.match(version, /^[0-9a-f]{32}$/);
  assert.equal(await dataVersion(client, 'other'), version);
  assert.equal(await dataVersion(client, 'other', true), version);
});

test('changes with a value, a row twice over, and a value that moves to another row', async (t) => {
  const database = await testDatabase(t, { streams: ['cdm'] });
  const client = database.pool;
  await loadCdm(database, {
    directory: folderOf(t, { 'measurement.csv': measured.join('\n') }),
    schema: 'cdm',
  });
  const seen = new Set([await dataVersion(client, 'cdm', true)]);
  const changes = [
    'update cdm.measurement set value_as_number = 119 where measurement_id = 1',
    'insert into cdm.measurement select 4, person_id, measurement_concept_id, measurement_date, measurement_datetime, measurement_time, measurement_type_concept_id from cdm.measurement where measurement_id = 3',
    'update cdm.measurement set person_id = 3 - person_id',
  ];
  for (const change of changes) {
    await client.query(change);
    seen.add(await dataVersion(client, 'cdm', true));
  }
  assert.equal(seen.size, 4);
});

test('needs only SELECT, and no table of ours, on an attached CDM', async (t) => {
  const database = await testDatabase(t, { streams: ['cdm'] });
  const client = database.pool;
  await loadCdm(database, {
    directory: folderOf(t, { 'measurement.csv': measured.join('\n') }),
    schema: 'cdm',
  });
  const owned = await dataVersion(client, 'cdm');
  await client.query('drop table cdm.moim_cdm_version; drop table cdm.note');
  await client.query('set default_transaction_read_only = on');
  assert.equal(await dataVersion(client, 'cdm'), owned);
});

test('reads the version of the vocabulary, or makes one of its concepts', async (t) => {
  const database = await testDatabase(t, { streams: ['cdm'] });
  const client = database.pool;
  const bare = await vocabularyVersion(client, 'cdm');
  assert.match(bare, /^unversioned-[0-9a-f]{12}$/);
  await client.query('insert into cdm.concept_ancestor values (1, 1, 0, 0)');
  assert.notEqual(await vocabularyVersion(client, 'cdm'), bare);
  await client.query("insert into cdm.vocabulary values ('None', 'OMOP', null, 'v5.0 01-JAN-25', 0)");
  assert.equal(await vocabularyVersion(client, 'cdm'), 'v5.0 01-JAN-25');
});
