// Longer than 300 lines because one network, opened once, goes through the rotation of every key in turn.

import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readHubIdentity } from '#hub/identity.ts';
import { readNodeIdentity, readPinnedHub } from '#node/identity.ts';
import { createSigningKey, fingerprint, type PrivateKey, publicOf, thumbprint } from '#protocol/keys.ts';
import { signRotation } from '#protocol/rotation.ts';
import { openHostileHub, pinHostile } from './hostile-hub.ts';
import { type HostileNodeOptions, openHostileNode } from './hostile-node.ts';
import {
  assertChainsVerify,
  json,
  openLead,
  openNetwork,
  openStandalone,
  rowsOf,
  type Site,
  succeed,
} from './network.ts';
import { command, until } from './party.ts';
import { reach, resultOf, sendStudy, signStudy } from './study.ts';

const network = await openNetwork(
  { after },
  { sites: { alpha: { persons: 40, salt: 1 }, beta: { persons: 30, salt: 2 } }, minimumCell: 1 },
);
const { hub, lead } = network;
const [alpha, beta] = network.sites as [Site, Site];
const hubPublic = () => readHubIdentity(hub.home).public;
const instant = () => new Date().toISOString();

const keyFile = (party: { home: string }, name: string): string => join(party.home, 'keys', `${name}.json`);
const rotate = (party: { home: string }, file: string) =>
  succeed({ home: party.home }, 'key', 'rotate', file).then((answer) => ({
    ...json<{ fingerprint: string; rotations: string[] }>(answer),
    err: answer.err,
  }));

const linkAs = (key: PrivateKey, more: Partial<HostileNodeOptions> = {}) =>
  openHostileNode({ after }, { url: hub.url, site: 'alpha', hubKey: hubPublic(), key, ...more });

const audited = (party: { pool: Site['pool'] }, schema: string, kind: string) =>
  rowsOf<{ body: Record<string, string> }>(
    party.pool,
    `select body from ${schema}.audit where kind = $1 order by n`,
    [kind],
  ).then((rows) => rows.map(({ body }) => body));

/** Starts a node and waits for its link. */
async function linked(site: Site): Promise<void> {
  const links = () => site.lines.filter((line) => line.includes('"link-up"')).length;
  const before = links();
  await site.start();
  await until(`${site.site} to link`, () => links() > before);
}

await linked(alpha);
await linked(beta);
const first = await sendStudy(network);
await reach(lead, first, { alpha: 'answered', beta: 'answered' });
const alphaBefore = readNodeIdentity(alpha.home);

test('a chain of another’s making moves no site’s key', async () => {
  const thief = await createSigningKey();
  const stranger = await createSigningKey();
  await alpha.stop();
  const forged = {
    'signed by a stranger': await signRotation('site', stranger, thief, instant()),
    'of another role': await signRotation('hub', alphaBefore.key, thief, instant()),
    'to another key': await signRotation('site', alphaBefore.key, stranger, instant()),
    'of another site': await signRotation('site', readNodeIdentity(beta.home).key, thief, instant()),
  };
  for (const [what, jws] of Object.entries(forged)) {
    const code = await linkAs(thief, { rotation: [jws] }).refused();
    assert.match(code, /^(unknown-site|bad-signature)$/, what);
  }
  // The word of the old key is there, the new key is not proved: whoever overheard it gains nothing.
  const next = await createSigningKey();
  const good = await signRotation('site', alphaBefore.key, next, instant());
  assert.equal(await linkAs(thief, { rotation: [good], named: publicOf(next) }).refused(), 'bad-signature');
  assert.deepEqual(await audited(hub, 'hub', 'site-key-rotated'), []);
});

