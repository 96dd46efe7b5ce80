import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { checkCdm } from '#node/cdm/check.ts';
import { loadCdm } from '#node/cdm/load.ts';
import { dataVersion, vocabularyVersion } from '#node/cdm/version.ts';
import { MoimError } from '#protocol/errors.ts';
import { dataSet, withoutData } from '#test/support/data.ts';
import { testDatabase } from '#test/support/database.ts';
import { copyWith, folderOf, readTable } from './folder.ts';

const sets = [
  {
    name: 'gibleed',
    persons: 2694,
    vocabulary: /^v5\.0 18-JAN-19$/,
    warning: 'person-unknown observation_period 2649',
  },
  { name: 'synthea', persons: 28, vocabulary: /^v5\.0 09-APR-22/, warning: 'table-empty concept_ancestor 1' },
  {
    name: 'plsynth',
    persons: 13200,
    vocabulary: /^unversioned-[0-9a-f]{12}$/,
    warning: 'table-empty vocabulary 1',
  },
];

for (const { name, persons, vocabulary, warning } of sets) {
  test(`loads ${name} whole, and finds warnings but no errors in it`, {
    skip: withoutData(`ohdsi/${name}`),
  }, async (t) => {
    const { pool } = await testDatabase(t, { streams: ['cdm'] });
    const directory = dataSet(`ohdsi/${name}`)!;
    const { tables } = await loadCdm({ pool }, { directory, schema: 'cdm' });
    assert.equal(tables.length, readdirSync(directory).length);
    assert.equal(tables.find(({ table }) => table === 'person')?.rows, persons);
    for (const { table, rows } of tables) {
      const found = await pool.query<{ n: number }>(`select count(*)::int as n from cdm.${table}`);
      assert.equal(found.rows[0]?.n, rows, table);
    }
    assert.equal(await dataVersion(pool, 'cdm', true), await dataVersion(pool, 'cdm'));
    assert.match(await vocabularyVersion(pool, 'cdm'), vocabulary);

    const client = await pool.connect();
    const findings = await checkCdm(client, 'cdm').finally(() => client.release());
    assert.deepEqual(
      findings.filter(({ severity }) => severity === 'error'),
      [],
    );
    const warnings = findings.filter(({ severity }) => severity === 'warning');
    assert.ok(warnings.some(({ code, table, count }) => `${code} ${table} ${count}` === warning));
  });
}

test('leaves the table as it was when a row in the middle is bad, and names its line', {
  skip: withoutData('ohdsi/gibleed'),
}, async (t) => {
  const { pool } = await testDatabase(t, { streams: ['cdm'] });
  const gibleed = dataSet('ohdsi/gibleed')!;
  const directory = folderOf(t, {
    'visit_occurrence.csv': readTable(gibleed, 'visit_occurrence').join('\r\n'),
  });
  const bad = copyWith(gibleed, directory, 'condition_occurrence', (lines) =>
    lines.with(30_000, lines[30_000]!.replace(/\d{4}-\d\d-\d\d/, 'Marker Kim')),
  );
  await assert.rejects(loadCdm({ pool }, { directory: bad, schema: 'cdm' }), (error) => {
    assert.ok(error instanceof MoimError);
    assert.equal(error.exit, 5);
    assert.equal(
      error.message,
      'condition_occurrence.csv:30001 condition_start_date: not a date (YYYY-MM-DD)',
    );
    return true;
  });
  const rows = async (table: string) => (await pool.query(`select 1 from cdm.${table}`)).rowCount;
  assert.equal(await rows('visit_occurrence'), 1037); // a table before it, which was whole
  assert.equal(await rows('condition_occurrence'), 0);
  const indexes = await pool.query(
    "select 1 from pg_indexes where schemaname = 'cdm' and tablename = 'condition_occurrence'",
  );
  assert.equal(indexes.rowCount, 4); // the rollback brought them back
});
