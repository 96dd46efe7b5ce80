/** The command line itself: help, versions, exit codes and remedies, as `commands.md` has them. */

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { startMoim } from '../support/process.ts';
import { temporaryHome } from '../support/temporary-home.ts';

type Ending = Parameters<typeof startMoim>[0];

async function moim(t: Ending, home: string, args: readonly string[]) {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('MOIM_')));
  const run = startMoim(t, home, args, { lifeMs: 60_000, env });
  const { code } = await run.ended;
  return { code, out: run.stdout(), err: run.stderr() };
}

it('lists every command, and the usage of one', async (t) => {
  const home = temporaryHome(t);
  const all = await moim(t, home, ['--help']);
  assert.equal(all.code, 0);
  for (const name of [
    'cdm load',
    'cohort check',
    'node enroll',
    'hub token',
    'study sign',
    'audit verify',
    'doctor',
    'key create',
  ]) {
    assert.match(all.out, new RegExp(`moim ${name}`));
  }
  assert.match(
    (await moim(t, home, ['study', 'result', '--help'])).out,
    /ID --key K \[--out DIR\] \[--partial\]/,
  );
  assert.match((await moim(t, home, ['--version'])).out, /^\d+\.\d+\.\d+\n$/);
});

it('ends with 2 where it was not understood, and says what there is', async (t) => {
  const home = temporaryHome(t);
  for (const [args, words] of [
    [['nonsense'], /there is no `moim nonsense`/],
    [['study', 'nonsense'], /sign, send, watch, result/],
    [['study', 'sign'], /FILE is missing/],
    [['key', 'create', '--role', 'lead', '--colour', 'red'], /colour/],
    [['hub', 'token', 'create', '--role', 'king'], /site, operator, lead, vendor, viewer/],
  ] as const) {
    const { code, err } = await moim(t, home, args);
    assert.equal(code, 2, err);
    assert.match(err, words);
  }
});

it('makes a key that only its owner can read, prints the public half alone, and never overwrites', async (t) => {
  const home = temporaryHome(t);
  const file = join(home, 'lead.key');
  const made = await moim(t, home, ['key', 'create', '--role', 'lead', '--out', file]);
  assert.equal(made.code, 0, made.err);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const shown = JSON.parse(made.out) as { fingerprint: string; key: Record<string, string> };
  assert.deepEqual(Object.keys(shown.key).sort(), ['crv', 'kty', 'x']);
  assert.match(shown.fingerprint, /^[A-Z2-7]{4}(-[A-Z2-7]{4}){3}$/);
  assert.equal((await moim(t, home, ['key', 'show', file])).out, made.out);
  const before = readFileSync(file, 'utf8');
  const again = await moim(t, home, ['key', 'create', '--role', 'lead', '--out', file]);
  assert.equal(again.code, 5);
  assert.match(again.err, /never overwritten/);
  assert.equal(readFileSync(file, 'utf8'), before);
});

it('ends with 5 on a bad study, naming every place and quoting no value', async (t) => {
  const home = temporaryHome(t);
  const key = join(home, 'lead.key');
  await moim(t, home, ['key', 'create', '--role', 'lead', '--out', key]);
  const file = join(home, 'study.json');
  writeFileSync(
    file,
    JSON.stringify({ title: 'x', minimumCell: 'MARKER', sites: ['UPPER MARKER'], extra: 'MARKER' }),
  );
  const bad = await moim(t, home, ['study', 'sign', file, '--key', key]);
  assert.equal(bad.code, 5);
  for (const place of ['/minimumCell', '/extra', '/sites/0', 'purpose'])
    assert.ok(bad.err.includes(place), `${place}: ${bad.err}`);
  assert.doesNotMatch(bad.err, /MARKER/);
  const broken = join(home, 'broken.json');
  writeFileSync(broken, '{"title": MARKER}');
  const text = await moim(t, home, ['study', 'sign', broken, '--key', key]);
  assert.equal(text.code, 5);
  assert.match(text.err, /not JSON/);
  assert.doesNotMatch(text.err, /MARKER/);
  const json = await moim(t, home, ['study', 'sign', join(home, 'none.json'), '--key', key, '--json']);
  assert.equal(json.code, 5);
  assert.equal((JSON.parse(json.err) as { error: { code: string } }).error.code, 'file-unreadable');
});

