/** A node that stands still, and a person who opens an epoch at the same moment. */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Kysely, PostgresDialect } from 'kysely';
import { createLog } from '#host/log.ts';
import { halt, readStanding, standsStill } from '#node/audit/standing.ts';
import type { NodeDb } from '#node/database.ts';
import { testDatabase } from '#test/support/database.ts';

const { pool } = await testDatabase({ after }, { streams: ['moim'] });
const db: NodeDb = new Kysely({ dialect: new PostgresDialect({ pool }) }).withSchema('moim') as NodeDb;
const deps = { db, log: createLog('test', 'silent', () => {}), now: () => 0 };
const seen = { position: { epoch: 1, seq: 7 } };

test('what was found in an epoch halts the node in that epoch, and not in one that was opened meanwhile', async () => {
  await halt(deps, seen, 1n);
  assert.equal(await standsStill(db), true);
  // A link that was being made when the person opened the epoch says afterwards what it had found before.
  await db.updateTable('standing').set({ epoch: 2n, halted_at: null, code: null, seen: null }).execute();
  await halt(deps, seen, 1n);
  assert.equal(await standsStill(db), false);
  await halt(deps, { position: { epoch: 2, seq: 9 } }, 2n);
  const { haltedAt, seen: told, epoch } = await readStanding(db);
  assert.notEqual(haltedAt, null);
  assert.deepEqual([told, epoch], [{ position: { epoch: 2, seq: 9 } }, 2n]);
  const { rows } = await pool.query(`select count(*)::int as n from moim.audit where kind = 'set-back'`);
  assert.equal(rows[0].n, 2);
});
