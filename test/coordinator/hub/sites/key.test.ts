/** The keys of a site over time: how often, how many, and what a superseded one is still good for. */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Kysely, PostgresDialect } from 'kysely';
import { createCounters } from '#host/counters.ts';
import { silentLog } from '#host/log.ts';
import { freePort } from '#host/ports.ts';
import { createHubApp } from '#hub/app.ts';
import { moveKey, successorOf } from '#hub/sites/key.ts';
import { approveSites, findSite, type Site } from '#hub/sites/site.ts';
import { createSigningKey, fingerprint, type PrivateKey, publicOf } from '#protocol/keys.ts';
import { signRotation } from '#protocol/rotation.ts';
import type { HubTables } from '#sql/tables/hub.ts';
import { openHostileNode } from '#test/network/hostile-node.ts';
import { testDatabase } from '#test/support/database.ts';

const endings: (() => Promise<void>)[] = [];
const { pool } = await testDatabase({ after: (work) => void endings.push(work) }, { streams: ['hub'] });
const db = new Kysely<HubTables>({ dialect: new PostgresDialect({ pool }) }).withSchema('hub');
const hubKey = await createSigningKey();
const identity = { key: hubKey, public: publicOf(hubKey), fingerprint: fingerprint(publicOf(hubKey)) };
const { app } = await createHubApp({
  db,
  identity,
  log: silentLog,
  now: Date.now,
  expiryDays: 14,
  counters: createCounters(),
});
const url = await app.listen({ host: '127.0.0.1', port: await freePort({ random: Math.random }) });
after(async () => {
  await app.close();
  for (const end of endings) await end();
});

const start = Date.parse('2026-05-01T12:00:00.000Z');
const hour = 3_600_000;
const instant = new Date(start).toISOString();

async function enrolled(site: string): Promise<PrivateKey> {
  const key = await createSigningKey();
  const print = fingerprint(publicOf(key));
  await pool.query(
    `insert into hub.site (site, key, fingerprint, state, enrolled_at, changed_at) values ($1, $2, $3, 'pending', now(), now())`,
    [site, JSON.stringify(publicOf(key)), print],
  );
  await approveSites(db, identity, start, [print]);
  return key;
}

async function known(site: string): Promise<Site> {
  const found = await findSite(db, site);
  assert.ok(found);
  return found;
}

/** A chain of `length` new keys, and the last of them. */
async function chainFrom(key: PrivateKey, length: number): Promise<{ chain: string[]; key: PrivateKey }> {
  const chain: string[] = [];
  let last = key;
  for (let i = 0; i < length; i += 1) {
    const next = await createSigningKey();
    chain.push(await signRotation('site', last, next, instant));
    last = next;
  }
  return { chain, key: last };
}

async function move(site: string, chain: readonly string[], now: number): Promise<void> {
  const successor = await successorOf(await known(site), chain);
  assert.ok(successor);
  await moveKey(db, identity, now, site, successor);
}

test('a site changes its key three times a day, a day later again, and has 64 keys at most', async () => {
  let key = await enrolled('busy');
  const next = async (now: number, length = 1) => {
    const { chain, key: last } = await chainFrom(key, length);
    await move('busy', chain, now);
    key = last;
  };
  for (let i = 0; i < 3; i += 1) await next(start + i * hour, 8);
  const before = await known('busy');
  await assert.rejects(next(start + 23 * hour), { code: 'too-many-requests', remedy: /revoke the site/ });
  assert.deepEqual(await known('busy'), before);
  await next(start + 25 * hour);
  for (let day = 2; day < 6; day += 1) await next(start + day * 24 * hour + 2 * hour, 8);
  await assert.rejects(next(start + 9 * 24 * hour, 7), { code: 'unknown-site', remedy: /enrolled anew/ });
  await next(start + 10 * 24 * hour, 6);
  const { rows } = await pool.query("select count(*)::int as keys from hub.site_key where site = 'busy'");
  assert.deepEqual(rows, [{ keys: 64 }]);
});

test('a chain is taken eight rotations at once; one that does not name the site’s key is not verified at all', async () => {
  const key = await enrolled('long');
  const site = await known('long');
  const { chain } = await chainFrom(key, 9);
  await assert.rejects(successorOf(site, chain), { code: 'unknown-site' });
  assert.equal((await successorOf(site, chain.slice(0, 8)))?.steps.length, 8);
  const strangers = await chainFrom(await createSigningKey(), 2);
  const spoilt = strangers.chain.map((jws) => `${jws.slice(0, jws.lastIndexOf('.'))}.AAAA`);
  assert.equal(await successorOf(site, spoilt), undefined);
  await assert.rejects(successorOf(site, [...spoilt, `${chain[0]?.slice(0, -20)}`]), {
    code: 'bad-signature',
  });
});

test('who stole a site’s key and waits with `resume` is out when the hospital comes with the next key', async () => {
  const old = await enrolled('alpha');
  const link = { url, site: 'alpha', hubKey: identity.public };
  const thief = openHostileNode({ after }, { ...link, key: old, until: 'welcome' });
  await thief.welcomed();
  const { chain, key } = await chainFrom(old, 1);
  const hospital = openHostileNode({ after }, { ...link, key, rotation: chain });
  await hospital.welcomed();
  await thief.closed();
});

test('who stole a site’s key and waits with `resume` is out when the key was changed by another way', async () => {
  const old = await enrolled('beta');
  const link = { url, site: 'beta', hubKey: identity.public };
  const thief = openHostileNode({ after }, { ...link, key: old, until: 'welcome' });
  await thief.welcomed();
  await move('beta', (await chainFrom(old, 1)).chain, Date.now());
  thief.send({ t: 'resume', epoch: 1, seq: 0 });
  assert.equal(await thief.refused(), 'unknown-site');
});
