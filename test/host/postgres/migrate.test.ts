import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testDatabase } from '#test/support/database.ts';

test('a test database carries the streams it asked for, and types are exact', async (t) => {
  const { pool } = await testDatabase(t, { streams: ['results'] });
  const { rows } = await pool.query('SELECT count(*) AS n FROM results.cohort');
  assert.deepEqual(rows, [{ n: 0n }]);
});
