import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { PublicKey } from '#protocol/keys.ts';
import { descendsFrom, openRoster, openRosterHead, type SignedRoster } from '#protocol/roster.ts';
import { openRotation, type RotationRole } from '#protocol/rotation.ts';
import { makeTrust, type TrustName, trustFile, trustNames } from './make-trust.ts';

const read = <T>(name: TrustName): T => JSON.parse(readFileSync(trustFile(name), 'utf8')) as T;

test('today’s code writes roster, head and rotation as they were written first', async () => {
  const today = await makeTrust();
  for (const name of trustNames) assert.deepEqual(JSON.parse(today[name]), read<unknown>(name), name);
  const files = readdirSync(fileURLToPath(new URL('v1-trust', import.meta.url)));
  assert.deepEqual(files.sort(), trustNames.map((name) => `${name}.json`).sort());
});

test('a roster and a head of then open, and a rotated key is still the pinned site’s', async () => {
  const { key, roster, hash, jws, head } = read<SignedRoster & { key: PublicKey }>('roster');
  assert.deepEqual(await openRoster(jws, key), { roster, hash });
  assert.deepEqual(await openRosterHead(head, key), {
    schema: 'moim-roster-head/1',
    version: roster.version,
    hash,
    issuedAt: roster.issuedAt,
  });
  const [, first, second] = roster.sites;
  assert.ok(first && second);
  assert.equal(await descendsFrom(roster, second, first.fingerprint), true);
});

test('a rotation of then opens', async () => {
  const vector = read<{ from: PublicKey; to: PublicKey; role: RotationRole; jws: string }>('rotation');
  const { from, to, role } = await openRotation(vector.jws, vector.role);
  assert.deepEqual({ from, to, role }, { from: vector.from, to: vector.to, role: vector.role });
});
