import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { Pool } from 'pg';
import { loadCdm } from '#node/cdm/load.ts';
import { dataVersion } from '#node/cdm/version.ts';
import { MoimError } from '#protocol/errors.ts';
import { testDatabase } from '#test/support/database.ts';
import { folderOf, personHeader } from './folder.ts';

const streams = { streams: ['cdm'] } as const;

const rowsOf = async (pool: Pool, table: string) =>
  (await pool.query<{ n: number }>(`select count(*)::int as n from cdm.${table}`)).rows[0]!.n;

/** What a load says when it fails. */
async function refused(work: Promise<unknown>): Promise<MoimError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof MoimError, String(error));
  return error;
}

const people = (...rows: string[]) => `${personHeader}\n${rows.join('\n')}\n`;

test('says for each kind of bad row where it is and what is wrong, never the value', async (t) => {
  const { pool } = await testDatabase(t, streams);
  const directory = folderOf(t, {
    'person.csv': people(
      '1,8507,1950,0,0,"two\nlines"',
      'Marker,8507,1950,0,0,',
      '2,8507,,0,0,',
      '3,8507,1950,0,0',
      '4,8507,1950,0,0,"Marker" Kim',
      `5,8507,1950,0,0,${'Marker'.repeat(9)}`,
      '6,99999999999,1950,0,0,',
      '7,8507,1950,0,0,Mar\0ker',
    ),
  });
  const error = await refused(loadCdm({ pool }, { directory, schema: 'cdm' }));
  assert.deepEqual(error.message.split('\n'), [
    'person.csv:4 person_id: not a whole number (bigint)',
    'person.csv:5 year_of_birth: a required value is missing',
    'person.csv:6 has 5 fields, not 6',
    'person.csv:7 text after a closing quote',
    'person.csv:8 person_source_value: longer than 50 characters',
    'person.csv:9 gender_concept_id: not a whole number (integer)',
    'person.csv:10 person_source_value: holds a zero byte',
  ]);
  assert.doesNotMatch(error.message, /Marker/);
});

test('names the second row that has a key, by its physical line', async (t) => {
  const { pool } = await testDatabase(t, streams);
  const directory = folderOf(t, {
    'person.csv': people(
      '7,8507,1950,0,0,"a\nb\nc"',
      '8,8507,1950,0,0,',
      '',
      '9,8507,1950,0,0,',
      '8,8532,1951,0,0,',
      '7,1,1,0,0,',
    ),
  });
  const error = await refused(loadCdm({ pool }, { directory, schema: 'cdm' }));
  assert.equal(error.message, 'person.csv:8 person_id: repeats a key of an earlier row');
  assert.equal(await rowsOf(pool, 'person'), 0);
});

test('refuses bytes that are not UTF-8', async (t) => {
  const { pool } = await testDatabase(t, streams);
  const directory = folderOf(t, { 'person.csv': Buffer.from(people('1,8507,1950,0,0,é'), 'latin1') });
  const error = await refused(loadCdm({ pool }, { directory, schema: 'cdm' }));
  assert.equal(error.message, 'person.csv:2 person_source_value: not UTF-8');
});

test('accepts a byte order mark, CRLF, upper case, quotes around names, tabs and compact dates', async (t) => {
  const { pool } = await testDatabase(t, streams);
  const concept = [
    'concept_id\tconcept_name\tdomain_id\tvocabulary_id\tconcept_class_id\tstandard_concept\tconcept_code\tvalid_start_date\tvalid_end_date\tinvalid_reason',
    '3\t"Blood" 5" test\tMeasurement\tLOINC\tLab Test\tS\t1-2\t19700101\t20991231\t',
  ];
  const directory = folderOf(t, {
    'PERSON.CSV': `\ufeff${people('1, 8507 ,1950,0,0,"a ""b"", c"').replace('person_id', '"PERSON_ID"').replaceAll('\n', '\r\n')}`,
    'CONCEPT.csv': concept.join('\n'),
  });
  await loadCdm({ pool }, { directory, schema: 'cdm' });
  const person = await pool.query('select gender_concept_id as g, person_source_value as v from cdm.person');
  assert.deepEqual(person.rows, [{ g: 8507, v: 'a "b", c' }]);
  const row = await pool.query(
    'select concept_name as n, valid_start_date::text as d, invalid_reason as r from cdm.concept',
  );
  assert.deepEqual(row.rows, [{ n: '"Blood" 5" test', d: '1970-01-01', r: null }]);
});

test('refuses unknown files and columns, all of them at once, before a row is written', async (t) => {
  const { pool } = await testDatabase(t, streams);
  const directory = folderOf(t, {
    'person.csv': people('1,8507,1950,0,0,x').replace('person_source_value', 'shoe_size'),
    'death.csv': 'death_date\n2020-01-01\n',
    'persons.csv': 'a\n',
  });
  const error = await refused(loadCdm({ pool }, { directory, schema: 'cdm' }));
  assert.equal(error.code, 'cdm-bad-file');
  assert.deepEqual(error.message.split('\n'), [
    'death.csv:1 person_id: the required column is missing',
    'person.csv:1 shoe_size: not a column of person',
    'persons.csv: not a table of OMOP CDM 5.4',
  ]);
  assert.equal(await rowsOf(pool, 'person'), 0);
});

