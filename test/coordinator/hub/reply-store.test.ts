/** Replies that arrive in the same moment are stored together, and judged each for itself. */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Kysely, PostgresDialect } from 'kysely';
import { auditEntries } from '#host/audit-log.ts';
import { position } from '#host/mailbox.ts';
import { createReplyStore } from '#hub/relay/store.ts';
import type { Site } from '#hub/sites/site.ts';
import type { Envelope, ReplyBody } from '#protocol/envelope.ts';
import { uuidv7 } from '#protocol/ids.ts';
import {
  createSealingPair,
  createSigningKey,
  fingerprint,
  type PrivateKey,
  publicOf,
} from '#protocol/keys.ts';
import { verifyLedger } from '#protocol/ledger.ts';
import { sealedHash } from '#protocol/reply.ts';
import { seal } from '#protocol/seal.ts';
import { sign } from '#protocol/sign.ts';
import { openReceipt, signHead } from '#protocol/witness.ts';
import type { HubTables } from '#sql/tables/hub.ts';
import { testDatabase } from '#test/support/database.ts';

const { pool } = await testDatabase({ after }, { streams: ['hub'] });
const db = new Kysely<HubTables>({ dialect: new PostgresDialect({ pool }) }).withSchema('hub');
const hubKey = await createSigningKey();
const replies = createReplyStore({ db, identity: { key: hubKey } });
const now = '2026-01-15T09:30:00.000Z';
const hash = 'a'.repeat(64);
const archive = await createSealingPair();
const study = uuidv7(Date.now());

interface Hospital extends Site {
  readonly private: PrivateKey;
  readonly job: string;
}

await pool.query(
  `insert into hub.token (id, role, sha256, created_at, expires_at) values ($1, 'lead', 'x', now(), now())`,
  [study],
);
await pool.query(
  `insert into hub.study (study, version, study_hash, lead, sender, jws, received_at) values ($1, 1, $2, 'lead', $1, 'x', now())`,
  [study, hash],
);

async function hospital(site: string): Promise<Hospital> {
  const key = await createSigningKey();
  const job = uuidv7(Date.now());
  await pool.query(
    `insert into hub.job (job, study, version, site, state, changed_at, expires_at) values ($1, $2, 1, $3, 'running', now(), now())`,
    [job, study, site],
  );
  const public_ = publicOf(key);
  return { site, key: public_, fingerprint: fingerprint(public_), state: 'approved', private: key, job };
}

/** `n`: the number of the audit head that comes with it. */
async function reply(from: Hospital, facts: { job?: string; n?: number; hash?: string } = {}) {
  const job = facts.job ?? from.job;
  const context = {
    schema: 'moim-reply/1' as const,
    study,
    version: 1,
    studyHash: hash,
    job,
    site: from.site,
    recipients: hash,
    policy: hash,
  };
  const sealed = await seal(new Uint8Array([1]), [archive.public], context);
  const header = await sign(
    { context, sealedAt: now, ciphertext: sealedHash(sealed) },
    'moim-reply',
    from.private,
  );
  const head = await signHead(
    { site: from.site, epoch: 1, n: facts.n ?? 1, hash: facts.hash ?? hash, at: now },
    from.private,
  );
  const body: ReplyBody = { kind: 'reply', job, header, sealed, head };
  const envelope: Envelope & { body: ReplyBody } = {
    v: 1,
    id: uuidv7(Date.now()),
    from: from.site,
    to: 'hub',
    sentAt: now,
    expiresAt: now,
    body,
  };
  return envelope;
}

const at = (seq: number) => ({ epoch: 1n, seq: BigInt(seq) });

test('forty replies at once are all kept, each with its receipt, on one whole chain', async () => {
  const crowd = await Promise.all(Array.from({ length: 40 }, (_, i) => hospital(`crowd-${i}`)));
  const taken = await Promise.all(
    crowd.map(async (each) => replies.store(each, at(1), await reply(each), now)),
  );
  for (const [i, { study: told, receipt }] of taken.entries()) {
    assert.equal(told, study);
    const opened = await openReceipt(receipt ?? '', [publicOf(hubKey)]);
    assert.equal(opened.site, crowd[i]?.site);
  }
  const { rows } = await pool.query(`select count(*)::int as n from hub.job where state = 'answered'`);
  assert.equal(rows[0].n, 40);
  assert.ok(verifyLedger(await auditEntries(db)).ok);
});

test('a bad one among good ones is refused alone: misaddressed, gapped, forged', async () => {
  const [good, misaddressed, gapped, forged, other] = await Promise.all(
    ['good', 'misaddressed', 'gapped', 'forged', 'other'].map(hospital),
  );
  assert.ok(good && misaddressed && gapped && forged && other);
  const sent = [
    { from: good, at: at(1), envelope: await reply(good) },
    { from: misaddressed, at: at(1), envelope: await reply(misaddressed, { job: other.job }) },
    { from: gapped, at: at(3), envelope: await reply(gapped) },
    { from: forged, at: at(1), envelope: await reply({ ...forged, private: other.private }) },
    { from: other, at: at(1), envelope: await reply(other) },
  ];
  const outcomes = await Promise.allSettled(
    sent.map(({ from, at, envelope }) => replies.store(from, at, envelope, now)),
  );
  assert.deepEqual(
    outcomes.map((each) => (each.status === 'fulfilled' ? 'kept' : each.reason.code)),
    ['kept', 'misaddressed', 'out-of-order', 'bad-signature', 'kept'],
  );
  const positions = await Promise.all(
    [good, misaddressed, gapped, forged, other].map(({ site }) => position(db, site, 'in')),
  );
  assert.deepEqual(
    positions.map(({ seq }) => Number(seq)),
    [1, 0, 0, 0, 1],
  );
});

test('the same delivery again changes nothing; the same job in a new envelope is kept once', async () => {
  const north = await hospital('north');
  const first = await reply(north);
  const before = (await auditEntries(db)).length;
  assert.equal((await replies.store(north, at(1), first, now)).study, study);
  assert.deepEqual(await replies.store(north, at(1), first, now), {});
  const again = await replies.store(north, at(2), await reply(north, { n: 2 }), now);
  assert.equal(again.study, undefined);
  assert.ok(again.receipt, 'its head is countersigned all the same');
  const kinds = (await auditEntries(db)).slice(before).map(({ kind }) => kind);
  assert.deepEqual(kinds, ['reply-stored']);
});

test('a head that contradicts one that is held gets no receipt, and that is on record', async () => {
  const south = await hospital('south');
  await replies.store(south, at(1), await reply(south, { n: 5 }), now);
  const before = (await auditEntries(db)).length;
  const { receipt } = await replies.store(
    south,
    at(2),
    await reply(south, { n: 5, hash: 'b'.repeat(64) }),
    now,
  );
  assert.equal(receipt, undefined);
  const back = await replies.store(south, at(3), await reply(south, { n: 4 }), now);
  assert.equal(back.receipt, undefined);
  assert.deepEqual(
    (await auditEntries(db)).slice(before).map(({ kind }) => kind),
    ['head-refused', 'head-refused'],
  );
});
