import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Kysely, PostgresDialect } from 'kysely';
import { createCounters } from '#host/counters.ts';
import { silentLog } from '#host/log.ts';
import { acknowledge, enqueue } from '#host/mailbox.ts';
import { hubPeer } from '#node/identity.ts';
import { noteExpired } from '#node/link/expiry.ts';
import { uuidv7 } from '#protocol/ids.ts';
import { publicOf } from '#protocol/keys.ts';
import type { MoimTables } from '#sql/tables/moim.ts';
import { testDatabase } from '#test/support/database.ts';
import * as fixed from '#test/vectors/fixed.ts';

const { pool } = await testDatabase({ after }, { streams: ['moim'] });
const db = new Kysely<MoimTables>({ dialect: new PostgresDialect({ pool }) }).withSchema('moim');
const hub = { url: 'http://127.0.0.1:9', site: 'seoul', key: publicOf(fixed.hubKey) };
const start = fixed.noon;
const day = 86_400_000;

test('an answer that the hub did not take in its time is noted once; one that was taken, or has time, is not', async () => {
  const counters = createCounters();
  let now = start;
  const deps = { db, hub, log: silentLog, now: () => now, counters };
  const messages = [uuidv7(start), uuidv7(start + 1), uuidv7(start + 2)];
  for (const [i, message] of messages.entries()) {
    await db.transaction().execute((transaction) =>
      enqueue(transaction, hubPeer(hub), {
        message,
        envelope: `a.${i}.c`,
        expiresAt: fixed.instant(start + (i === 2 ? 28 : 14) * day),
        now: fixed.instant(start),
      }),
    );
  }
  await acknowledge(db, hubPeer(hub), { epoch: 1n, seq: 1n }, fixed.instant(start));
  now = start + 14 * day + 5 * 60_000;
  assert.equal(await noteExpired(deps), 0, 'clocks may differ by five minutes');
  now += 1;
  assert.equal(await noteExpired(deps), 1);
  assert.equal(await noteExpired(deps), 0, 'once');
  const entries = await db.selectFrom('audit').select(['kind', 'body']).execute();
  assert.deepEqual(entries, [{ kind: 'delivery-expired', body: { message: messages[1], epoch: 1, seq: 2 } }]);
  assert.deepEqual(counters.read(), [{ name: 'delivery-expired', labels: {}, value: 1 }]);
});
