/** `moim key …`: a lead's or vendor's long-term key. */

import { type Command, type CommandContext, type Commands, needArg, needFlag } from '#host/command.ts';
import { readSetting } from '#host/config.ts';
import { type KeyRole, readPublicKey, readSigningKey, writeSigningKey } from '#host/key-file.ts';
import { MoimError } from '#protocol/errors.ts';
import { createSigningKey, fingerprint, type PublicKey, publicOf } from '#protocol/keys.ts';

const create: Command = {
  summary:
    'Make a key. Give its fingerprint to hospitals by telephone, and the printed public key to whoever asks.',
  usage: '--role lead|vendor --out FILE',
  options: { role: { type: 'string' }, out: { type: 'string' } },
  async run(context) {
    const role = needFlag(context, 'role');
    if (role !== 'lead' && role !== 'vendor') throw new MoimError('usage', '--role is lead or vendor');
    const key = await createSigningKey();
    writeSigningKey(needFlag(context, 'out'), role, key, readSetting(context.env, 'MOIM_KEY_PASSPHRASE'));
    return print(context, publicOf(key), role);
  },
};

const show: Command = {
  summary: 'Print the public half of a key file and its fingerprint.',
  usage: 'FILE',
  async run(context) {
    const file = needArg(context, 0, 'FILE');
    const key = readPublicKey(file);
    return print(context, key, roleOf(file));
  },
};

export const commands: Commands = { create, show };

/** One JSON document: what hospitals take as KEYFILE. */
function print(context: CommandContext, key: PublicKey, role?: KeyRole): number {
  context.out(
    JSON.stringify({ ...(role === undefined ? {} : { role }), fingerprint: fingerprint(key), key }),
  );
  return 0;
}

function roleOf(file: string): KeyRole | undefined {
  try {
    return readSigningKey(file).role;
  } catch {
    return undefined;
  }
}