test('a site takes a new key: what it signed before stays good, and the old key is refused from then on', async () => {
  // A reply that waits for the hub while the key changes is signed by the old one.
  const waiting = await signStudy(lead, [alpha, beta]);
  await succeed(lead, 'study', 'send', waiting.file, '--hub', hub.url, '--token-file', lead.tokenFile);
  await linked(alpha);
  await reach(lead, waiting, { alpha: 'answered', beta: 'answered' });
  await alpha.stop();
  const once = await rotate(alpha, keyFile(alpha, 'site'));
  assert.match(once.err, new RegExp(`${alpha.fingerprint} is gone; ${once.fingerprint} follows it`));
  const twice = await rotate(alpha, keyFile(alpha, 'site'));
  assert.equal(twice.rotations.length, 2, 'the chain is kept whole');
  // A thief who got hold of the old key holds the link when the hospital comes with the new one.
  const thief = linkAs(alphaBefore.key);
  await thief.welcomed();
  await linked(alpha);
  await thief.closed();
  assert.equal(await linkAs(alphaBefore.key).refused(), 'unknown-site');
  assert.deepEqual(await audited(hub, 'hub', 'site-key-rotated'), [
    { site: 'alpha', from: alpha.fingerprint, to: twice.fingerprint },
  ]);
  const keys = await rowsOf<{ fingerprint: string; open: boolean }>(
    hub.pool,
    `select fingerprint, valid_until is null as open from hub.site_key where site = 'alpha' order by valid_from`,
  );
  assert.deepEqual(keys, [
    { fingerprint: alpha.fingerprint, open: false },
    { fingerprint: once.fingerprint, open: false },
    { fingerprint: twice.fingerprint, open: true },
  ]);
  // The fingerprint that the lead pinned is the old one: the old key's own word leads to the new.
  const later = await sendStudy(network);
  await reach(lead, later, { alpha: 'answered', beta: 'answered' });
  for (const study of [first, waiting, later]) {
    const { code, err } = await resultOf(lead, study);
    assert.equal(code, 0, err);
    await assertAnsweredOnceAt(study.jobs.alpha ?? '');
  }
  assert.equal((await succeed(alpha, 'nodeAudit', 'show', '--left')).code, 0);
});

/** One reply at the hub, and one answer kept at alpha. */
async function assertAnsweredOnceAt(job: string): Promise<void> {
  const [row] = await rowsOf<{ replies: number }>(
    hub.pool,
    'select count(*)::int as replies from hub.reply where job = $1',
    [job],
  );
  assert.equal(row?.replies, 1);
}

test('a reply that waited while the site’s key changed is delivered under the new one', async () => {
  const study = await sendStudy(network, { sites: [alpha] });
  await reach(lead, study, { alpha: 'answered' });
  // As if the hub had lost its last delivery before it acknowledged: the node sends it again, signed by the key of then.
  await alpha.stop();
  const job = study.jobs.alpha ?? '';
  await hub.pool.query('delete from hub.reply where job = $1', [job]);
  await hub.pool.query(`update hub.job set state = 'running' where job = $1`, [job]);
  await hub.pool.query(
    `update hub.peer_position set seq = seq - 1 where peer = 'alpha' and direction = 'in'`,
  );
  await alpha.pool.query(
    'update moim.outbox set acked_at = null where seq = (select max(seq) from moim.outbox)',
  );
  await rotate(alpha, keyFile(alpha, 'site'));
  await linked(alpha);
  await reach(lead, study, { alpha: 'answered' });
  const { code, err } = await resultOf(lead, study);
  assert.equal(code, 0, err);
});

test('a hub that shows a key which the pinned one did not sign is refused by the node', async () => {
  const enemy = await openHostileHub({ after });
  const site = await openStandalone({ after }, 'delta');
  const old = await createSigningKey();
  pinHostile(site.home, { ...enemy, key: old }, 'delta');
  enemy.rotation = [await signRotation('hub', await createSigningKey(), enemy.key, instant())];
  await site.start();
  await until('the node to refuse', () => site.lines.some((line) => line.includes('bad-signature')));
  assert.equal(enemy.links(), 0);
  const pinned = () => readPinnedHub(site.home)?.key ?? old;
  assert.equal(thumbprint(pinned()), thumbprint(publicOf(old)));
  enemy.rotation = [await signRotation('hub', old, enemy.key, instant())];
  await until('the node to follow the old key’s word', () => enemy.links() > 0);
  assert.equal(thumbprint(pinned()), thumbprint(publicOf(enemy.key)));
  await site.stop();
});

test('the hub takes a new key: nodes and lead follow it, and deliveries go on where they were', async () => {
  const before = hubPublic();
  await beta.stop();
  // Signed and enqueued under the old key, delivered under the new one.
  const study = await sendStudy(network);
  await reach(lead, study, { alpha: 'answered' });
  await hub.stop();
  const { fingerprint: print } = await rotate(hub, keyFile(hub, 'hub'));
  await hub.start();
  await linked(beta);
  await reach(lead, study, { alpha: 'answered', beta: 'answered' });
  for (const site of [alpha, beta]) {
    await until(`${site.site} to follow`, async () => {
      const [entry] = await audited(site, 'moim', 'hub-key-rotated');
      return entry?.from === fingerprint(before) && entry.to === print;
    });
    assert.equal(fingerprint(readPinnedHub(site.home)?.key ?? before), print);
    const peers = await rowsOf<{ peer: string }>(site.pool, 'select distinct peer from moim.peer_position');
    assert.deepEqual(
      peers.map(({ peer }) => peer),
      [`hub:${fingerprint(before)}:${site.site}`],
      'the name is that of the key pinned first',
    );
  }
  const told = await resultOf(lead, study);
  assert.equal(told.code, 0, told.err);
  assert.match(told.err, new RegExp(`was rotated: ${print} follows ${fingerprint(before)}`));
  assert.equal((await resultOf(lead, first)).code, 0);
  // The lead's token was signed by the old key and goes on until it ends.
  const later = await sendStudy(network);
  await reach(lead, later, { alpha: 'answered', beta: 'answered' });
  // Nodes that come again need no second rotation, and neither does one that missed the first.
  await alpha.stop();
  await linked(alpha);
  assert.equal((await audited(alpha, 'moim', 'hub-key-rotated')).length, 1);
});

