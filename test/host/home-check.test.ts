import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { checkClock, checkDisk, checkModes, checkPassphrase } from '#host/home-check.ts';
import { writeSigningKey } from '#host/key-file.ts';
import { createSigningKey } from '#protocol/keys.ts';
import { temporaryHome } from '../support/temporary-home.ts';

const mib = 2 ** 20;
const stateOf = (found: ReturnType<typeof checkDisk>) => (typeof found === 'string' ? 'ok' : found.state);

it('warns before the disk is full, and fails when it nearly is', () => {
  assert.equal(stateOf(checkDisk('/', () => 50_000 * mib)), 'ok');
  assert.equal(stateOf(checkDisk('/', () => 1_000 * mib)), 'warning');
  assert.equal(stateOf(checkDisk('/', () => 100 * mib)), 'failed');
  assert.match(JSON.stringify(checkDisk('/')), /MiB free/);
});

it('finds keys that others may read, and keys that no passphrase locks', async (t) => {
  const home = temporaryHome({ after: (work) => t.after(work) });
  mkdirSync(join(home, 'keys'), { mode: 0o700 });
  const [locked, clear] = [join(home, 'keys/site.json'), join(home, 'keys/other.json')];
  writeSigningKey(locked, 'site', await createSigningKey(), 'correct horse');
  assert.equal(stateOf(checkModes(home)), 'ok');
  assert.equal(stateOf(checkPassphrase(home)), 'ok');
  writeSigningKey(clear, 'site', await createSigningKey());
  assert.match(JSON.stringify(checkPassphrase(home)), /"warning".*1 of 2 key files/);
  chmodSync(clear, 0o640);
  assert.match(JSON.stringify(checkModes(home)), /"failed".*other\.json/);
  chmodSync(clear, 0o600);
  chmodSync(join(home, 'keys'), 0o755);
  assert.equal(stateOf(checkModes(home)), 'failed');
  writeFileSync(join(home, 'keys/readme.txt'), '');
  assert.doesNotMatch(JSON.stringify(checkModes(home)), /readme/);
});

it('compares the clock with the hub’s', () => {
  const hubs = 'Fri, 01 May 2026 12:00:00 GMT';
  const at = (seconds: number) => Date.parse(hubs) + seconds * 1000;
  assert.equal(stateOf(checkClock(hubs, at(20))), 'ok');
  assert.match(JSON.stringify(checkClock(hubs, at(120))), /"warning".*120 s ahead/);
  assert.match(JSON.stringify(checkClock(hubs, at(-900))), /"failed".*900 s behind/);
  assert.match(String(checkClock(null, at(0))), /does not tell/);
});
