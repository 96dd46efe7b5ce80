import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fingerprint, type PrivateKey, publicOf } from '#protocol/keys.ts';
import {
  compareHeads,
  descendsFrom,
  keyAt,
  openRoster,
  openRosterHead,
  type Roster,
  type RosterSite,
  signRoster,
} from '#protocol/roster.ts';
import { signRotation } from '#protocol/rotation.ts';
import { hubKey, instant, leadKey, noon, siteKey, strangerKey } from '../vectors/fixed.ts';

const hour = 3_600_000;
const row = (key: PrivateKey, more: Partial<RosterSite> = {}): RosterSite => ({
  site: 'seoul',
  key: publicOf(key),
  fingerprint: fingerprint(publicOf(key)),
  validFrom: instant(),
  state: 'approved',
  ...more,
});
const roster = (sites: RosterSite[]): Roster => ({
  schema: 'moim-roster/1',
  version: 7,
  issuedAt: instant(),
  previous: 'a'.repeat(64),
  sites,
});

test('a roster and its head open under the hub’s key, and under no other', async () => {
  const signed = await signRoster(roster([row(siteKey)]), hubKey);
  const opened = await openRoster(signed.jws, publicOf(hubKey));
  assert.deepEqual(opened, { roster: signed.roster, hash: signed.hash });
  const { version, hash } = await openRosterHead(signed.head, publicOf(hubKey));
  assert.deepEqual({ version, hash }, { version: 7, hash: signed.hash });
  await assert.rejects(openRoster(signed.jws, publicOf(strangerKey)), { code: 'bad-signature' });
  await assert.rejects(openRosterHead(signed.head, publicOf(strangerKey)), { code: 'bad-signature' });
  await assert.rejects(
    openRosterHead(signed.jws, publicOf(hubKey)),
    { code: 'bad-signature' },
    'a head is no roster',
  );
});

test('a key under the fingerprint of another is refused', async () => {
  const false_ = row(siteKey, { fingerprint: fingerprint(publicOf(strangerKey)) });
  const { jws } = await signRoster(roster([false_]), hubKey);
  await assert.rejects(openRoster(jws, publicOf(hubKey)), { code: 'bad-signature' });
});

test('two heads of one version that differ are two rosters', () => {
  const held = { version: 3, hash: 'a' };
  assert.equal(compareHeads(undefined, held), 'newer');
  assert.equal(compareHeads(held, { version: 4, hash: 'b' }), 'newer');
  assert.equal(compareHeads(held, held), 'same');
  assert.equal(compareHeads(held, { version: 2, hash: 'a' }), 'older');
  assert.equal(compareHeads(held, { version: 3, hash: 'b' }), 'differs');
});

test('a key is good from its first to its last instant, a little skew allowed', () => {
  const print = fingerprint(publicOf(siteKey));
  const of = roster([row(siteKey, { validUntil: instant(noon + hour), state: 'revoked' })]);
  const at = (ms: number) => keyAt(of, 'seoul', print, instant(noon + ms), 1000) !== undefined;
  assert.deepEqual([-1001, -1000, 0, hour, hour + 1000, hour + 1001].map(at), [
    false,
    true,
    true,
    true,
    true,
    false,
  ]);
  assert.equal(keyAt(of, 'busan', print, instant(), 0), undefined, 'of another site');
});

test('a key descends from a pinned one by the old keys’ own words alone', async () => {
  const first = row(leadKey, { validUntil: instant() });
  const rotation = await signRotation('site', leadKey, siteKey, instant());
  const pinned = fingerprint(publicOf(leadKey));
  const second = row(siteKey, { rotation });
  const third = row(hubKey, { rotation: await signRotation('site', siteKey, hubKey, instant()) });
  const of = roster([first, second, third]);
  for (const each of of.sites) assert.equal(await descendsFrom(of, each, pinned), true);
  // The roster itself may say what it likes.
  const claimed = row(strangerKey);
  assert.equal(await descendsFrom(roster([first, claimed]), claimed, pinned), false);
  const stolen = row(strangerKey, { rotation });
  assert.equal(await descendsFrom(roster([first, stolen]), stolen, pinned), false, 'another’s rotation');
  const forged = row(hubKey, { rotation: await signRotation('site', strangerKey, hubKey, instant()) });
  assert.equal(await descendsFrom(roster([first, forged]), forged, pinned), false);
  assert.equal(await descendsFrom(of, third, fingerprint(publicOf(strangerKey))), false);
});
