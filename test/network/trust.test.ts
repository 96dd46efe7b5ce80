// Longer than 300 lines because one network, opened once, stands under every attack.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type HubIdentity, readHubIdentity } from '#hub/identity.ts';
import { readNodeIdentity } from '#node/identity.ts';
import { createSigningKey, fingerprint, publicOf } from '#protocol/keys.ts';
import { openReply, type SiteAnswer, sealedHash, verifyReply } from '#protocol/reply.ts';
import { openRosterHead, type Roster, signRoster } from '#protocol/roster.ts';
import { type Sealed, seal } from '#protocol/seal.ts';
import { claimedPayload, sign } from '#protocol/sign.ts';
import { openHostileNode } from './hostile-node.ts';
import { assertChainsVerify, openNetwork, openSite, rowsOf, type Site } from './network.ts';
import { command, until } from './party.ts';
import { reach, resultOf, type SentStudy, sendStudy } from './study.ts';

const network = await openNetwork(
  { after },
  { sites: { alpha: { persons: 40, salt: 1 }, beta: { persons: 30, salt: 2 } }, minimumCell: 1 },
);
const { hub, lead } = network;
const [alpha, beta] = network.sites as [Site, Site];
const identity: HubIdentity = readHubIdentity(hub.home);
await alpha.start();
await beta.start();
const study = await sendStudy(network);
await reach(lead, study, { alpha: 'answered', beta: 'answered' });

interface Stored {
  readonly header: string;
  readonly sealed: Sealed;
}

async function stored(of: SentStudy, site: string): Promise<Stored> {
  const [row] = await rowsOf<{ header: string; sealed: Sealed }>(
    hub.pool,
    'select header, sealed from hub.reply where job = $1',
    [of.jobs[site]],
  );
  assert.ok(row);
  return row;
}

const put = (of: SentStudy, site: string, { header, sealed }: Stored) =>
  hub.pool.query('update hub.reply set header = $2, sealed = $3 where job = $1', [
    of.jobs[site],
    header,
    JSON.stringify(sealed),
  ]);

async function answerOf(site: Site, of: SentStudy = study): Promise<SiteAnswer> {
  const { header, sealed } = await stored(of, site.site);
  const own = readNodeIdentity(site.home);
  return openReply(await verifyReply(header, sealed, own.public), sealed, own.archive, own.public);
}

interface RosterRow {
  readonly version: string;
  readonly hash: string;
  readonly jws: string | null;
  readonly head: string;
  readonly issued_at: string;
}

/** The hub's versions, newest first. */
const versions = () =>
  rowsOf<RosterRow>(
    hub.pool,
    'select version::text, hash, jws, head, issued_at::text from hub.roster order by version desc',
  );

/** Writes the hub's newest version anew, as only the hub itself can; gives what puts it back. */
async function rewriteRoster(change: (roster: Roster) => Roster): Promise<() => Promise<void>> {
  const [row] = await versions();
  assert.ok(row?.jws);
  const forged = await signRoster(change(claimedPayload(row.jws) as Roster), identity.key);
  const write = (values: readonly (string | null)[]) =>
    hub.pool.query('update hub.roster set hash = $2, jws = $3, head = $4 where version = $1', [
      row.version,
      ...values,
    ]);
  await write([forged.hash, forged.jws, forged.head]);
  return async () => void (await write([row.hash, row.jws, row.head]));
}

const refusals = (site: Site) =>
  rowsOf<{ code: string }>(
    site.pool,
    `select body->>'code' as code from moim.audit where kind = 'roster-refused' order by n`,
  ).then((rows) => rows.map(({ code }) => code));

/** What `doctor` says of one check. */
async function doctor(site: Site, check: string): Promise<{ state: string; says: string; remedy?: string }> {
  const { out } = await command(site.home, site.env, 'doctor', '--json');
  const found = out
    .split('\n')
    .map((line) => JSON.parse(line) as { check: string; state: string; says: string })
    .find((each) => each.check === check);
  assert.ok(found, `doctor speaks of ${check}`);
  return found;
}

test('each approval is a version of the roster; answers say which one their hospital holds', async () => {
  const [newest, before] = await versions();
  assert.equal(newest?.version, '3', 'an empty one, and one a site');
  assert.equal((claimedPayload(newest?.jws ?? '') as Roster).previous, before?.hash);
  assert.equal(before?.jws, null, 'the newest alone is kept whole');
  for (const site of [alpha, beta]) {
    assert.deepEqual((await answerOf(site)).roster, { version: 3, hash: newest?.hash });
    assert.equal((await doctor(site, 'roster')).says, 'version 3');
  }
  const first = await resultOf(lead, study);
  assert.equal(first.code, 0, first.err);
  assert.match(first.err, new RegExp(`has the key ${identity.fingerprint}: kept; compare it`));
  assert.doesNotMatch((await resultOf(lead, study)).err, /has the key/, 'it is said once');
});

