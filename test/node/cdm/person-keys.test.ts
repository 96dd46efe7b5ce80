import assert from 'node:assert/strict';
import { createHmac, hkdfSync } from 'node:crypto';
import { test } from 'node:test';
import type { Pool } from 'pg';
import { makeHome } from '#host/home.ts';
import { personKeyMaker } from '#node/cdm/person-key.ts';
import { keepPersonKeys } from '#node/cdm/person-keys.ts';
import { commands } from '#node/commands/cdm.ts';
import { makeNodeIdentity } from '#node/identity.ts';
import { testDatabase } from '#test/support/database.ts';
import { temporaryHome } from '#test/support/temporary-home.ts';
import { gather } from './context.ts';
import { extractOf, named } from './extract.ts';

const streams = { streams: ['cdm', 'moim', 'results'] } as const;
type Ending = Parameters<typeof temporaryHome>[0];

/** A node's home with a database, and its `cdm` commands. */
async function openNode(t: Ending, passphrase?: string) {
  const { pool, url } = await testDatabase(t, streams);
  const home = temporaryHome(t);
  makeHome(home);
  const { archive } = await makeNodeIdentity(home, passphrase);
  const run = async (verb: string, ...args: string[]) => {
    const { context, out, notes } = gather({
      args,
      home,
      json: true,
      flags: verb === 'load' ? { replace: true } : {},
      env: {
        MOIM_DATABASE_URL: url,
        ...(passphrase === undefined ? {} : { MOIM_KEY_PASSPHRASE: passphrase }),
      },
    });
    const code = await commands[verb]!.run(context);
    return { code, notes, out, last: JSON.parse(out.at(-1)!) };
  };
  const findings = async () =>
    ((await run('check')).last as { severity: string; code: string; count: number }[])
      .filter(({ code }) => code.startsWith('person-'))
      .map(({ severity, code, count }) => `${severity} ${code} ${count}`);
  return { pool, url, home, secret: archive.secret, run, findings };
}

const keysOf = async (pool: Pool) =>
  new Map(
    (
      await pool.query<{ key: string; source: string }>(
        `select encode(key, 'hex') as key, person_source_value as source from moim.person_key join cdm.person using (person_id)`,
      )
    ).rows.map(({ key, source }) => [source, key]),
  );

test('the key is HMAC-SHA256 under a key derived from the archive secret', () => {
  const secret = Buffer.alloc(32, 7).toString('base64url');
  const derived = Buffer.from(hkdfSync('sha256', Buffer.alloc(32, 7), 'moim', 'moim person key 1', 32));
  const keyOf = personKeyMaker(secret);
  for (const text of ['', 'MRN-1', '홍길동'.repeat(16), 'x'.repeat(256), 'x'.repeat(257), 'MRN-1'])
    assert.equal(keyOf(Buffer.from(text)), createHmac('sha256', derived).update(text).digest('hex'), text);
});

test('persons renumbered by a refresh keep their keys; the audit log and the answer say how many', async (t) => {
  const node = await openNode(t);
  assert.equal((await node.run('load', extractOf(t, { sources: named(20) }))).code, 0);
  const before = await keysOf(node.pool);
  assert.equal(before.size, 20);
  const sources = [...named(20).reverse().slice(0, 15), ...named(5, 'new')];
  const { last } = await node.run('refresh', extractOf(t, { sources, firstId: 1000 }));
  assert.deepEqual(last.persons, { persons: 20, keyed: 20, missing: 0, repeated: 0, before: 20, kept: 15 });
  const after = await keysOf(node.pool);
  for (const source of sources.slice(0, 15)) assert.equal(after.get(source), before.get(source));
  assert.match(last.before, /^[0-9a-f]{64}$/);
  assert.notEqual(last.before, last.after);
  const entry = await node.pool.query("select body from moim.audit where kind = 'data-refreshed'");
  assert.deepEqual(entry.rows[0].body, {
    before: last.before,
    after: last.after,
    persons: 20,
    keyed: 20,
    kept: 15,
    person: 'console',
  });
  const loaded = await node.pool.query("select body from moim.audit where kind = 'data-loaded'");
  assert.deepEqual(
    loaded.rows.map(({ body }) => body),
    [{ dataVersion: last.before, person: 'console' }],
  );
  assert.deepEqual(await node.findings(), ['info person-keys-kept 15']);
});

test('after a restore, whose backup holds no keys, they are made anew, and the check says what cannot be told', async (t) => {
  const node = await openNode(t);
  await node.run('load', extractOf(t, { sources: named(20) }));
  const before = await keysOf(node.pool);
  await node.pool.query('truncate moim.person_key');
  assert.deepEqual(await node.findings(), ['info person-keys-old 1']);
  await keepPersonKeys(node.pool, 'cdm', node.secret, { wait: true, at: new Date().toISOString() });
  assert.deepEqual(await keysOf(node.pool), before, 'the same persons have the same keys');
  assert.deepEqual(await node.findings(), ['info person-keys-kept 20']);
  await node.pool.query('truncate moim.person_key');
  await node.run('refresh', extractOf(t, { sources: named(15) }));
  assert.equal((await keysOf(node.pool)).size, 15);
  assert.deepEqual(await node.findings(), ['info person-keys-not-compared 1']);
  await node.run('refresh', extractOf(t, { sources: named(10) }));
  assert.deepEqual(await node.findings(), ['info person-keys-kept 10']);
});

