/** The lead's own key, as the commands that sign or read with it take it (`--key K`), with the keys it followed. */

import { type CommandContext, needFlag } from '#host/command.ts';
import { readSetting } from '#host/config.ts';
import { earlierKeys, readSigningKey } from '#host/key-file.ts';
import { hash } from '#protocol/canonical.ts';
import { MoimError } from '#protocol/errors.ts';
import { fingerprint, type PrivateKey, type PublicKey, publicOf } from '#protocol/keys.ts';
import { sign } from '#protocol/sign.ts';
import { claimedLead, openStudy, type SignedStudy } from '#protocol/study.ts';

export interface LeadKey {
  readonly key: PrivateKey;
  /** The public half, and those of the keys it followed: what an earlier one signed is this lead's too. */
  readonly own: readonly PublicKey[];
  /** The rotations that lead to it, oldest first. */
  readonly rotations: readonly string[];
}

/** Throws MoimError `bad-key-file` where the key is of another role. */
export function leadKey(context: CommandContext): LeadKey {
  const file = readSigningKey(needFlag(context, 'key'), passphrase(context));
  if (file.role !== 'lead')
    throw new MoimError('bad-key-file', `--key is the key of a ${file.role}: a study is signed by a lead`, {
      remedy: 'Use the key that `moim key create --role lead` made.',
    });
  return { key: file.key, own: [publicOf(file.key), ...earlierKeys(file)], rotations: file.rotations ?? [] };
}

export const passphrase = (context: CommandContext): string | undefined =>
  readSetting(context.env, 'MOIM_KEY_PASSPHRASE');

/** That whoever holds the lead's key holds this hub's token too: a study goes over to a new token. */
export const proveToken = (token: string, { key }: LeadKey): Promise<string> =>
  sign({ token: hash(token) }, 'moim-enrol', key);

/** Opens a version that this lead signed, under this key or one it followed. Throws MoimError `bad-signature` or `bad-input`. */
export async function openOwn(jws: string, { own }: Pick<LeadKey, 'own'>): Promise<SignedStudy> {
  const claimed = fingerprint(claimedLead(jws));
  const key = own.find((each) => fingerprint(each) === claimed);
  if (!key) throw new MoimError('bad-signature', 'this key did not sign the study');
  return openStudy(jws, key);
}
