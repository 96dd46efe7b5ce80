import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { migrate, readMigrations } from '#host/postgres/migrate.ts';
import { type Ending, testDatabase } from '#test/support/database.ts';
import { temporaryHome } from '#test/support/temporary-home.ts';

/** A folder with a stream `results` of the files given, by number. */
function stream(t: Ending, ...files: readonly string[]) {
  const folder = temporaryHome(t);
  const path = (number: number) => join(folder, 'results', `${String(number).padStart(4, '0')}-step.sql`);
  mkdirSync(join(folder, 'results'));
  for (const [index, sql] of files.entries()) writeFileSync(path(index + 1), sql);
  return { folder, path };
}

const database = testDatabase({ after });
let schemas = 0;
function newSchema(): string {
  schemas += 1;
  return `s${schemas}`;
}

const one = 'CREATE TABLE one (n integer);';
const two = 'ALTER TABLE one ADD m integer;\nINSERT INTO one VALUES (1, 2);';

test('the results stream makes the cohort tables, once', async () => {
  const { pool } = await database;
  const schema = newSchema();
  const names = readMigrations('results').map((file) => file.name);
  assert.equal(names[0], '0001-cohort');
  assert.deepEqual(await migrate(pool, 'results', schema), names);
  assert.deepEqual(await migrate(pool, 'results', schema), []);
  await pool.query(`INSERT INTO ${schema}.cohort VALUES (1, 2, '2020-01-31', '2020-02-01')`);
  const { rows } = await pool.query(`SELECT * FROM ${schema}.cohort`);
  assert.deepEqual(rows, [
    {
      cohort_definition_id: 1n,
      subject_id: 2n,
      cohort_start_date: '2020-01-31',
      cohort_end_date: '2020-02-01',
    },
  ]);
});

test('files run in order in the schema named, and are recorded with number, name and hash', async (t) => {
  const { pool } = await database;
  const { folder } = stream(t, one, two);
  assert.deepEqual(await migrate(pool, 'results', 'Some "schema"', folder), ['0001-step', '0002-step']);
  const { rows } = await pool.query('SELECT * FROM "Some ""schema""".one');
  assert.deepEqual(rows, [{ n: 1, m: 2 }]);
  const record = await pool.query(
    'SELECT stream, number, name, length(sha256) AS hex FROM "Some ""schema""".moim_migration',
  );
  assert.deepEqual(record.rows, [
    { stream: 'results', number: 1, name: '0001-step', hex: 64 },
    { stream: 'results', number: 2, name: '0002-step', hex: 64 },
  ]);
});

test('two processes that migrate at once do the work once', async (t) => {
  const { pool } = await database;
  const schema = newSchema();
  const { folder } = stream(t, `${one} SELECT pg_sleep(0.2);`, two);
  await Promise.all([1, 2, 3].map(() => pool.query('SELECT pg_sleep(0.05)')));
  const done = await Promise.all([1, 2, 3].map(() => migrate(pool, 'results', schema, folder)));
  assert.deepEqual(done.flat().sort(), ['0001-step', '0002-step']);
});

test('a file that was run and has changed is refused, and nothing is run', async (t) => {
  const { pool } = await database;
  const schema = newSchema();
  const { folder, path } = stream(t, one);
  await migrate(pool, 'results', schema, folder);
  writeFileSync(path(1), `${one} -- edited`);
  writeFileSync(path(2), two);
  await assert.rejects(migrate(pool, 'results', schema, folder), { code: 'migration-changed' });
  const { rows } = await pool.query(`SELECT count(*) AS n FROM ${schema}.moim_migration`);
  assert.deepEqual(rows, [{ n: 1n }]);
});

test('line ends of a checkout do not count as a change', async (t) => {
  const { pool } = await database;
  const schema = newSchema();
  const { folder, path } = stream(t, `-- first\n${one}\n`);
  await migrate(pool, 'results', schema, folder);
  writeFileSync(path(1), `-- first\r\n${one}\r\n`);
  assert.deepEqual(await migrate(pool, 'results', schema, folder), []);
});

test('a database newer than the code is refused', async (t) => {
  const { pool } = await database;
  const schema = newSchema();
  const { folder, path } = stream(t, one, two);
  await migrate(pool, 'results', schema, folder);
  rmSync(path(2));
  await assert.rejects(
    migrate(pool, 'results', schema, folder),
    (error: Error & { code: string; remedy: string }) => {
      assert.equal(error.code, 'database-newer');
      assert.match(error.remedy, /newer version/);
      return true;
    },
  );
});

test('a gap in the numbers is refused, in the files and in the record', async (t) => {
  const { pool } = await database;
  const schema = newSchema();
  const { folder, path } = stream(t, one, two, 'SELECT 1;');
  await migrate(pool, 'results', schema, folder);
  await pool.query(`DELETE FROM ${schema}.moim_migration WHERE number = 2`);
  await assert.rejects(migrate(pool, 'results', schema, folder), { code: 'migration-changed' });
  rmSync(path(2));
  await assert.rejects(migrate(pool, 'results', 'elsewhere', folder), { code: 'migration-changed' });
});

test('a file that fails leaves nothing behind, and the error names it', async (t) => {
  const { pool } = await database;
  const schema = newSchema();
  const { folder, path } = stream(t, one, 'CREATE TABLE half (n integer); SELECT 1/0;');
  await assert.rejects(migrate(pool, 'results', schema, folder), /results\/0002-step\.sql.*SQLSTATE 22012/);
  const { rows } = await pool.query(
    `SELECT to_regclass('${schema}.one') AS one, to_regclass('${schema}.half') AS half`,
  );
  assert.deepEqual(rows, [{ one: `${schema}.one`, half: null }]);
  writeFileSync(path(2), two);
  assert.deepEqual(await migrate(pool, 'results', schema, folder), ['0002-step']);
});

test('a role that was granted the schema, but may not make schemas, can migrate', async (t) => {
  const { pool } = await database;
  const { folder } = stream(t, one);
  const role = `moim_test_role_${process.pid}`;
  const client = await pool.connect();
  try {
    await client.query(`CREATE ROLE ${role}; CREATE SCHEMA granted AUTHORIZATION ${role}; SET ROLE ${role}`);
    assert.deepEqual(await migrate(client, 'results', 'granted', folder), ['0001-step']);
    await assert.rejects(migrate(client, 'results', 'forbidden', folder), { code: 'database-permission' });
  } finally {
    await client.query(`RESET ROLE; DROP OWNED BY ${role}; DROP ROLE ${role}`);
    client.release();
  }
});