test('keys differ between two homes', async (t) => {
  const [one, two] = [await openNode(t), await openNode(t)];
  for (const node of [one, two]) await node.run('load', extractOf(t, { sources: named(10) }));
  const mine = new Set((await keysOf(one.pool)).values());
  assert.equal(mine.size, 10);
  assert.ok([...(await keysOf(two.pool)).values()].every((key) => !mine.has(key)));
});

test('persons whom the source does not name, or not alone, have no key, and the check says so', async (t) => {
  const node = await openNode(t);
  const { notes } = await node.run(
    'load',
    extractOf(t, { sources: ['a', 'b', 'b', '', 'c', 'd', 'd', 'd'] }),
  );
  assert.deepEqual(notes, ['2 of 8 persons have a key']);
  assert.deepEqual([...(await keysOf(node.pool)).keys()].sort(), ['a', 'c']);
  assert.deepEqual(await node.findings(), [
    'warning person-source-missing 1',
    'warning person-source-repeated 5',
  ]);
});

test('warns when less than half kept their key', async (t) => {
  const node = await openNode(t);
  await node.run('load', extractOf(t, { sources: named(20) }));
  await node.run('refresh', extractOf(t, { sources: [...named(9), ...named(11, 'other')] }));
  assert.ok((await node.findings()).includes('warning person-keys-kept 9'));
});

test('a load of other tables makes no key anew', async (t) => {
  const node = await openNode(t);
  await node.run('load', extractOf(t, { sources: named(20) }));
  const table = async () =>
    (await node.pool.query("select 'moim.person_key'::regclass::oid as oid")).rows[0].oid;
  const made = await table();
  await node.run(
    'refresh',
    extractOf(t, { sources: named(20), extra: { 'death.csv': 'person_id,death_date\n1,2015-01-01\n' } }),
  );
  assert.equal(await table(), made);
  assert.deepEqual(await node.findings(), ['info person-keys-kept 20']);
  await node.run('load', extractOf(t, { sources: named(20) }));
  assert.equal((await node.pool.query('select from moim.person_key_version')).rowCount, 2);
});

test('a home that is no node yet loads without keys, and the check says when they come', async (t) => {
  const { url, pool } = await testDatabase(t, streams);
  const home = temporaryHome(t);
  const env = { MOIM_DATABASE_URL: url };
  const load = gather({ args: [extractOf(t, { sources: named(3) })], home, env, json: true });
  assert.equal(await commands.load!.run(load.context), 0);
  const check = gather({ home, env, json: true });
  await commands.check!.run(check.context);
  const finding = JSON.parse(check.out[0]!).find(
    ({ code }: { code: string }) => code === 'person-keys-missing',
  );
  assert.equal(finding?.severity, 'info');
  assert.match(finding.remedy, /node init/);
  const refresh = gather({ args: [extractOf(t, { sources: named(4) })], home, env });
  assert.equal(await commands.refresh!.run(refresh.context), 0);
  assert.match(
    refresh.out.join('\n'),
    /^table .*data version [0-9a-f]{32}\nbefore {7}[0-9a-f]{32}\npersons have no keys/s,
  );
  assert.equal((await pool.query('select from moim.person_key')).rowCount, 0);
});

test('a refresh needs the key of the node: locked, it is refused before anything; a load only goes without', async (t) => {
  const node = await openNode(t, 'open sesame');
  const locked = { home: node.home, env: { MOIM_DATABASE_URL: node.url }, json: true };
  const load = gather({ ...locked, args: [extractOf(t, { sources: named(3) })] });
  assert.equal(await commands.load!.run(load.context), 0);
  assert.deepEqual(load.notes, ['the persons have no keys yet (key-locked): they come when the node runs']);
  const refresh = gather({ ...locked, args: [extractOf(t, { sources: named(4) })] });
  await assert.rejects(commands.refresh!.run(refresh.context), { code: 'key-locked' });
  assert.equal((await node.run('refresh', extractOf(t, { sources: named(4) }))).last.persons.keyed, 4);
});

test('no source value is told, in whatever way a refresh ends', async (t) => {
  const node = await openNode(t);
  const said: string[] = [];
  const marked = ['Marker-1', 'Marker-2', 'Marker-2'];
  const runs = [
    extractOf(t, { sources: marked }),
    extractOf(t, { sources: [...marked, '"Marker" 3'] }),
    extractOf(t, { sources: [`Marker${'x'.repeat(60)}`] }),
  ];
  for (const directory of runs) {
    await node.run('refresh', directory).then(
      ({ out, notes }) => said.push(...out, ...notes),
      (error: Error) => said.push(String(error), error.stack ?? '', JSON.stringify(error)),
    );
  }
  said.push(...(await node.run('check')).out);
  const rows = await node.pool.query('select * from moim.audit, moim.person_key_version');
  said.push(JSON.stringify(rows.rows, (_, value) => (typeof value === 'bigint' ? `${value}` : value)));
  assert.ok(said.length >= 6);
  assert.doesNotMatch(said.join('\n'), /Marker/);
});