test('passes over unknown files and columns when told to, and says so', async (t) => {
  const { pool } = await testDatabase(t, streams);
  const directory = folderOf(t, {
    'person.csv': people('1,8507,1950,0,0,x').replace('person_source_value', 'shoe_size'),
    'readme.txt': '',
  });
  const report = await loadCdm({ pool }, { directory, schema: 'cdm', ignoreUnknown: true });
  assert.deepEqual(report.notes, [
    'person.csv:1 shoe_size: not a column of person',
    'readme.txt: not a table of OMOP CDM 5.4, passed over',
  ]);
  assert.equal(await rowsOf(pool, 'person'), 1);
});

test('shows no value of a file that has no header', async (t) => {
  const { pool } = await testDatabase(t, streams);
  const directory = folderOf(t, { 'person.csv': '1,8507,1950,0,0,Marker Kim\n' });
  const error = await refused(loadCdm({ pool }, { directory, schema: 'cdm' }));
  assert.equal(error.code, 'cdm-bad-file');
  assert.doesNotMatch(error.message, /Marker|8507/);
});

test('shows no value of a file that has no header, though it could be a name', async (t) => {
  const { pool } = await testDatabase(t, streams);
  const directory = folderOf(t, { 'person.csv': '1,8507,1950,0,0,marker\n' });
  const error = await refused(loadCdm({ pool }, { directory, schema: 'cdm', ignoreUnknown: true }));
  assert.doesNotMatch(error.message, /marker/);
});

test('refuses a filled table, and replaces it when told to', async (t) => {
  const { pool } = await testDatabase(t, streams);
  const first = folderOf(t, { 'person.csv': people('1,8507,1950,0,0,', '2,8507,1950,0,0,') });
  const second = folderOf(t, { 'person.csv': people('3,8507,1950,0,0,') });
  await loadCdm({ pool }, { directory: first, schema: 'cdm' });
  const error = await refused(loadCdm({ pool }, { directory: second, schema: 'cdm' }));
  assert.equal(error.code, 'cdm-filled');
  assert.equal(error.exit, 3);
  await loadCdm({ pool }, { directory: second, schema: 'cdm', replace: true });
  const ids = await pool.query<{ id: string }>('select person_id::text as id from cdm.person');
  assert.deepEqual(ids.rows, [{ id: '3' }]);
});

test('keeps the old rows when the new ones are bad', async (t) => {
  const { pool } = await testDatabase(t, streams);
  const good = folderOf(t, { 'person.csv': people('1,8507,1950,0,0,') });
  const bad = folderOf(t, { 'person.csv': people('5,8507,1950,0,0,', 'x,8507,1950,0,0,') });
  await loadCdm({ pool }, { directory: good, schema: 'cdm' });
  const before = await dataVersion(pool, 'cdm', true);
  await refused(loadCdm({ pool }, { directory: bad, schema: 'cdm', replace: true }));
  assert.equal(await rowsOf(pool, 'person'), 1);
  assert.equal(await dataVersion(pool, 'cdm'), before);
});

test('says which gzip file is cut short', async (t) => {
  const { pool } = await testDatabase(t, streams);
  const rows = Array.from(
    { length: 60_000 },
    (_, i) => `${i},8507,${1900 + ((i * 7919) % 100)},0,0,s${(i * 104_729) % 99_991}`,
  );
  const whole = gzipSync(people(...rows));
  const directory = folderOf(t, { 'person.csv.gz': whole.subarray(0, whole.length - 40_000) });
  const error = await refused(loadCdm({ pool }, { directory, schema: 'cdm' }));
  assert.equal(error.code, 'cdm-bad-file');
  assert.match(error.message, /person\.csv\.gz/);
  assert.equal(await rowsOf(pool, 'person'), 0);
});

test('stops when interrupted, with nothing of the table kept', async (t) => {
  const { pool } = await testDatabase(t, streams);
  const rows = Array.from({ length: 50_000 }, (_, i) => `${i},8507,1950,0,0,`);
  const directory = folderOf(t, { 'person.csv': people(...rows) });
  const abort = new AbortController();
  const error = await refused(
    loadCdm({ pool }, { directory, schema: 'cdm', signal: abort.signal, onProgress: () => abort.abort() }),
  );
  assert.equal(error.code, 'interrupted');
  assert.equal(await rowsOf(pool, 'person'), 0);
});

test('tells of a fault that only the database sees without the value it tells of', async (t) => {
  const { pool } = await testDatabase(t, streams);
  await pool.query("alter table cdm.person add constraint young check (person_source_value <> 'Marker')");
  const directory = folderOf(t, { 'person.csv': people('1,8507,1950,0,0,"a\nb"', '2,8507,1950,0,0,Marker') });
  const error = await refused(loadCdm({ pool }, { directory, schema: 'cdm' }));
  assert.equal(error.message, 'person.csv:4: refused by the database (23514)');
});

test('gives back any text that went in quoted', async (t) => {
  const { pool } = await testDatabase(t, streams);
  const unit = fc.constantFrom('"', ',', '\n', '\r', '\t', '\\', 'N', '.', 'é', '모', '𝛼', ' ', 'x');
  const text = fc.string({ unit, minLength: 1, maxLength: 50 });
  const directory = folderOf(t, {});
  await fc.assert(
    fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 20 }), async (texts) => {
      const rows = texts.map((each, index) => `${index + 1},8507,1950,0,0,"${each.replaceAll('"', '""')}"`);
      writeFileSync(join(directory, 'person.csv'), people(...rows));
      await loadCdm({ pool }, { directory, schema: 'cdm', replace: true });
      const found = await pool.query<{ v: string }>(
        'select person_source_value as v from cdm.person order by person_id',
      );
      assert.deepEqual(
        found.rows.map((row) => row.v),
        texts,
      );
    }),
    { numRuns: 25 },
  );
});