test('a hub that answers for a pinned hospital under a key of its own is not believed', async () => {
  const own = await createSigningKey();
  const kept = await stored(study, 'beta');
  const beta_ = readNodeIdentity(beta.home);
  const { context, sealedAt } = await verifyReply(kept.header, kept.sealed, beta_.public);
  const answer = { ...(await answerOf(beta)), roster: undefined };
  // What the hub invents is well formed, sealed to the lead, and the roster says that the key is beta's.
  const inner = await sign(answer, 'moim-result', own);
  const readers = kept.sealed.recipients.map(({ key }) => key);
  const sealed = await seal(new TextEncoder().encode(inner), readers, context);
  const header = await sign({ context, sealedAt, ciphertext: sealedHash(sealed) }, 'moim-reply', own);
  const undo = await rewriteRoster((roster) => ({
    ...roster,
    sites: roster.sites.map((row) =>
      row.site === 'beta' ? { ...row, key: publicOf(own), fingerprint: fingerprint(publicOf(own)) } : row,
    ),
  }));
  await put(study, 'beta', { header, sealed });
  // A lead that saw this version before sees at once that it was rewritten; one that did not, by the pinned fingerprint.
  const known = await resultOf(lead, study, '--partial');
  assert.equal(known.code, 3);
  assert.match(known.err, /different rosters/);
  const fresh = await resultOf(await newcomer(), study, '--partial');
  assert.equal(fresh.pooled?.standsOn, '0 of 2');
  assert.deepEqual(
    fresh.pooled?.sites.map(({ site, code }) => [site, code]),
    [
      // Alpha's answer names the version as alpha was shown it.
      ['alpha', 'roster-differs'],
      ['beta', 'bad-signature'],
    ],
  );
  await put(study, 'beta', kept);
  await undo();
  assert.equal((await resultOf(lead, study)).code, 0);
});

/** The lead's home as it is on another machine that never met the hub: the studies without what was seen of it. */
async function newcomer() {
  const { cpSync, rmSync } = await import('node:fs');
  const { join } = await import('node:path');
  const { temporaryHome } = await import('#test/support/temporary-home.ts');
  const home = temporaryHome({ after });
  cpSync(lead.home, home, { recursive: true });
  rmSync(join(home, 'hubs'), { recursive: true, force: true });
  return { ...lead, home };
}

test('the answer of a site that the lead did not name is counted nowhere', async () => {
  const before = await resultOf(lead, study);
  const invented = '01a20353-cb5f-7a37-b7fc-198c0f001077';
  await hub.pool.query(
    `insert into hub.job (job, study, version, site, state, changed_at, expires_at)
     select $1, study, version, 'mallory', 'answered', now(), now() + interval '1 day' from hub.study where study = $2`,
    [invented, study.id],
  );
  await hub.pool.query(
    `insert into hub.reply (job, message, header, sealed, received_at)
     select $1, $1, header, sealed, now() from hub.reply where job = $2`,
    [invented, study.jobs.alpha],
  );
  const { code, pooled } = await resultOf(lead, study);
  assert.equal(code, 0);
  assert.equal(pooled?.standsOn, '2 of 2');
  assert.deepEqual(pooled?.cohorts, before.pooled?.cohorts);
  await hub.pool.query('delete from hub.reply where job = $1', [invented]);
  await hub.pool.query('delete from hub.job where job = $1', [invented]);
});

test('a hub that shows a hospital another roster than the lead is caught by the hospital’s own answer', async () => {
  const undo = await rewriteRoster((roster) => ({
    ...roster,
    sites: roster.sites.map((row) => ({ ...row, validFrom: '2020-01-01T00:00:00.000Z' })),
  }));
  const { code, pooled, err } = await resultOf(await newcomer(), study, '--partial');
  assert.equal(code, 1, err);
  assert.equal(pooled?.standsOn, '0 of 2');
  for (const site of pooled?.sites ?? []) assert.equal(site.code, 'roster-differs');
  await undo();
});

