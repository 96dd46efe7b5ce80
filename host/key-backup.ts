/** A copy of a key file to lay away: always encrypted, and the same file again, byte for byte, when it comes back. */

import Type from 'typebox';
import { MoimError } from '#protocol/errors.ts';
import { parseJson, parser } from '#protocol/schema.ts';
import { readText, writeWhole } from './home.ts';
import { checkKeyFile, refuseExisting } from './key-file.ts';
import { Locked, lock, unlock } from './key-lock.ts';

const closed = { additionalProperties: false } as const;
const backups = parser(Type.Object({ format: Type.Literal('moim-key-backup/1'), encrypted: Locked }, closed));
const contents = parser(Type.Object({ file: Type.String() }, closed));

/** Throws MoimError `key-locked` without a passphrase, `bad-input` where the file holds no key, `key-exists`. */
export function backUpKey(path: string, out: string, passphrase: string | undefined): void {
  const file = readText(path, 'key file');
  checkKeyFile(path, file);
  refuseExisting(out);
  const encrypted = lock({ file }, needPassphrase(passphrase));
  writeWhole(out, `${JSON.stringify({ format: 'moim-key-backup/1', encrypted }, null, 2)}\n`, 0o600);
}

/** Throws MoimError `key-locked` where the passphrase is missing or another, `key-exists` where `path` is there. */
export function restoreKey(backup: string, path: string, passphrase: string | undefined): void {
  const { encrypted } = backups.parse(parseJson(readText(backup, 'key backup'), backup), backup);
  const { file } = contents.parse(unlock(backup, encrypted, needPassphrase(passphrase)), backup);
  checkKeyFile(backup, file);
  refuseExisting(path);
  writeWhole(path, file, 0o600);
}

function needPassphrase(passphrase: string | undefined): string {
  if (passphrase === undefined || passphrase === '')
    throw new MoimError('key-locked', 'a backup of a key is always encrypted, and no passphrase is set', {
      remedy:
        'Set MOIM_KEY_PASSPHRASE_FILE to a file that holds a passphrase, and keep it apart from the backup.',
    });
  return passphrase;
}
