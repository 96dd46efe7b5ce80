import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { backUpKey, restoreKey } from '#host/key-backup.ts';
import {
  earlierKeys,
  readPublicKey,
  readSealingPair,
  readSigningKey,
  rotateSigningKey,
  writeSealingPair,
  writeSigningKey,
} from '#host/key-file.ts';
import { fingerprint, publicOf } from '#protocol/keys.ts';
import { follow } from '#protocol/rotation.ts';
import { temporaryHome } from '#test/support/temporary-home.ts';
import { archiveSealing, leadKey, strangerKey, strangerSealing } from '#test/vectors/fixed.ts';

const home = temporaryHome({ after });
const at = (name: string): string => join(home, name);
const passphrase = 'correct horse — 말';

type File = Record<string, unknown>;
const read = (path: string): File => JSON.parse(readFileSync(path, 'utf8')) as File;
/** A copy of a key file with something changed. */
function changed(name: string, change: (file: File) => File): string {
  const path = at(`changed-${Math.random()}.json`);
  writeFileSync(path, JSON.stringify(change(read(at(name)))));
  return path;
}

writeSigningKey(at('lead.json'), 'lead', leadKey);
writeSealingPair(at('archive.json'), archiveSealing);
writeSigningKey(at('locked.json'), 'site', leadKey, passphrase);

/** One code; and neither the secret nor the passphrase in what is said. */
const refusal = (code: string) => (cause: Error & { code?: string }) => {
  assert.equal(cause.code, code);
  assert.ok(
    ![leadKey.d, archiveSealing.secret, passphrase].some((secret) =>
      `${cause.message} ${cause.stack}`.includes(secret),
    ),
  );
  return true;
};

test('a key comes back with its role; the file is its owner’s alone', () => {
  assert.deepEqual(readSigningKey(at('lead.json')), { role: 'lead', key: leadKey });
  assert.deepEqual(readSealingPair(at('archive.json')), archiveSealing);
  for (const name of ['lead.json', 'archive.json', 'locked.json'])
    assert.equal(statSync(at(name)).mode & 0o777, 0o600);
});

test('with a passphrase the secret half is in the file in no form one could read', () => {
  const text = readFileSync(at('locked.json'), 'utf8');
  assert.ok(!text.includes(leadKey.d));
  assert.ok(!text.includes(Buffer.from(leadKey.d, 'base64url').toString('hex')));
  assert.equal((read(at('locked.json')).encrypted as File).kdf, 'scrypt-17-8-1');
  assert.equal(read(at('locked.json')).secret, undefined);
});

test('its passphrase opens a locked file, however its letters are composed; no other does, nor none', () => {
  assert.deepEqual(readSigningKey(at('locked.json'), passphrase.normalize('NFD')), {
    role: 'site',
    key: leadKey,
  });
  assert.throws(() => readSigningKey(at('locked.json'), `${passphrase} `), refusal('key-locked'));
  assert.throws(() => readSigningKey(at('locked.json')), refusal('key-locked'));
});

test('a locked file that was altered does not open', () => {
  for (const member of ['tag', 'ciphertext'] as const) {
    const path = changed('locked.json', (file) => {
      const encrypted = file.encrypted as Record<string, string>;
      const text = encrypted[member] ?? '';
      return {
        ...file,
        encrypted: { ...encrypted, [member]: (text.startsWith('A') ? 'B' : 'A') + text.slice(1) },
      };
    });
    assert.throws(() => readSigningKey(path, passphrase), refusal('key-locked'));
  }
  const { encrypted: _, ...empty } = read(at('locked.json'));
  assert.throws(
    () =>
      readSigningKey(
        changed('locked.json', () => empty),
        passphrase,
      ),
    refusal('bad-key-file'),
  );
});

test('a sealing pair is locked alike', () => {
  writeSealingPair(at('archive-locked.json'), archiveSealing, passphrase);
  assert.ok(!readFileSync(at('archive-locked.json'), 'utf8').includes(archiveSealing.secret));
  assert.deepEqual(readSealingPair(at('archive-locked.json'), passphrase), archiveSealing);
});

test('a key is never overwritten', () => {
  const before = readFileSync(at('lead.json'), 'utf8');
  assert.throws(() => writeSigningKey(at('lead.json'), 'lead', strangerKey), refusal('key-exists'));
  assert.throws(() => writeSealingPair(at('archive.json'), strangerSealing), refusal('key-exists'));
  assert.equal(readFileSync(at('lead.json'), 'utf8'), before);
});

test('halves that do not belong together are refused, whichever of them was exchanged', () => {
  const stranger = publicOf(strangerKey);
  const exchanges: readonly ((file: File) => File)[] = [
    (file) => ({ ...file, public: stranger }),
    (file) => ({ ...file, fingerprint: fingerprint(stranger) }),
    (file) => ({ ...file, public: stranger, fingerprint: fingerprint(stranger) }),
    (file) => ({ ...file, secret: strangerKey }),
    (file) => ({ ...file, secret: { ...leadKey, d: strangerKey.d } }),
    (file) => ({ ...file, secret: { ...leadKey, x: strangerKey.x } }),
  ];
  for (const exchange of exchanges)
    assert.throws(() => readSigningKey(changed('lead.json', exchange)), refusal('bad-key-file'));
  const sealing: readonly ((file: File) => File)[] = [
    (file) => ({ ...file, public: strangerSealing.public }),
    (file) => ({ ...file, secret: strangerSealing }),
    (file) => ({ ...file, secret: { ...archiveSealing, secret: strangerSealing.secret } }),
  ];
  for (const exchange of sealing)
    assert.throws(() => readSealingPair(changed('archive.json', exchange)), refusal('bad-key-file'));
});