test('a lead that met another hub key, which the old one did not sign, reads nothing', async () => {
  const file = keyFile(hub, 'hub');
  const kept = readFileSync(file, 'utf8');
  const { rotations: _, ...bare } = JSON.parse(kept) as Record<string, unknown>;
  await hub.stop();
  const other = await createSigningKey();
  writeFileSync(
    file,
    JSON.stringify({
      ...bare,
      public: publicOf(other),
      fingerprint: fingerprint(publicOf(other)),
      secret: other,
    }),
  );
  await hub.start();
  const token = (await succeed(hub, 'hub', 'token', 'create', '--role', 'lead')).out;
  await hub.pool.query(
    'update hub.study set sender = (select id from hub.token order by created_at desc limit 1)',
  );
  const tokenFile = readFileSync(lead.tokenFile, 'utf8');
  writeFileSync(lead.tokenFile, token);
  const answer = await resultOf(lead, first);
  assert.equal(answer.code, 3);
  assert.equal(answer.out, '');
  assert.match(answer.err, /the hub shows .* was kept before/);
  await hub.stop();
  writeFileSync(file, kept);
  writeFileSync(lead.tokenFile, tokenFile);
  await hub.start();
});

test('a lead takes a new key: a hospital that has its file puts it in the old one’s place', async () => {
  const other = await openLead({ after }, hub);
  const oldFile = join(other.home, 'old.json');
  copyFileSync(other.key, oldFile);
  const trust = (site: Site, file: string, ...more: string[]) =>
    command(site.home, site.env, 'node', 'trust', 'lead', file, ...more);
  const accept = ['--fingerprint', other.fingerprint, '--entity', 'University of Elsewhere'];
  assert.equal((await trust(alpha, other.key, ...accept)).code, 0);
  const before = await sendStudy({ ...network, lead: other }, { sites: [alpha] });
  await reach(other, before, { alpha: 'answered' });
  const { fingerprint: print } = await rotate(other, other.key);
  assert.doesNotMatch(
    readFileSync(other.key, 'utf8'),
    new RegExp(readSecret(oldFile)),
    'the old key is gone',
  );
  const shown = join(other.home, 'shown.json');
  writeFileSync(shown, (await succeed(other, 'key', 'show', other.key)).out);
  assert.doesNotMatch(readFileSync(shown, 'utf8'), new RegExp(readSecret(other.key)));

  // Without the file a new key is a stranger's; nobody vouches for it at a hospital that does not know the old one.
  const early = await sendStudy({ ...network, lead: other }, { sites: [alpha] });
  await reach(other, early, { alpha: 'refused lead-not-accepted' });
  assert.equal((await trust(beta, shown)).code, 2);

  const taken = await trust(alpha, shown);
  assert.equal(taken.code, 0, taken.err);
  assert.match(taken.out, new RegExp(`lead ${print} accepted for University of Elsewhere`));
  assert.match(taken.err, new RegExp(`takes the place of ${other.fingerprint}`));
  const listed = json<{ kind: string; fingerprint: string; entity: string }[]>(
    await succeed(alpha, 'node', 'trust', 'list', '--json'),
  );
  assert.deepEqual(
    listed.map(({ kind, fingerprint: each, entity }) => [kind, each, entity]),
    [
      ['lead', lead.fingerprint, 'Test lead'],
      ['lead', print, 'University of Elsewhere'],
    ],
  );
  const after_ = await sendStudy({ ...network, lead: other }, { sites: [alpha] });
  await reach(other, after_, { alpha: 'answered' });
  for (const study of [before, after_]) assert.equal((await resultOf(other, study)).code, 0);
  const thief = await sendStudy({ ...network, lead: { ...other, key: oldFile } }, { sites: [alpha] });
  await reach(other, thief, { alpha: 'refused lead-not-accepted' });
});

