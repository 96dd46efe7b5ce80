/** Persons at a hospital: what each may do, what the console may do until they are there, and a credential that is nowhere but with its person. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { isCredential, makeCredential } from '#node/person/credential.ts';
import { type Finding, openFindings } from '#test/network/findings.ts';
import { openStandalone, rowsOf } from '#test/network/network.ts';
import { command } from '#test/network/party.ts';
import { personsOf, policyText } from '#test/network/persons.ts';

const site = await openStandalone({ after }, 'alpha');
const persons = personsOf(site);
const { by, done, add, apply, confirm } = persons;

const finding = async (): Promise<Finding | undefined> => (await openFindings(site)).get('persons');

test('a credential is known by its hash alone', () => {
  const { credential, stored } = makeCredential();
  assert.ok(isCredential(credential, stored));
  assert.ok(!isCredential(`${credential.slice(0, -1)}${credential.endsWith('A') ? 'B' : 'A'}`, stored));
  assert.ok(!isCredential('', stored));
  assert.ok(!isCredential(credential, undefined), 'of somebody who is not there');
  assert.ok(!stored.includes(credential));
  assert.ok(!isCredential(credential, stored.replace('scrypt-15-8-1', 'scrypt-1-1-1')), 'a cheaper hash');
  assert.notEqual(makeCredential().credential, credential);
});

test('a name is plain, and never one that the log means something else by', async () => {
  for (const name of ['console', 'policy', 'A', 'Ada', 'ada lovelace', 'a'.repeat(40), '../etc', "ada'--"])
    assert.equal((await by(undefined, 'user', 'add', name, '--role', 'dpo')).code, 2, name);
  assert.equal((await by(undefined, 'user', 'add', 'ada', '--role', 'king')).code, 2);
});

test('until somebody is registered, the console acts; then it registers the first data-protection officer and nothing else', async () => {
  await apply(undefined, '');
  await add(undefined, 'eve', 'engineer');
  const file = join(site.home, 'policy.toml');
  assert.equal((await by(undefined, 'policy', 'apply', file)).code, 3, 'an engineer is there');
  assert.match((await by(undefined, 'policy', 'apply', file)).err, /--as NAME/);
  assert.equal((await by(undefined, 'user', 'add', 'mallory', '--role', 'approver')).code, 3);
  await apply('eve', 'approvalDays = 9');
  assert.equal((await by('eve', 'user', 'add', 'mallory', '--role', 'approver')).code, 3);
  await add(undefined, 'dana', 'dpo');
  assert.equal((await by(undefined, 'user', 'add', 'mallory', '--role', 'approver')).code, 3);
  assert.equal((await by(undefined, 'user', 'remove', 'dana')).code, 3);
  await add('dana', 'ada', 'approver');
  await add('dana', 'rob', 'reader');
  const trust = ['trust', 'lead', '--remove', '--fingerprint', 'AAAA-BBBB-CCCC-DDDD'];
  assert.equal((await by(undefined, ...trust)).code, 3);
  assert.match((await by('ada', ...trust)).err, /ada is registered as approver/);
  assert.equal((await by('eve', ...trust)).code, 5, 'who may is told that there is no such lead');
  for (const name of ['ada', 'rob'])
    assert.equal((await by(name, 'policy', 'apply', file)).code, 3, `${name} applies no policy`);
  await done('dana', 'policy', 'apply', file);
});

test('the log says who did what', async () => {
  const rows = await rowsOf<{ kind: string; body: { person: string; name?: string } }>(
    site.pool,
    `select kind, body from moim.audit where kind in ('policy-applied', 'person-added') order by n`,
  );
  assert.deepEqual(
    rows.map(({ kind, body }) => `${body.person} ${kind} ${body.name ?? ''}`.trim()),
    [
      'console policy-applied',
      'console policy-applied',
      'console person-added eve',
      'eve policy-applied',
      'console person-added dana',
      'dana person-added ada',
      'dana person-added rob',
      'dana policy-applied',
    ],
  );
});

test('a credential from a file, from a variable, from nowhere, of somebody else', async () => {
  const file = join(site.home, 'credential');
  writeFileSync(file, `${persons.credential('dana')}\n`);
  const list = (env: Record<string, string>, ...words: string[]) =>
    command(
      site.home,
      { ...site.env, ...env },
      'node',
      'user',
      'remove',
      'nobody-there',
      '--as',
      'dana',
      ...words,
    );
  assert.equal(
    (await list({}, '--credential-file', file)).code,
    5,
    'let in, and told that nobody has this name',
  );
  assert.equal((await list({ MOIM_USER_CREDENTIAL_FILE: file })).code, 5);
  assert.equal((await list({})).code, 3);
  assert.equal((await list({ MOIM_USER_CREDENTIAL: persons.credential('eve') })).code, 3);
  assert.equal((await by('zoe', 'user', 'remove', 'ada')).code, 3, 'nobody of this name');
});

test('no table holds a credential', async () => {
  const tables = await rowsOf<{ name: string }>(
    site.pool,
    `select table_name as name from information_schema.tables where table_schema = 'moim'`,
  );
  for (const { name } of tables)
    for (const { text } of await rowsOf<{ text: string }>(
      site.pool,
      `select to_jsonb(t)::text as text from moim.${name} t`,
    ))
      for (const person of ['eve', 'dana', 'ada', 'rob'])
        assert.ok(!text.includes(persons.credential(person)), `${name} holds ${person}'s`);
  const listed = await done(undefined, 'user', 'list', '--json');
  assert.deepEqual(
    (JSON.parse(listed.out) as { name: string }[]).map((one) => Object.keys(one)),
    Array.from({ length: 4 }, () => ['name', 'role', 'since', 'addedBy', 'confirmedBy', 'hand']),
  );
  assert.match((await done(undefined, 'user', 'list')).out, /^ada +approver .*added by dana$/m);
});

test('doctor tells what the policy asks and nobody here can give', async () => {
  assert.equal((await finding())?.state, 'ok');
  await apply('dana', 'permit = "one-person"');
  assert.match((await finding())?.says ?? '', /too few/, 'ada is in the hand of dana');
  await confirm('eve', 'ada');
  assert.equal((await finding())?.state, 'ok', 'ada may approve under the policy of dana');
  await done('dana', 'user', 'remove', 'ada');
  assert.match((await finding())?.says ?? '', /too few for the policy in force/);
  await apply('eve', 'permit = "two-persons"');
  assert.match((await finding())?.says ?? '', /too few/);
  await add('dana', 'bob', 'approver');
  assert.match((await finding())?.says ?? '', /too few/);
  await confirm('eve', 'bob');
  assert.equal((await finding())?.state, 'ok');
});

test('the policy is kept with its comments; a bad file changes nothing', async () => {
  const file = join(site.home, 'commented.toml');
  const text = `# Decided by the board in May.\n${policyText('[quota]\nperDay = 3')}`;
  writeFileSync(file, text);
  await done('eve', 'policy', 'apply', file);
  const newest = () =>
    rowsOf<{ version: number; body_text: string; applied_by: string }>(
      site.pool,
      'select version, body_text, applied_by from moim.policy order by version desc limit 1',
    );
  const [kept] = await newest();
  assert.equal(kept?.body_text, text);
  assert.equal(kept?.applied_by, 'eve');
  writeFileSync(file, policyText('permit = "anybody"\n[criteria]\ndeny = ["Deaths"]'));
  for (const what of ['check', 'apply']) {
    const bad = await by('eve', 'policy', what, file);
    assert.equal(bad.code, 5);
    assert.match(bad.err, /\/permit.*\/criteria\/deny\/0/s);
  }
  assert.deepEqual(await newest(), [kept]);
  assert.match((await done(undefined, 'policy', 'show')).out, /3 in all/);
  writeFileSync(file, `# Confirmed by the board in June.\n${text}`);
  await done('eve', 'policy', 'apply', file);
  const [again] = await newest();
  assert.equal(again?.version, kept?.version);
  assert.match(again?.body_text ?? '', /in June/);
});

test('two policies at the same instant: both are put in force, one after the other', async () => {
  const files = [11, 12, 13].map((k) => {
    const file = join(site.home, `at-once-${k}.toml`);
    writeFileSync(file, policyText(`approvalDays = ${k}`));
    return file;
  });
  const before = await rowsOf<{ n: number }>(site.pool, 'select max(version)::int as n from moim.policy');
  await Promise.all(files.map((file) => done('eve', 'policy', 'apply', file)));
  const after = await rowsOf<{ n: number }>(site.pool, 'select max(version)::int as n from moim.policy');
  assert.equal(after[0]?.n, (before[0]?.n ?? 0) + 3);
});

test('a hand does not confirm its own, nor twice, and both halves of the credential are needed', async () => {
  assert.equal((await by(undefined, 'user', 'confirm', 'bob')).code, 3, 'the console');
  await add('dana', 'carl', 'approver');
  await add('dana', 'dora', 'approver');
  for (const name of ['dana', 'dora', 'carl'])
    assert.equal((await by(name, 'user', 'confirm', 'carl')).code, 3, name);
  assert.equal((await by('rob', 'user', 'confirm', 'carl')).code, 3, 'a reader');
  const known = persons.credential('carl');
  await confirm('eve', 'carl');
  assert.equal((await by('bob', 'user', 'confirm', 'carl')).code, 3, 'carl is a hand of his own already');
  const whole = persons.credential('carl');
  const as = (credential: string) =>
    command(
      site.home,
      { ...site.env, MOIM_USER_CREDENTIAL: credential },
      'node',
      'user',
      'confirm',
      'dora',
      '--as',
      'carl',
    );
  for (const half of [known, `.${whole.split('.')[1]}`, whole.split('.').reverse().join('.'), `${known}.`])
    assert.equal((await as(half)).code, 3);
  assert.equal((await as(whole)).code, 0);
});

test('the last data-protection officer stays', async () => {
  const last = await by('dana', 'user', 'remove', 'dana');
  assert.equal(last.code, 3);
  assert.match(last.err, /the last who may register persons/);
  assert.equal((await by(undefined, 'user', 'add', 'zoe', '--role', 'dpo')).code, 3);
});
