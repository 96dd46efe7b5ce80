/** `moim key …`: signing keys of every party, and their backups. */

import { type Command, type CommandContext, type Commands, needArg, needFlag } from '#host/command.ts';
import { readSetting } from '#host/config.ts';
import { backUpKey, restoreKey } from '#host/key-backup.ts';
import {
  type KeyRole,
  type PublicKeyFile,
  readPublicKeyFile,
  rotateSigningKey,
  writeSigningKey,
} from '#host/key-file.ts';
import { MoimError } from '#protocol/errors.ts';
import { createSigningKey, fingerprint, publicOf } from '#protocol/keys.ts';

const create: Command = {
  summary:
    'Make a key. Give its fingerprint to hospitals by telephone, and the printed public key to whoever asks.',
  usage: '--role lead|vendor --out FILE',
  options: { role: { type: 'string' }, out: { type: 'string' } },
  async run(context) {
    const role = needFlag(context, 'role');
    if (role !== 'lead' && role !== 'vendor') throw new MoimError('usage', '--role is lead or vendor');
    const key = await createSigningKey();
    writeSigningKey(needFlag(context, 'out'), role, key, passphrase(context));
    return print(context, { key: publicOf(key), role, rotations: [] });
  },
};

const show: Command = {
  summary: 'Print the public half of a key file, its fingerprint, and the rotations that led to it.',
  usage: 'FILE',
  run: async (context) => print(context, readPublicKeyFile(needArg(context, 0, 'FILE'))),
};

const rotate: Command = {
  summary:
    'Put a new key in the place of this one. The old key signs that the new one follows it, and is gone afterwards.',
  usage: 'FILE',
  async run(context) {
    const file = needArg(context, 0, 'FILE');
    const { role, from, to } = await rotateSigningKey(file, new Date().toISOString(), passphrase(context));
    context.note(`${from} is gone; ${to} follows it. ${afterwards[role]}`);
    return print(context, readPublicKeyFile(file));
  },
};

/** What the rest of the network needs to hear. */
const afterwards: Readonly<Record<KeyRole, string>> = {
  lead: 'Give the printed public key to the hospitals: `moim node trust lead KEYFILE` takes it in the old one’s place.',
  vendor: 'Give the printed public key to whoever used the old one.',
  site: 'Start the node again: it tells the hub. Back the new key up.',
  hub: 'Start the hub again: it tells the nodes as they link. Back the new key up.',
};

const backup: Command = {
  summary:
    'Write an encrypted copy of a key file; MOIM_KEY_PASSPHRASE or MOIM_KEY_PASSPHRASE_FILE is needed.',
  usage: 'FILE OUT',
  async run(context) {
    const [file, out] = [needArg(context, 0, 'FILE'), needArg(context, 1, 'OUT')];
    backUpKey(file, out, passphrase(context));
    context.note(`wrote ${out}; without its passphrase nobody opens it`);
    return 0;
  },
};

const restore: Command = {
  summary: 'Write a key file again from its backup. A file that is there is never overwritten.',
  usage: 'BACKUP FILE',
  async run(context) {
    const [from, file] = [needArg(context, 0, 'BACKUP'), needArg(context, 1, 'FILE')];
    restoreKey(from, file, passphrase(context));
    context.note(`wrote ${file}`);
    return 0;
  },
};

export const commands: Commands = { create, show, rotate, backup, restore };

/** One JSON document: what hospitals take as KEYFILE. */
function print(context: CommandContext, { key, role, rotations }: PublicKeyFile): number {
  context.out(
    JSON.stringify({
      ...(role === undefined ? {} : { role }),
      fingerprint: fingerprint(key),
      key,
      ...(rotations.length === 0 ? {} : { rotations }),
    }),
  );
  return 0;
}

const passphrase = (context: CommandContext): string | undefined =>
  readSetting(context.env, 'MOIM_KEY_PASSPHRASE');
