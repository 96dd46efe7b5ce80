/** The hub's metrics and health: for whom they are, what they say, and what never stands in them. */

import assert from 'node:assert/strict';
import { after, it } from 'node:test';
import { Kysely, PostgresDialect } from 'kysely';
import { createCounters } from '#host/counters.ts';
import { silentLog } from '#host/log.ts';
import { counted, createMetrics } from '#host/metrics.ts';
import { createHubApp } from '#hub/app.ts';
import { readHubConfig } from '#hub/config.ts';
import { createToken } from '#hub/sites/token.ts';
import { errors } from '#protocol/errors.ts';
import { createSigningKey, fingerprint, publicOf } from '#protocol/keys.ts';
import type { HubTables } from '#sql/tables/hub.ts';
import { testDatabase } from '../../support/database.ts';

const endings: (() => Promise<void>)[] = [];
const { pool } = await testDatabase({ after: (work) => void endings.push(work) }, { streams: ['hub'] });
const db = new Kysely<HubTables>({ dialect: new PostgresDialect({ pool }) }).withSchema('hub');
const key = await createSigningKey();
const identity = { key, public: publicOf(key), fingerprint: fingerprint(publicOf(key)) };
const counters = createCounters();
const clock = Date.parse('2026-05-01T12:00:00.000Z');
const lastBackup = () => new Date(clock - 3_600_000).toISOString();
const facts = { db, identity, log: silentLog, now: () => clock, expiryDays: 14, counters, lastBackup };
const { app } = await createHubApp(facts);
const { app: open } = await createHubApp({ ...facts, metricsOpen: true });
after(async () => {
  await app.close();
  await open.close();
  for (const end of endings) await end();
});

