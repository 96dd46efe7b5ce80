import assert from 'node:assert/strict';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { rotateSigningKey } from '#host/key-file.ts';
import { readNodeIdentity } from '#node/identity.ts';
import { testDatabase } from '#test/support/database.ts';
import { temporaryHome } from '#test/support/temporary-home.ts';
import { json, openNetwork, rowsOf, type Site, succeed } from './network.ts';
import { command } from './party.ts';
import { reach, sendStudy } from './study.ts';

const network = await openNetwork({ after }, { sites: { alpha: { persons: 60, salt: 1 } }, minimumCell: 1 });
const { hub, lead } = network;
const [alpha] = network.sites as [Site];
await alpha.start();
await reach(lead, await sendStudy(network), { alpha: 'answered' });

const backups = temporaryHome({ after });
const folder = join(backups, 'alpha');

interface Manifest {
  readonly parts: readonly {
    readonly path: string;
    readonly table?: { readonly name: string; readonly rows: number };
  }[];
}
const manifestOf = (of: string) => JSON.parse(readFileSync(join(of, 'manifest.json'), 'utf8')) as Manifest;

/** A copy of the backup, for a test to spoil. */
function copyOf(name: string): string {
  const copy = join(backups, name);
  rmSync(copy, { recursive: true, force: true });
  cpSync(folder, copy, { recursive: true });
  return copy;
}

const restore = (home: string, url: string, from: string, ...flags: string[]) =>
  command(home, { MOIM_DATABASE_URL: url }, 'node', 'restore', from, ...flags);

test('a backup is taken beside a running node: whole, of every table but the persons’ keys, for its owner’s eyes only', async () => {
  const { out, err } = await succeed(alpha, 'node', 'backup', folder);
  const [head] = await rowsOf<{ n: bigint; hash: string }>(
    alpha.pool,
    'select n, hash from moim.audit order by n desc limit 1',
  );
  assert.match(out, new RegExp(`\naudit head ${head?.n} ${head?.hash}\nepoch 1$`));
  assert.match(err, /the CDM is not in it/);
  const { parts } = manifestOf(folder);
  const tables = await rowsOf<{ name: string }>(
    alpha.pool,
    `select relname as name from pg_class where relnamespace = 'moim'::regnamespace and relkind = 'r' and relname not in ('moim_migration', 'person_key') order by 1`,
  );
  assert.deepEqual(
    parts.flatMap(({ table }) => table?.name ?? []),
    tables.map(({ name }) => name),
  );
  const paths = parts.map(({ path }) => path);
  for (const path of [
    'home/node.toml',
    'home/hub.json',
    'home/witness.jsonl',
    'home/keys/site.json',
    'home/keys/archive.json',
  ])
    assert.ok(paths.includes(path), path);
  assert.ok(!paths.includes('home/run.json'));
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  for (const path of [...paths, 'manifest.json', 'manifest.jws'])
    assert.equal(statSync(join(folder, path)).mode & 0o077, 0, path);
  assert.deepEqual(readdirSync(backups), ['alpha'], 'nothing half-made is left');
});

test('a backup is never written over', async () => {
  const { code, err } = await command(alpha.home, alpha.env, 'node', 'backup', folder);
  assert.equal(code, 5);
  assert.match(err, /is there already/);
});

test('put back into an empty home and an empty database, the node is the same: key, log, answers, settings', async () => {
  const home = join(temporaryHome({ after }), 'new');
  const { url, pool } = await testDatabase({ after });
  const { code, err, out } = await restore(home, url, folder);
  assert.equal(code, 0, err);
  assert.match(out, /audit head \d+ [0-9a-f]{64}\nepoch 1$/);
  assert.equal(readNodeIdentity(home).fingerprint, alpha.fingerprint);
  const same = async (table: string, order: string) => {
    const sql = `select * from moim.${table} order by ${order}`;
    assert.deepEqual(await rowsOf(pool, sql), await rowsOf(alpha.pool, sql), table);
  };
  await same('released', 'job');
  await same('peer_position', 'peer, direction');
  await same('lead', 'fingerprint');
  await same('witness', 'n');
  const party = { home, env: { MOIM_DATABASE_URL: url } };
  const verified = await command(home, party.env, 'nodeAudit', 'verify');
  assert.equal(verified.code, 0, verified.out);
  const left = await succeed(party, 'nodeAudit', 'show', '--left');
  assert.match(left.out, /as recorded/);
  const [last] = await rowsOf<{ kind: string }>(
    pool,
    'select kind from moim.audit order by n desc limit 1 offset 1',
  );
  assert.equal(last?.kind, 'restored', 'the log says so itself, and then who looked at what left');
  assert.deepEqual(
    await rowsOf(pool, `select from pg_namespace where nspname like '%restoring%'`),
    [],
    'nothing is left of the way',
  );
});

