/** What the commands of a node's home share: its passphrase and its database, opened for one piece of work. */

import type { CommandContext } from '#host/command.ts';
import { readSetting } from '#host/config.ts';
import { readNodeConfig } from '../../config.ts';
import { type NodeDb, openNodeDatabase } from '../../database.ts';
import { readNodeIdentity } from '../../identity.ts';

export const instant = (): string => new Date().toISOString();

export const passphrase = (context: CommandContext): string | undefined =>
  readSetting(context.env, 'MOIM_KEY_PASSPHRASE');

/** Throws MoimError `not-initialised` where the home is no node's. */
export async function withDatabase<T>(context: CommandContext, work: (db: NodeDb) => Promise<T>): Promise<T> {
  readNodeIdentity(context.home, passphrase(context));
  const database = await openNodeDatabase({
    home: context.home,
    ...readNodeConfig(context.home, context.env),
  });
  try {
    return await work(database.db);
  } finally {
    await database.close();
  }
}