test('a hub that goes back to an older roster, or rewrites one, is caught by the hospitals and by the lead', async () => {
  const [newest] = await versions();
  assert.ok(newest?.jws);
  const again = async () => {
    const links = () => alpha.lines.filter((line) => line.includes('"link-up"')).length;
    const before = links();
    await alpha.stop();
    await alpha.start();
    await until('alpha to link again', () => links() > before);
  };
  await hub.pool.query('delete from hub.roster where version = 3');
  await again();
  await until('the refusal to be on record', async () => (await refusals(alpha)).length === 1);
  const lost = await resultOf(lead, study);
  assert.equal(lost.code, 3);
  assert.equal(lost.out, '');
  assert.match(lost.err, /no roster|older roster/);
  const head = JSON.parse(JSON.stringify(await openRosterHead(newest.head, identity.public)));
  const forged = await signRoster(
    { ...(claimedPayload(newest.jws) as Roster), issuedAt: '2020-01-01T00:00:00.000Z' },
    identity.key,
  );
  const insert = (hash: string, jws: string, at: string) =>
    hub.pool.query(
      'insert into hub.roster (version, hash, jws, head, issued_at) values (3, $1, $2, $3, now())',
      [hash, jws, at],
    );
  await insert(forged.hash, forged.jws, forged.head);
  await again();
  await again();
  await until('the second refusal to be on record', async () => (await refusals(alpha)).length === 2);
  assert.deepEqual(await refusals(alpha), ['roster-set-back', 'roster-differs'], 'once, though shown twice');
  const found = await doctor(alpha, 'roster');
  assert.equal(found.state, 'failed');
  assert.match(`${found.says} ${found.remedy}`, /version 3.*roster-differs.*Ask the hub operator/);
  const [held] = await rowsOf<{ hash: string }>(
    alpha.pool,
    'select hash from moim.roster_head order by version desc limit 1',
  );
  assert.equal(held?.hash, head.hash, 'the first stands');
  const rewritten = await resultOf(lead, study);
  assert.equal(rewritten.code, 3);
  assert.match(rewritten.err, /different rosters/);
  await hub.pool.query('delete from hub.roster where version = 3');
  await insert(newest.hash, newest.jws, newest.head);
  assert.equal((await resultOf(lead, study)).code, 0);
});

test('a newer roster reaches the nodes over their live links, and one that is not the hub’s does not stand', async () => {
  await openSite({ after }, { site: 'gamma', hub });
  await until('the new head to arrive', async () => {
    const rows = await rowsOf(beta.pool, 'select from moim.roster_head where version = 4');
    return rows.length === 1;
  });
  assert.equal((await doctor(alpha, 'roster')).state, 'warning', 'what was refused is not forgotten');
  const [row] = await versions();
  const [head, payload] = row?.head.split('.') ?? [];
  const stranger = await signRoster(claimedPayload(row?.jws ?? '') as Roster, await createSigningKey());
  for (const bad of [stranger.head, `${head}.${payload}.AAAA`]) {
    await hub.pool.query('update hub.roster set head = $1, version = 5 where version in (4, 5)', [bad]);
    await until('the refusal', async () => (await refusals(beta)).at(-1) === 'bad-signature');
    await hub.pool.query('update hub.roster set version = 4 where version = 5');
    const answer = await resultOf(await newcomer(), study);
    assert.equal(answer.code, 3);
  }
  await hub.pool.query('update hub.roster set head = $1 where version = 4', [row?.head]);
  assert.equal((await resultOf(lead, study)).code, 0);
});

test('a reply that the hub sealed to one more reader is not opened', async () => {
  const kept = await stored(study, 'beta');
  const [reader] = kept.sealed.recipients;
  assert.ok(reader);
  const sealed = {
    ...kept.sealed,
    recipients: [...kept.sealed.recipients, { ...reader, key: 'A'.repeat(43) }],
  };
  for (const changed of [
    { ...kept, sealed },
    { ...kept, header: kept.header.replace(/[^.]*$/, '') },
  ]) {
    await put(study, 'beta', changed);
    const { pooled } = await resultOf(lead, study, '--partial');
    assert.equal(pooled?.sites.find(({ site }) => site === 'beta')?.code, 'bad-signature');
    assert.equal(pooled?.standsOn, '1 of 2');
  }
  await put(study, 'beta', kept);
});

test('a second session with one key is refused, and both operators are told of it, once', async () => {
  for (let i = 0; i < 3; i += 1) {
    const thief = openHostileNode(
      { after },
      { url: hub.url, site: 'beta', hubKey: identity.public, key: readNodeIdentity(beta.home).key },
    );
    assert.equal(await thief.refused(), 'second-session');
  }
  const entries = (party: Site | typeof hub, schema: string, kind: string) =>
    rowsOf(party.pool, `select from ${schema}.audit where kind = $1`, [kind]);
  await until('the hospital to hear', async () => (await entries(beta, 'moim', 'hub-notice')).length > 0);
  assert.equal((await entries(hub, 'hub', 'second-session')).length, 1);
  assert.equal((await entries(beta, 'moim', 'hub-notice')).length, 1);
  const notice = await doctor(beta, 'notices');
  assert.equal(notice.state, 'warning');
  assert.match(`${notice.says} ${notice.remedy}`, /link with this key is open already.*revoke the key/);
  assert.match(
    (await command(hub.home, hub.env, 'hubDoctor')).out,
    /warning +sessions +.*beta: A link with this key/,
  );
});

test('after all of this every audit chain verifies', async () => {
  await assertChainsVerify(network);
});
