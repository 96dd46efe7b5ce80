/** What the commands of a hub's home share: its key and its database, opened for one piece of work. */

import type { CommandContext } from '#host/command.ts';
import { readSetting } from '#host/config.ts';
import { readHubConfig } from '../config.ts';
import { type HubDb, openHubDatabase } from '../database.ts';
import { type HubIdentity, readHubIdentity } from '../identity.ts';

/** Throws MoimError `not-initialised` where the home is no hub's. */
export async function withDatabase<T>(
  { home, env }: Pick<CommandContext, 'home' | 'env'>,
  work: (db: HubDb, identity: HubIdentity) => Promise<T>,
): Promise<T> {
  const identity = readHubIdentity(home, readSetting(env, 'MOIM_KEY_PASSPHRASE'));
  const database = await openHubDatabase(home, readHubConfig(home, env).databaseUrl);
  try {
    return await work(database.db, identity);
  } finally {
    await database.close();
  }
}