test('the public half is read of a bare JWK, of what `key show` prints, and of a key file, locked or not', () => {
  const key = publicOf(leadKey);
  writeFileSync(at('jwk.json'), JSON.stringify(key));
  writeFileSync(at('shown.json'), JSON.stringify({ role: 'lead', fingerprint: fingerprint(key), key }));
  for (const name of ['jwk.json', 'shown.json', 'lead.json', 'locked.json'])
    assert.deepEqual(readPublicKey(at(name)), key);
});

test('a public key under the fingerprint of another is refused', () => {
  const key = publicOf(strangerKey);
  writeFileSync(at('false.json'), JSON.stringify({ fingerprint: fingerprint(publicOf(leadKey)), key }));
  assert.throws(() => readPublicKey(at('false.json')), refusal('bad-key-file'));
  assert.throws(
    () => readPublicKey(changed('lead.json', (file) => ({ ...file, public: key }))),
    refusal('bad-key-file'),
  );
});

test('a private JWK is not taken for a public one; what is no key file is refused', () => {
  writeFileSync(at('private.json'), JSON.stringify(leadKey));
  assert.throws(() => readPublicKey(at('private.json')), refusal('bad-input'));
  for (const text of ['', 'not JSON', '{}', '[]', '{"format":"moim-key/2"}']) {
    writeFileSync(at('odd.json'), text);
    for (const reader of [readPublicKey, readSigningKey, readSealingPair])
      assert.throws(() => reader(at('odd.json')), refusal('bad-input'));
  }
  assert.throws(
    () => readSigningKey(at('archive.json')),
    refusal('bad-input'),
    'a sealing pair signs nothing',
  );
  assert.throws(() => readSealingPair(at('lead.json')), refusal('bad-input'));
  assert.throws(() => readSigningKey(at('nowhere.json')), refusal('file-unreadable'));
});

test('a rotated file holds the new key and the old one’s word for it, and not the old one’s secret', async () => {
  for (const [name, secret] of [
    ['turn.json', undefined],
    ['turn-locked.json', passphrase],
  ] as const) {
    writeSigningKey(at(name), 'vendor', leadKey, secret);
    const first = await rotateSigningKey(at(name), '2026-01-15T09:30:00.000Z', secret);
    assert.deepEqual(
      { role: first.role, from: first.from },
      { role: 'vendor', from: fingerprint(publicOf(leadKey)) },
    );
    const second = await rotateSigningKey(at(name), '2026-01-16T09:30:00.000Z', secret);
    assert.equal(second.from, first.to);
    const file = readSigningKey(at(name), secret);
    assert.equal(fingerprint(publicOf(file.key)), second.to);
    assert.equal((await follow(file.rotations ?? [], 'vendor', publicOf(leadKey)))?.key.x, file.key.x);
    assert.deepEqual(earlierKeys(file).map(fingerprint), [first.from, second.from]);
    assert.ok(!readFileSync(at(name), 'utf8').includes(leadKey.d));
    assert.equal('secret' in read(at(name)), secret === undefined);
    assert.equal(statSync(at(name)).mode & 0o777, 0o600);
  }
  const before = readFileSync(at('locked.json'), 'utf8');
  await assert.rejects(
    rotateSigningKey(at('locked.json'), '2026-01-15T09:30:00.000Z'),
    refusal('key-locked'),
  );
  assert.equal(readFileSync(at('locked.json'), 'utf8'), before, 'what cannot be rotated is left as it was');
});

test('a backup is encrypted, and gives back the very same file', () => {
  for (const name of ['lead.json', 'locked.json', 'archive.json', 'turn.json']) {
    const backup = at(`${name}.backup`);
    backUpKey(at(name), backup, passphrase);
    const text = readFileSync(backup, 'utf8');
    assert.ok(![leadKey.d, archiveSealing.secret].some((secret) => text.includes(secret)));
    assert.equal(statSync(backup).mode & 0o777, 0o600);
    restoreKey(backup, at(`${name}.back`), passphrase);
    assert.deepEqual(readFileSync(at(`${name}.back`)), readFileSync(at(name)));
    assert.equal(statSync(at(`${name}.back`)).mode & 0o777, 0o600);
  }
});

test('a backup needs its passphrase, overwrites nothing, and is made of keys alone', () => {
  const backup = at('lead.json.backup');
  assert.throws(() => backUpKey(at('lead.json'), at('open.backup'), undefined), refusal('key-locked'));
  assert.ok(!existsSync(at('open.backup')));
  assert.throws(() => backUpKey(at('lead.json'), backup, passphrase), refusal('key-exists'));
  assert.throws(() => restoreKey(backup, at('lead.json'), passphrase), refusal('key-exists'));
  for (const wrong of [undefined, '', 'another'])
    assert.throws(() => restoreKey(backup, at('new.json'), wrong), refusal('key-locked'));
  assert.ok(!existsSync(at('new.json')));
  writeFileSync(at('no-key.json'), '{"format":"moim-key/1"}');
  assert.throws(() => backUpKey(at('no-key.json'), at('no-key.backup'), passphrase), refusal('bad-input'));
  assert.throws(() => restoreKey(at('lead.json'), at('new.json'), passphrase), refusal('bad-input'));
});
