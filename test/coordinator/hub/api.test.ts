/**
 * The hub's API: every route against every role, what an operator may do with it, and the document that describes it.
 * Longer than 300 lines because one hub, opened once, stands under all of it.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { decodeJwt, importJWK, SignJWT } from 'jose';
import { Kysely, PostgresDialect } from 'kysely';
import { record } from '#host/audit-log.ts';
import { createCounters } from '#host/counters.ts';
import { silentLog } from '#host/log.ts';
import { createHubApp } from '#hub/app.ts';
import { renewRoster } from '#hub/roster/roster.ts';
import { enrol } from '#hub/sites/site.ts';
import { bearerOf, createToken, type TokenRole, tokenRoles } from '#hub/sites/token.ts';
import { hash } from '#protocol/canonical.ts';
import { createSigningKey, fingerprint, publicOf, thumbprint } from '#protocol/keys.ts';
import { openRoster, openRosterHead } from '#protocol/roster.ts';
import { signRotation } from '#protocol/rotation.ts';
import type { HubTables } from '#sql/tables/hub.ts';
import { testDatabase } from '#test/support/database.ts';
import { openApiText } from '../../../scripts/openapi/document.ts';
import { draft } from '../../vectors/fixed.ts';
import { fixedStudy } from '../../vectors/make-v1.ts';

const endings: (() => Promise<void>)[] = [];
const { pool } = await testDatabase({ after: (work) => void endings.push(work) }, { streams: ['hub'] });
const db = new Kysely<HubTables>({ dialect: new PostgresDialect({ pool }) }).withSchema('hub');
const key = await createSigningKey();
const identity = { key, public: publicOf(key), fingerprint: fingerprint(publicOf(key)) };
const { app } = await createHubApp({
  db,
  identity,
  log: silentLog,
  now: Date.now,
  expiryDays: 14,
  counters: createCounters(),
});
await renewRoster(db, identity, Date.now());
after(async () => {
  await app.close();
  for (const end of endings) await end();
});

const secrets = Object.fromEntries(
  await Promise.all(
    tokenRoles.map(async (role) => {
      const site = role === 'site' ? { site: 'seoul' } : {};
      return [
        role,
        await createToken(db, identity, Date.now(), { role, ttlMs: 3_600_000, ...site }),
      ] as const;
    }),
  ),
) as unknown as Record<TokenRole, { id: string; secret: string }>;

interface Served {
  readonly paths: Record<
    string,
    Record<
      string,
      {
        summary?: string;
        operationId: string;
        security: { token: [string] }[];
        parameters: { name: string }[];
        responses: Record<string, object>;
      }
    >
  >;
}
const served = (await app.inject({ url: '/api/v1/openapi.json' })).json() as Served;
const operations = Object.entries(served.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    path,
    method: method.toUpperCase() as 'GET',
    ...operation,
  })),
);

const ids: Readonly<Record<string, string>> = {
  id: '01a20353-cb5f-7a37-b7fc-198c0f001032',
  fingerprint: 'AAAA-AAAA-AAAA-AAAA',
  site: 'nobody',
};
const call = (role: TokenRole | undefined, path: string, method = 'GET', payload?: object) =>
  app.inject({
    method: method as 'GET',
    url: path.replace(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? name),
    headers: role === undefined ? {} : { authorization: `Bearer ${secrets[role].secret}` },
    ...(payload === undefined ? {} : { payload }),
  });

test('every route lets in the roles it names, and nobody else', async () => {
  assert.ok(operations.length >= 15);
  for (const { path, method, security } of operations) {
    if (security.length === 0) continue;
    const roles = security.map(({ token }) => token[0]);
    assert.equal((await call(undefined, path, method)).statusCode, 401, `${method} ${path} without a token`);
    for (const role of tokenRoles) {
      const { statusCode } = await call(role, path, method);
      if (roles.includes(role)) assert.notEqual(statusCode, 401, `${method} ${path} as ${role}`);
      else assert.equal(statusCode, 401, `${method} ${path} as ${role}`);
    }
  }
});

test('the routes and their roles are these', () => {
  const table = operations
    .filter(({ path }) => path.startsWith('/api/'))
    .map(
      ({ path, method, security }) =>
        `${method} ${path.slice(8)} ${security.map(({ token }) => token[0]).join(',') || 'anyone'}`,
    );
  assert.deepEqual(table.sort(), [
    'DELETE tokens/{id} operator',
    'GET audit operator',
    'GET hub anyone',
    'GET me site,operator,lead,vendor,viewer',
    'GET openapi.json anyone',
    'GET roster lead,operator,viewer',
    'GET sites operator,lead,viewer',
    'GET studies viewer,operator',
    'GET studies/{id}/jobs lead',
    'GET studies/{id}/replies lead',
    'POST enrolment site',
    'POST sites/{fingerprint}/approve operator',
    'POST sites/{site}/revoke operator',
    'POST studies lead',
    'POST studies/{id}/orders lead',
    'POST tokens operator',
  ]);
});

test('every route is described: a sentence, its parameters, its refusals', () => {
  for (const { path, method, summary, security, parameters, responses } of operations) {
    assert.ok(summary, `${method} ${path} says what it does`);
    for (const [, name] of path.matchAll(/\{(\w+)\}/g))
      assert.ok(
        parameters.some((each) => each.name === name),
        `${method} ${path}: ${name}`,
      );
    if (security.length > 0) assert.ok(responses['401'], `${method} ${path}: 401`);
    assert.ok(responses['429']);
  }
  assert.equal(new Set(operations.map(({ operationId }) => operationId)).size, operations.length);
});

test('docs/openapi.json is what the hub serves', async () => {
  const doc = readFileSync(new URL('../../../docs/openapi.json', import.meta.url), 'utf8');
  assert.deepEqual(JSON.parse(doc), JSON.parse(await openApiText()), 'run `node scripts/openapi.ts`');
});

test('an operator approves and revokes over the API, each time a new roster, each on record with the token', async () => {
  const siteKey = publicOf(await createSigningKey());
  const bearer = await bearerOf(db, identity, Date.now(), secrets.site.secret);
  const { fingerprint: print } = await enrol(db, Date.now(), bearer, siteKey);
  const sites = async () => (await call('viewer', '/api/v1/sites')).json() as { sites: object[] };
  const row = { site: 'seoul', fingerprint: print, key: siteKey, linked: false };
  assert.deepEqual((await sites()).sites, [{ ...row, state: 'pending' }]);

  const approved = await call('operator', `/api/v1/sites/${print}/approve`, 'POST');
  assert.deepEqual(approved.json(), { ...row, state: 'approved' });
  assert.equal((await call('operator', `/api/v1/sites/${print}/approve`, 'POST')).statusCode, 200, 'again');
  const roster = async () =>
    (await call('lead', '/api/v1/roster')).json() as { roster: string; heads: string[] };
  const second = await openRoster((await roster()).roster, identity.public);
  assert.equal(second.roster.version, 2, 'said twice it is no news');
  assert.deepEqual(
    second.roster.sites.map(({ site, state }) => [site, state]),
    [['seoul', 'approved']],
  );

  assert.equal((await call('operator', '/api/v1/sites/seoul/revoke', 'POST')).json().state, 'revoked');
  const { roster: jws, heads } = await roster();
  const third = await openRoster(jws, identity.public);
  assert.equal(third.roster.previous, second.hash);
  assert.equal(third.roster.sites[0]?.state, 'revoked');
  assert.ok(third.roster.sites[0]?.validUntil, 'its key stays, with the end of its time');
  const opened = await Promise.all(heads.map((head) => openRosterHead(head, identity.public)));
  assert.deepEqual(
    opened.map(({ version }) => version),
    [1, 2, 3],
  );
  assert.equal(
    (await call('operator', `/api/v1/sites/${print}/approve`, 'POST')).statusCode,
    404,
    'for good',
  );

  const { entries } = (await call('operator', '/api/v1/audit?limit=1000')).json() as {
    entries: { n: number; kind: string; body: Record<string, string> }[];
  };
  for (const kind of ['site-approved', 'site-revoked']) {
    const acts = entries.filter((entry) => entry.kind === kind);
    assert.deepEqual(
      acts.map(({ body }) => body.by),
      [secrets.operator.id],
    );
  }
});

test('the audit log is read in pages', async () => {
  for (let i = 0; i < 5; i += 1) {
    const body = { count: i };
    await db
      .transaction()
      .execute((transaction) => record(transaction, new Date().toISOString(), 'test', body));
  }
  const page = async (after: number) =>
    ((await call('operator', `/api/v1/audit?after=${after}&limit=3`)).json() as { entries: { n: number }[] })
      .entries;
  const numbers: number[] = [];
  for (let rows = await page(0); rows.length > 0; rows = await page(rows.at(-1)?.n ?? 0))
    numbers.push(...rows.map(({ n }) => n));
  assert.deepEqual(
    numbers,
    numbers.map((_, i) => i + 1),
  );
  for (const odd of ['limit=0', 'limit=1001', 'after=-1', 'more=1'])
    assert.equal((await call('operator', `/api/v1/audit?${odd}`)).statusCode, 400, odd);
});

test('an operator makes a token, shown once, and revokes it', async () => {
  const made = await call('operator', '/api/v1/tokens', 'POST', { role: 'viewer', ttlSeconds: 3600 });
  assert.equal(made.statusCode, 201);
  const { id, token, expiresAt } = made.json() as { id: string; token: string; expiresAt: string };
  const me = () => app.inject({ url: '/api/v1/me', headers: { authorization: `Bearer ${token}` } });
  assert.deepEqual((await me()).json(), { id, role: 'viewer', site: null, expiresAt });
  const kept = (await pool.query<{ sha256: string }>('select sha256 from hub.token where id = $1', [id]))
    .rows;
  assert.equal(kept[0]?.sha256, hash(token));
  assert.equal((await call('operator', `/api/v1/tokens/${id}`, 'DELETE')).statusCode, 200);
  assert.equal((await me()).statusCode, 401);
  assert.equal((await call('operator', `/api/v1/tokens/${id}`, 'DELETE')).statusCode, 404);
  for (const odd of [
    { role: 'site', ttlSeconds: 3600 },
    { role: 'viewer', site: 'seoul', ttlSeconds: 3600 },
    { role: 'site', site: 'hub', ttlSeconds: 3600 },
    { role: 'king', ttlSeconds: 3600 },
    { role: 'viewer', ttlSeconds: 1 },
  ])
    assert.equal(
      (await call('operator', '/api/v1/tokens', 'POST', odd)).statusCode,
      400,
      JSON.stringify(odd),
    );
});

test('a token is a JWT of the hub’s key; changed, of another key, or of another kind it is nobody’s', async () => {
  const ask = async (secret: string) =>
    (await app.inject({ url: '/api/v1/me', headers: { authorization: `Bearer ${secret}` } })).statusCode;
  const { secret, id } = secrets.viewer;
  const claims = decodeJwt(secret);
  assert.deepEqual(
    [claims.iss, claims.aud, claims.jti, claims.role],
    [identity.fingerprint, 'moim-hub', id, 'viewer'],
  );
  const signed = async (change: object, typ: string, by = key, kid = thumbprint(publicOf(by))) =>
    new SignJWT({ ...claims, ...change })
      .setProtectedHeader({ alg: 'EdDSA', kid, typ })
      .sign(await importJWK({ ...by, alg: 'EdDSA' }, 'EdDSA'));
  const typ = 'moim-token+jwt';
  assert.equal(await ask(await signed({}, typ)), 200, 'the same claims, signed again, are the same token');
  const stranger = await createSigningKey();
  const [head, payload] = secret.split('.');
  for (const [what, forged] of Object.entries({
    'another role': await signed({ role: 'operator' }, typ),
    'another id': await signed({ jti: secrets.operator.id }, typ),
    'a later end': await signed({ exp: (claims.exp ?? 0) + 3600 }, typ),
    'another audience': await signed({ aud: 'moim-node' }, typ),
    'another issuer': await signed({ iss: fingerprint(publicOf(stranger)) }, typ),
    'another kind of signature': await signed({}, 'moim-roster+jws'),
    'a stranger’s key': await signed({}, typ, stranger),
    'a stranger’s key under the hub’s name': await signed({}, typ, stranger, thumbprint(identity.public)),
    'no signature': `${head}.${payload}.`,
    'alg none': `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`,
  }))
    assert.equal(await ask(forged), 401, what);
});

test('a token that the hub’s key of before signed goes on; an unknown hub’s does not', async () => {
  const next = await createSigningKey();
  const rotation = await signRotation('hub', key, next, new Date().toISOString());
  const after_ = { key: next, public: publicOf(next), fingerprint: fingerprint(publicOf(next)) };
  const now = Date.now();
  await assert.rejects(bearerOf(db, after_, now, secrets.lead.secret), { code: 'token-refused' });
  const rotated = { ...after_, rotations: [rotation], formerly: [identity.public] };
  assert.equal((await bearerOf(db, rotated, now, secrets.lead.secret)).id, secrets.lead.id);
});

test('a call that waits under a token that is revoked ends within a second or so, refused', async () => {
  const { id, secret } = await createToken(db, identity, Date.now(), { role: 'lead', ttlMs: 3_600_000 });
  const { study, jws, hash: studyHash } = await fixedStudy();
  await pool.query(
    `insert into hub.study (study, version, study_hash, lead, sender, jws, received_at)
     values ($1, 1, $2, $3, $4, $5, now())`,
    [study.id, studyHash, fingerprint(study.lead.key), id, jws],
  );
  const waiting = app.inject({
    url: `/api/v1/studies/${study.id}/jobs?wait=25`,
    headers: { authorization: `Bearer ${secret}` },
  });
  await app.inject({ url: '/healthz' });
  assert.equal((await call('operator', `/api/v1/tokens/${id}`, 'DELETE')).statusCode, 200);
  assert.equal((await waiting).statusCode, 401);
});

test('the overview shows titles and states, and nothing of what is asked', async () => {
  const answer = await call('viewer', '/api/v1/studies');
  const { studies } = answer.json() as { studies: Record<string, unknown>[] };
  assert.equal(studies.length, 1);
  assert.deepEqual(Object.keys(studies[0] ?? {}).sort(), [
    'lead',
    'receivedAt',
    'sites',
    'state',
    'study',
    'title',
    'version',
  ]);
  assert.equal(studies[0]?.title, draft.title);
  const after_ = await call('viewer', `/api/v1/studies?after=${String(studies[0]?.study)}`);
  assert.deepEqual(after_.json(), { studies: [] });
});