const spoil: Readonly<Record<string, (copy: string) => void>> = {
  'one of whose tables was altered': (copy) => appendFileSync(join(copy, 'tables', 'moim.lead'), 'x\n'),
  'one of whose tables is missing': (copy) => rmSync(join(copy, 'tables', 'moim.audit')),
  'whose key file was exchanged': (copy) => writeFileSync(join(copy, 'home', 'keys', 'site.json'), '{}'),
  'whose manifest was altered': (copy) => {
    const file = join(copy, 'manifest.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace('"epoch": 1', '"epoch": 2'));
  },
  'whose manifest leads outside its folder': (copy) => {
    const file = join(copy, 'manifest.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace('home/node.toml', 'home/../../node.toml'));
  },
  'that is not whole': (copy) => rmSync(join(copy, 'manifest.json')),
};
for (const [what, change] of Object.entries(spoil)) {
  test(`a backup ${what} is refused, and nothing is touched`, async () => {
    const copy = copyOf('spoilt');
    change(copy);
    const home = join(temporaryHome({ after }), 'new');
    const { url, pool } = await testDatabase({ after });
    const { code } = await restore(home, url, copy);
    assert.equal(code, 5);
    assert.ok(!existsSync(home));
    assert.deepEqual(await rowsOf(pool, `select from pg_namespace where nspname like 'moim%'`), []);
  });
}

test('a backup of a newer Moim is refused', async () => {
  const copy = copyOf('newer');
  const file = join(copy, 'manifest.json');
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace(/"number": 1,/, '"number": 99,'));
  const home = join(temporaryHome({ after }), 'new');
  const { url } = await testDatabase({ after });
  // The signature is looked at first: a manifest that anybody may write decides nothing.
  assert.equal((await restore(home, url, copy)).code, 5);
  const { sealManifest } = await import('#host/backup/manifest.ts');
  const sealed = await sealManifest(
    JSON.parse(readFileSync(file, 'utf8')) as Parameters<typeof sealManifest>[0],
    readNodeIdentity(alpha.home).key,
  );
  for (const [name, content] of Object.entries(sealed)) writeFileSync(join(copy, name), content);
  const { code, err } = await restore(home, url, copy);
  assert.equal(code, 4);
  assert.match(err, /Install the newer version/);
});

test('a running node, another key’s home, a hub’s home and a hub’s backup are refused', async () => {
  const running = await command(alpha.home, alpha.env, 'node', 'restore', folder, '--replace');
  assert.equal(running.code, 4);
  const { url } = await testDatabase({ after });
  const other = temporaryHome({ after });
  await succeed({ home: other, env: { MOIM_DATABASE_URL: url } }, 'node', 'init');
  const another = await restore(other, url, folder, '--replace');
  assert.deepEqual([another.code, /another key/.test(another.err)], [3, true]);
  const ofHub = join(backups, 'hub');
  await succeed(hub, 'hub', 'backup', ofHub);
  const fresh = temporaryHome({ after });
  assert.match((await restore(fresh, url, ofHub)).err, /the backup is a hub’s, not a node’s/);
  const atHub = await restore(hub.home, url, folder);
  assert.deepEqual([atHub.code, /not a node’s/.test(atHub.err)], [3, true]);
});

test('a home whose key was rotated since takes its older backup, and keeps the newer key', async () => {
  const home = temporaryHome({ after });
  const { url } = await testDatabase({ after });
  const env = { MOIM_DATABASE_URL: url };
  await succeed({ home, env }, 'node', 'init');
  const copy = join(backups, 'before-rotation');
  await succeed({ home, env }, 'node', 'backup', copy);
  await rotateSigningKey(join(home, 'keys', 'site.json'), new Date().toISOString());
  const { fingerprint } = readNodeIdentity(home);
  const { code, err } = await restore(home, url, copy, '--replace');
  assert.equal(code, 0, err);
  assert.equal(readNodeIdentity(home).fingerprint, fingerprint);
});

test('a hub put back into an empty home is the same hub', async () => {
  const home = temporaryHome({ after });
  const { url, pool } = await testDatabase({ after });
  const env = { MOIM_DATABASE_URL: url };
  const { code, err } = await command(home, env, 'hub', 'restore', join(backups, 'hub'));
  assert.equal(code, 0, err);
  const sql = 'select job, study, site, state, change from hub.job order by job';
  assert.deepEqual(await rowsOf(pool, sql), await rowsOf(hub.pool, sql));
  const [mark] = await rowsOf<{ at: bigint }>(pool, `select nextval('hub.job_change') as at`);
  const [max] = await rowsOf<{ at: bigint }>(hub.pool, 'select max(change) as at from hub.job');
  assert.ok((mark?.at ?? 0n) > (max?.at ?? 0n), 'sequences go on where they were');
  assert.match((await succeed({ home, env }, 'hubAudit', 'verify')).out, /^ok /);
  assert.equal((await command(home, env, 'hubDoctor')).code, 1);
});

test('the home’s own server is backed up and put back like a given one', async () => {
  const home = join(temporaryHome({ after }), 'own');
  const made = json<{ fingerprint: string }>(await succeed({ home }, 'node', 'init', '--json'));
  const copy = join(backups, 'own');
  await succeed({ home }, 'node', 'backup', copy);
  const fresh = join(temporaryHome({ after }), 'fresh');
  mkdirSync(fresh, { mode: 0o700 });
  const { out } = await succeed({ home: fresh }, 'node', 'restore', copy);
  assert.match(out, new RegExp(`node ${made.fingerprint}, taken `));
  assert.match((await succeed({ home: fresh }, 'nodeAudit', 'verify')).out, /^ok 3 entries/);
});