test('a key file that only claims to follow an accepted lead is refused', async () => {
  const thief = await createSigningKey();
  const own = JSON.parse(readFileSync(lead.key, 'utf8')) as { secret: PrivateKey };
  const stranger = await createSigningKey();
  const trust = async (rotation: string) => {
    const file = join(lead.home, 'claimed.json');
    const print = fingerprint(publicOf(thief));
    writeFileSync(
      file,
      JSON.stringify({ role: 'lead', fingerprint: print, key: publicOf(thief), rotations: [rotation] }),
    );
    const { code } = await command(alpha.home, alpha.env, 'node', 'trust', 'lead', file);
    rmSync(file);
    return code;
  };
  const signed = await signRotation('lead', own.secret, thief, instant());
  const [head, payload] = signed.split('.');
  assert.equal(await trust(`${head}.${payload}.AAAA`), 3, 'a stripped signature');
  assert.equal(await trust(await signRotation('lead', stranger, thief, instant())), 2, 'another’s chain');
  assert.equal(await trust(await signRotation('lead', own.secret, stranger, instant())), 3, 'to another key');
  assert.equal(await trust(await signRotation('site', own.secret, thief, instant())), 3, 'of another role');
  const leads = json<{ fingerprint: string }[]>(await succeed(alpha, 'node', 'trust', 'list', '--json'));
  assert.ok(leads.some(({ fingerprint: each }) => each === lead.fingerprint));
  assert.ok(!leads.some(({ fingerprint: each }) => each === fingerprint(publicOf(thief))));
});

test('a hospital accepts the peers it will sum with, each with its legal entity, and takes them back', async () => {
  const shown = join(beta.home, 'shown.json');
  writeFileSync(shown, (await succeed(beta, 'key', 'show', keyFile(beta, 'site'))).out);
  const trust = (...words: string[]) =>
    command(alpha.home, alpha.env, 'node', 'trust', ...words, '--fingerprint', beta.fingerprint);
  assert.equal((await trust('lead', shown, '--entity', 'B')).code, 5, 'a site is no lead');
  assert.equal((await trust('site', shown)).code, 2, 'the legal entity is asked for');
  assert.equal((await trust('site', keyFile(alpha, 'site'), '--entity', 'B')).code, 3, 'another fingerprint');
  assert.equal((await trust('site', shown, '--entity', 'Hospital of Beta')).code, 0);
  assert.match(
    (await succeed(alpha, 'node', 'trust', 'list')).out,
    new RegExp(`site ${beta.fingerprint} Hospital of Beta`),
  );
  // Once accepted, a peer's rotation is followed like a lead's.
  await beta.stop();
  const { fingerprint: print } = await rotate(beta, keyFile(beta, 'site'));
  writeFileSync(shown, (await succeed(beta, 'key', 'show', keyFile(beta, 'site'))).out);
  const moved = await command(alpha.home, alpha.env, 'node', 'trust', 'site', shown);
  assert.match(moved.out, new RegExp(`site ${print} accepted for Hospital of Beta`));
  const gone = ['node', 'trust', 'site', '--remove', '--fingerprint', print] as const;
  assert.equal((await command(alpha.home, alpha.env, ...gone)).code, 0);
  assert.doesNotMatch((await succeed(alpha, 'node', 'trust', 'list')).out, /Beta/);
  const kinds = ['site-accepted', 'site-accepted', 'site-removed', 'site-removed'];
  const entries = await rowsOf<{ kind: string }>(
    alpha.pool,
    `select kind from moim.audit where kind like 'site-%' order by kind`,
  );
  assert.deepEqual(
    entries.map(({ kind }) => kind),
    kinds,
  );
});

test('keys that changed while no network joined hub and site are followed in the files carried between them', async () => {
  // Beta's key was rotated above and the hub has not heard of it.
  await hub.stop();
  const { fingerprint: hubPrint } = await rotate(hub, keyFile(hub, 'hub'));
  await hub.start();
  const file = (name: string) => join(lead.home, `carried-${name}.json`);
  await succeed(beta, 'node', 'carry-out', file('early'));
  await succeed(hub, 'hub', 'carry-in', file('early'));
  const { fingerprint: own } = readNodeIdentity(beta.home);
  const moved = (await audited(hub, 'hub', 'site-key-rotated')).at(-1);
  assert.deepEqual([moved?.site, moved?.to], ['beta', own]);
  await succeed(hub, 'hub', 'carry-out', 'beta', file('hub'));
  await succeed(beta, 'node', 'carry-in', file('hub'));
  assert.equal(fingerprint(readPinnedHub(beta.home)?.key ?? hubPublic()), hubPrint);
  assert.equal((await audited(beta, 'moim', 'hub-key-rotated')).at(-1)?.to, hubPrint);
  await succeed(beta, 'node', 'carry-out', file('late'));
  await succeed(hub, 'hub', 'carry-in', file('late'));
});

test('after all of this every audit chain verifies', async () => {
  await assertChainsVerify(network);
});

const readSecret = (file: string): string =>
  (JSON.parse(readFileSync(file, 'utf8')) as { secret: PrivateKey }).secret.d;
