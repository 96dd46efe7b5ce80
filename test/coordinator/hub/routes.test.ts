/** The hub's HTTP surface: every route says who, what, how large and how often; nobody else gets in. */

import assert from 'node:assert/strict';
import { after, it } from 'node:test';
import Fastify from 'fastify';
import { Kysely, PostgresDialect } from 'kysely';
import { createCounters } from '#host/counters.ts';
import { silentLog } from '#host/log.ts';
import { createHubApp } from '#hub/app.ts';
import { insistOnRouteFacts, perMinute } from '#hub/routes/route.ts';
import { createToken, revokeToken } from '#hub/sites/token.ts';
import { createSigningKey, fingerprint, publicOf } from '#protocol/keys.ts';
import type { HubTables } from '#sql/tables/hub.ts';
import { testDatabase } from '../../support/database.ts';

const endings: (() => Promise<void>)[] = [];
const { pool } = await testDatabase({ after: (work) => void endings.push(work) }, { streams: ['hub'] });
const db = new Kysely<HubTables>({ dialect: new PostgresDialect({ pool }) }).withSchema('hub');
const key = await createSigningKey();
const identity = { key, public: publicOf(key), fingerprint: fingerprint(publicOf(key)) };
let clock = Date.now();
const counters = createCounters();
const { app } = await createHubApp({
  db,
  identity,
  log: silentLog,
  now: () => clock,
  expiryDays: 14,
  counters,
});
after(async () => {
  await app.close();
  for (const end of endings) await end();
});

const study = '01a20353-cb5f-7a37-b7fc-198c0f001032';
const lead = await createToken(db, identity, clock, { role: 'lead', ttlMs: 3_600_000 });
const site = await createToken(db, identity, clock, { role: 'site', site: 'seoul', ttlMs: 3_600_000 });
const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` });

it('refuses to register a route that lacks role, schema, body limit or rate limit', async () => {
  const whole = { schema: {}, bodyLimit: 1024, config: { role: 'anyone' as const, rateLimit: perMinute(1) } };
  const register = (facts: object) => {
    const one = Fastify();
    insistOnRouteFacts(one);
    one.get('/x', facts, () => 'ok');
  };
  assert.doesNotThrow(() => register(whole));
  assert.throws(() => register({ ...whole, schema: undefined }), /\/x lacks schema/);
  assert.throws(() => register({ ...whole, bodyLimit: undefined }), /lacks bodyLimit/);
  assert.throws(() => register({ ...whole, config: { role: 'anyone' } }), /lacks rateLimit/);
  assert.throws(() => register({ ...whole, config: { rateLimit: perMinute(1) } }), /lacks role/);
});

it('shows anyone its public key and its health, and nothing else', async () => {
  const hub = await app.inject({ url: '/api/v1/hub' });
  assert.deepEqual(hub.json(), { key: identity.public, fingerprint: identity.fingerprint, protocol: [1] });
  assert.deepEqual((await app.inject({ url: '/healthz' })).json(), { ok: true });
  assert.equal((await app.inject({ url: `/api/v1/studies/${study}/jobs` })).statusCode, 401);
  assert.equal((await app.inject({ url: '/anything' })).statusCode, 404);
});

it('lets a token do what its role may, and no more', async () => {
  const jobs = (secret: string) =>
    app.inject({ url: `/api/v1/studies/${study}/jobs`, headers: bearer(secret) });
  assert.equal((await jobs(lead.secret)).statusCode, 404, 'a lead may ask; this study is not theirs');
  assert.equal((await jobs(site.secret)).statusCode, 401);
  assert.equal((await jobs('moim_lead_made-up')).statusCode, 401);
  const enrol = await app.inject({
    method: 'POST',
    url: '/api/v1/enrolment',
    headers: bearer(lead.secret),
    payload: {},
  });
  assert.equal(enrol.statusCode, 401);
});

it('forgets a token that is revoked or past its time', async () => {
  const brief = await createToken(db, identity, clock, { role: 'lead', ttlMs: 1000 });
  const gone = await createToken(db, identity, clock, { role: 'lead', ttlMs: 3_600_000 });
  await revokeToken(db, clock, gone.id);
  const ask = async (secret: string) =>
    (await app.inject({ url: `/api/v1/studies/${study}/replies`, headers: bearer(secret) })).statusCode;
  assert.equal(await ask(gone.secret), 401);
  assert.equal(await ask(brief.secret), 404);
  clock += 2000;
  assert.equal(await ask(brief.secret), 401);
});

it('keeps no secret of a token', async () => {
  const { rows } = await pool.query<{ row: string }>('select t::text as row from hub.token t');
  assert.ok(rows.length > 0);
  for (const { row } of rows) assert.ok(!row.includes(lead.secret) && !row.includes(site.secret));
});

it('refuses unknown members, wrong forms and bodies beyond the limit, quoting nothing back', async () => {
  const post = (payload: unknown, url = '/api/v1/studies') =>
    app.inject({
      method: 'POST',
      url,
      headers: { ...bearer(lead.secret), 'content-type': 'application/json' },
      payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
    });
  for (const payload of [
    { study: 'x', more: 'MARKER' },
    { study: 7 },
    {},
    [],
    '{"study": MARKER',
    'MARKER',
  ]) {
    const answer = await post(payload);
    assert.equal(answer.statusCode, 400, JSON.stringify(payload));
    assert.doesNotMatch(answer.body, /MARKER/);
  }
  const signed = await post({ study: 'MARKER.not.signed' });
  assert.ok(signed.statusCode === 400 || signed.statusCode === 403);
  assert.doesNotMatch(signed.body, /MARKER/);
  const large = await app.inject({
    method: 'POST',
    url: '/api/v1/enrolment',
    headers: { ...bearer(site.secret), 'content-type': 'application/json' },
    payload: JSON.stringify({ key: identity.public, proof: 'x'.repeat(20_000) }),
  });
  assert.equal(large.statusCode, 413);
  const query = await app.inject({
    url: `/api/v1/studies/${study}/jobs?wait=9999`,
    headers: bearer(lead.secret),
  });
  assert.equal(query.statusCode, 400);
});

it('slows down whoever asks too often', async () => {
  const codes: number[] = [];
  for (let i = 0; i < 130; i += 1) {
    codes.push(
      (await app.inject({ method: 'POST', url: '/api/v1/enrolment', headers: bearer('guess'), payload: {} }))
        .statusCode,
    );
  }
  assert.ok(codes.includes(429));
});

// Found by fuzz:wire: the framework's own words quote the path.
it('answers a path that is none in its own words, and quotes nothing of it', async () => {
  for (const [url, code] of [
    ['/MARKER', 'not-found'],
    [`/api/v1/studies/MARKER${'0'.repeat(110)}/replies`, 'bad-input'],
    ['/api/v1/studies/MARKER%zz/replies', 'bad-input'],
  ] as const) {
    const { body } = await app.inject({ url });
    assert.equal(JSON.parse(body).error.code, code, body);
    assert.doesNotMatch(body, /MARKER/);
  }
});