it('signs with a lead’s key alone, and says which that is', async (t) => {
  const home = temporaryHome(t);
  const key = join(home, 'vendor.key');
  await moim(t, home, ['key', 'create', '--role', 'vendor', '--out', key]);
  const { code, err } = await moim(t, home, ['study', 'sign', join(home, 'study.json'), '--key', key]);
  assert.equal(code, 5);
  assert.match(err, /key of a vendor[\s\S]*--role lead/);
});

it('looks a home over without making it one', async (t) => {
  const home = temporaryHome(t);
  const { code, out } = await moim(t, join(home, 'empty'), ['doctor']);
  assert.equal(code, 1);
  assert.match(out, /this home is not a node yet\n +Run `moim node init`/);
  assert.deepEqual(readdirSync(home), []);
});

it('does not call the audit log of a home that is none whole', async (t) => {
  const home = join(temporaryHome(t), 'typo');
  const { code, out, err } = await moim(t, home, ['audit', 'verify']);
  assert.equal(code, 2);
  assert.equal(out, '');
  assert.match(err, /this home is not a node yet/);
  assert.equal(existsSync(home), false);
});

it('does not serve one home twice', async (t) => {
  const home = temporaryHome(t);
  assert.equal((await moim(t, home, ['hub', 'init'])).code, 0);
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('MOIM_')));
  const first = startMoim(t, home, ['hub', 'run'], { lifeMs: 60_000, env });
  await first.line(/^ready /, 30_000);
  const second = await moim(t, home, ['hub', 'run']);
  assert.equal(second.code, 4);
  assert.match(second.err, new RegExp(`process ${first.pid} serves this home`));
  first.kill('SIGTERM');
  assert.equal((await first.ended).code, 0);
});

it('makes a token for each site named, and tells who waits in vain for approval', async (t) => {
  const [hubHome, nodeHome] = [temporaryHome(t), temporaryHome(t)];
  assert.equal((await moim(t, hubHome, ['hub', 'init'])).code, 0);
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('MOIM_')));
  const hub = startMoim(t, hubHome, ['hub', 'run'], { lifeMs: 120_000, env });
  const { url } = JSON.parse((await hub.line(/^ready /, 30_000)).slice(6)) as { url: string };
  const made = await moim(t, hubHome, [
    'hub',
    'token',
    'create',
    '--role',
    'site',
    '--site',
    'seoul',
    '--site',
    'busan',
    '--json',
  ]);
  const tokens = made.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { token: string; site: string });
  assert.deepEqual(
    tokens.map(({ site }) => site),
    ['seoul', 'busan'],
  );
  await moim(t, nodeHome, ['node', 'init']);
  const enrolled = await moim(t, nodeHome, [
    'node',
    'enroll',
    '--hub',
    url,
    '--token',
    tokens[1]?.token ?? '',
    '--wait',
    '1',
  ]);
  assert.equal(enrolled.code, 4);
  assert.match(enrolled.out, /site busan[\s\S]*state pending/);
  assert.match(enrolled.err, /this node [A-Z2-7-]{19}, the hub [A-Z2-7-]{19}: compare both by telephone/);
  const clear = await moim(t, nodeHome, [
    'node',
    'enroll',
    '--hub',
    'http://hub.example.org',
    '--token',
    'x',
  ]);
  assert.equal(clear.code, 3);
  assert.match(clear.err, /https/);
  hub.kill('SIGTERM');
  await hub.ended;
});
