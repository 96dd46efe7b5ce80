/** `moim doctor` of a node's and a hub's home: the operator's hour, check by check, and what it says where something is wrong. */

import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { after, it } from 'node:test';
import type { Finding } from '#host/diagnosis.ts';
import { commands as hubDoctor } from '#hub/commands/doctor.ts';
import { openHub, openSite, succeed } from '../network/network.ts';
import { command } from '../network/party.ts';
import { temporaryHome } from '../support/temporary-home.ts';

const hub = await openHub({ after });
const site = await openSite({ after }, { site: 'alpha', hub });

async function findings(): Promise<{
  readonly code: number;
  readonly of: Readonly<Record<string, Finding>>;
}> {
  const { code, out } = await command(site.home, site.env, 'doctor', '--json');
  const all = out.split('\n').map((line) => JSON.parse(line) as Finding);
  return { code, of: Object.fromEntries(all.map((finding) => [finding.check, finding])) };
}

it('looks at everything that an operator has to keep in order', async () => {
  const { code, of } = await findings();
  assert.equal(code, 0, JSON.stringify(of));
  const states = (...checks: string[]) => checks.map((check) => `${check} ${of[check]?.state}`);
  const well = [
    'configuration',
    'keys',
    'key-files',
    'disk',
    'migrations',
    'database',
    'policy',
    'audit',
    'clock',
    'hub',
  ];
  assert.deepEqual(
    states(...well),
    well.map((check) => `${check} ok`),
  );
  // An empty CDM, nobody accepted, keys without a passphrase, no process, no backup: warnings, each with a remedy.
  for (const check of ['cdm', 'leads', 'passphrase', 'process', 'backup']) {
    assert.equal(of[check]?.state, 'warning', check);
    assert.ok(of[check]?.remedy, check);
  }
});

it('finds a backup once there is one, and tells its age', async () => {
  await succeed(site, 'node', 'backup', join(temporaryHome({ after }), 'backup'));
  const { of } = await findings();
  assert.equal(of.backup?.state, 'ok');
  assert.match(of.backup.says, /the last was made at \d{4}-/);
});

it('says whether the process that serves the home is ready', async () => {
  await site.start();
  const { of } = await findings();
  assert.match(
    of.process?.says ?? '',
    /^runs at http:\/\/127\.0\.0\.1:\d+, process \d+, (ready|not ready \(link-closed\))$/,
  );
  await site.stop();
});

it('fails where others may read a key', async () => {
  const key = join(site.home, 'keys/site.json');
  chmodSync(key, 0o644);
  const { code, of } = await findings();
  assert.equal(code, 1);
  assert.equal(of['key-files']?.state, 'failed');
  chmodSync(key, 0o600);
});

it('does not migrate a database by looking at it', async () => {
  await site.pool.query('create table moim.kept as select * from moim.moim_migration');
  await site.pool.query(
    'delete from moim.moim_migration where number = (select max(number) from moim.moim_migration)',
  );
  const { code, of } = await findings();
  assert.equal(code, 0);
  assert.match(of.migrations?.says ?? '', /1 migrations of this version wait/);
  assert.equal(of.database, undefined, 'what would migrate is not opened');
  assert.equal(of.hub?.state, 'ok', 'what needs no database is looked at all the same');
  await site.pool.query(
    'delete from moim.moim_migration; insert into moim.moim_migration select * from moim.kept; drop table moim.kept',
  );
});

it('looks a hub over too', async () => {
  const out: string[] = [];
  const code = await hubDoctor['']?.run({
    home: hub.home,
    args: [],
    flags: {},
    json: true,
    quiet: false,
    env: hub.env,
    terminal: false,
    signal: new AbortController().signal,
    out: (text) => void out.push(text),
    note: () => {},
  });
  assert.equal(code, 0, out.join('\n'));
  const said = out.map((line) => JSON.parse(line) as Finding);
  const checks = [
    'configuration',
    'key',
    'key-files',
    'passphrase',
    'disk',
    'migrations',
    'sites',
    'audit',
    'database',
    'backup',
    'process',
  ];
  for (const check of checks)
    assert.ok(
      said.some((finding) => finding.check === check),
      check,
    );
  assert.match(said.find(({ check }) => check === 'process')?.says ?? '', /, ready$/);
});