const marker = 'zqxMarker';
const study = '01a20353-cb5f-7a37-b7fc-198c0f001032';
const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` });
const token = async (role: 'operator' | 'viewer' | 'lead' | 'vendor') =>
  (await createToken(db, identity, clock, { role, ttlMs: 3_600_000 })).secret;

/** The value of a metric, by its line without it. */
async function page(secret: string): Promise<(line: string) => number | undefined> {
  const answer = await app.inject({ url: '/metrics', headers: bearer(secret) });
  assert.equal(answer.statusCode, 200, answer.body);
  assert.match(String(answer.headers['content-type']), /^text\/plain; version=0\.0\.4/);
  assert.doesNotMatch(answer.body, new RegExp(`${marker}|${study}|${identity.fingerprint}`, 'i'));
  const lines = new Map(answer.body.split('\n').map((line) => [line.replace(/ \S+$/, ''), line]));
  return (line) => {
    const found = lines.get(line);
    return found === undefined ? undefined : Number(found.slice(line.length + 1));
  };
}

async function fill(): Promise<void> {
  const { rows } = await pool.query<{ id: string }>('select id from hub.token limit 1');
  const ago = new Date(clock - 90_000).toISOString();
  const site = `insert into hub.site (site, key, fingerprint, state, enrolled_at, changed_at) values ($1, '{}', $1, $2, now(), now())`;
  await pool.query(site, ['seoul', 'approved']);
  await pool.query(site, ['busan', 'pending']);
  await pool.query(
    `insert into hub.study (study, version, study_hash, lead, sender, jws, received_at) values ($1, 1, $2, $2, $3, $2, now())`,
    [study, marker, rows[0]?.id],
  );
  await pool.query(
    `insert into hub.job (job, study, version, site, state, code, changed_at, expires_at) values
     (gen_random_uuid(), $1, 1, 'seoul', 'refused', 'not-permitted', now(), now()),
     (gen_random_uuid(), $1, 1, 'busan', 'failed', $2, now(), now()),
     (gen_random_uuid(), $1, 1, 'daegu', $2, null, now(), now())`,
    [study, marker],
  );
  await pool.query(
    `insert into hub.outbox (peer, epoch, seq, message, envelope, expires_at, created_at) values ('seoul', 1, 1, gen_random_uuid(), $1, now(), $2)`,
    [marker, ago],
  );
}

it('gives its metrics to an operator and a viewer, and to nobody else', async () => {
  const ask = async (headers: Record<string, string>) =>
    (await app.inject({ url: '/metrics', headers })).statusCode;
  assert.equal(await ask(bearer(await token('operator'))), 200);
  assert.equal(await ask(bearer(await token('viewer'))), 200);
  assert.equal(await ask(bearer(await token('lead'))), 401);
  assert.equal(await ask(bearer(await token('vendor'))), 401);
  assert.equal(await ask({}), 401);
});

it('counts links, outbox, studies, jobs and refusals, with words of closed sets alone', async () => {
  await fill();
  const secret = await token('operator');
  counters.count('delivery-refused', { code: 'bad-signature' });
  counters.count('delivery-refused', { code: 'bad-signature' });
  counters.count('delivery-refused', { code: `${marker} Kim` });
  await app.inject({ url: `/api/v1/studies/${study}/jobs` });
  await app.inject({ url: `/${marker}` });
  const at = await page(secret);
  const expected: Readonly<Record<string, number>> = {
    moim_hub_database_up: 1,
    moim_hub_links_up: 0,
    moim_hub_sockets_unproved: 0,
    'moim_hub_link_up{site="seoul"}': 0,
    'moim_hub_sites{state="approved"}': 1,
    'moim_hub_sites{state="pending"}': 1,
    moim_hub_outbox_messages: 1,
    moim_hub_outbox_oldest_seconds: 90,
    'moim_hub_studies{state="open"}': 1,
    'moim_hub_studies{state="withdrawn"}': 0,
    'moim_hub_jobs{state="refused"}': 1,
    'moim_hub_jobs{state="other"}': 1,
    'moim_hub_jobs_refused{code="not-permitted"}': 1,
    'moim_hub_jobs_refused{code="other"}': 1,
    moim_hub_replies_stored: 0,
    moim_hub_halted: 0,
    moim_hub_backup_age_seconds: 3600,
    'moim_hub_delivery_refused_total{code="bad-signature"}': 2,
    'moim_hub_delivery_refused_total{code="other"}': 1,
    'moim_hub_request_seconds_count{route="/api/v1/studies/:id/jobs",status="4xx"}': 1,
    'moim_hub_request_seconds_count{route="none",status="4xx"}': 1,
  };
  for (const [line, value] of Object.entries(expected)) assert.equal(at(line), value, line);
  assert.ok((at('moim_hub_audit_entries') ?? 0) > 0);
  assert.ok((at('moim_process_resident_memory_bytes') ?? 0) > 0);
  // The same again: what is counted is not added to what was shown before.
  assert.equal((await page(secret))('moim_hub_delivery_refused_total{code="bad-signature"}'), 2);
});

it('is open without a token where the settings say so, to programs on this machine alone', async () => {
  const ask = async (headers: Record<string, string>, remoteAddress = '127.0.0.1') =>
    (await open.inject({ url: '/metrics', headers, remoteAddress })).statusCode;
  assert.equal(await ask({}), 200);
  assert.equal(await ask({}, '192.0.2.7'), 401);
  for (const name of ['x-forwarded-for', 'forwarded', 'via', 'x-real-ip'])
    assert.equal(
      await ask({ [name]: '127.0.0.1' }),
      401,
      `a proxy on this machine speaks for others: ${name}`,
    );
});

it('counts callers by what a trusted proxy says of them, and by nobody else’s word', async (t) => {
  const { app: behind } = await createHubApp({ ...facts, trustedProxy: 'loopback' });
  behind.get(
    '/whoami',
    { schema: {}, bodyLimit: 1, config: { role: 'anyone', rateLimit: { max: 9 } } },
    (request) => request.ip,
  );
  t.after(() => behind.close());
  const ip = async (remoteAddress: string) =>
    (await behind.inject({ url: '/whoami', remoteAddress, headers: { 'x-forwarded-for': '192.0.2.7' } }))
      .body;
  assert.equal(await ip('127.0.0.1'), '192.0.2.7');
  assert.equal(await ip('198.51.100.1'), '198.51.100.1');
  for (const good of ['loopback', 'uniquelocal, 192.0.2.1', '10.0.0.0/8,fd00::/8'])
    assert.equal(readHubConfig('/nowhere', { MOIM_TRUSTED_PROXY: good }).trustedProxy, good);
  for (const bad of ['everybody', '10.0.0.0/33', '10.0.0.0/8/8', 'loopback,', '300.1.1.1'])
    assert.throws(() => readHubConfig('/nowhere', { MOIM_TRUSTED_PROXY: bad }), /trustedProxy/, bad);
});

it('is ready while the database answers and nobody is asked for', async () => {
  const ready = async () => {
    const answer = await app.inject({ url: '/readyz' });
    return [answer.statusCode, answer.json()];
  };
  assert.deepEqual(await ready(), [200, { ok: true }]);
  await pool.query(`insert into hub.standing (halted_at, code) values (now(), 'restored')`);
  assert.deepEqual(await ready(), [503, { ok: false, code: 'restored' }]);
  assert.equal((await page(await token('viewer')))('moim_hub_halted'), 1);
  await pool.query('update hub.standing set halted_at = null');
  assert.deepEqual(await ready(), [200, { ok: true }]);
});

it('says that its database is gone, and is alive still', async (t) => {
  const lost = new Kysely<HubTables>({ dialect: new PostgresDialect({ pool: gone() }) }).withSchema('hub');
  const { app: alone } = await createHubApp({ ...facts, db: lost, metricsOpen: true });
  t.after(() => alone.close());
  assert.equal((await alone.inject({ url: '/healthz' })).statusCode, 200);
  const ready = await alone.inject({ url: '/readyz' });
  assert.deepEqual([ready.statusCode, ready.json()], [503, { ok: false, code: 'database-unavailable' }]);
  const asked = await alone.inject({
    url: '/api/v1/sites',
    headers: bearer(await token('operator')),
  });
  const { text, remedy } = errors['database-unavailable'];
  assert.deepEqual(
    [asked.statusCode, asked.json()],
    [503, { error: { code: 'database-unavailable', message: text, remedy } }],
    'the caller may come again, and hears no address of a server',
  );
  const { body, statusCode } = await alone.inject({ url: '/metrics' });
  assert.equal(statusCode, 200);
  assert.match(body, /^moim_hub_database_up 0$/m);
  assert.doesNotMatch(body, /moim_hub_jobs/);
});

it('keeps two registries in one process apart', async () => {
  const [one, two] = [createCounters(), createCounters()];
  one.count('frame-refused', { code: 'too-large' });
  const pages = await Promise.all(
    [one, two].map((each) => createMetrics(async () => counted('moim_hub_', each.read())).page()),
  );
  assert.match(pages[0]?.text ?? '', /moim_hub_frame_refused_total\{code="too-large"\} 1/);
  assert.doesNotMatch(pages[1]?.text ?? '', /frame_refused/);
});

/** A pool whose server is not there. */
function gone() {
  return {
    connect: async () => {
      throw Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
    },
    end: async () => {},
  } as never;
}
