/** `moim audit …` of a hub's home. */

import { auditCommands } from '#host/audit-command.ts';
import { auditEntries } from '#host/audit-log.ts';
import { readSetting } from '#host/config.ts';
import { readHubConfig } from '../config.ts';
import { openHubDatabase } from '../database.ts';
import { readHubIdentity } from '../identity.ts';

export const commands = auditCommands({
  async entries({ home, env }) {
    readHubIdentity(home, readSetting(env, 'MOIM_KEY_PASSPHRASE'));
    const database = await openHubDatabase(home, readHubConfig(home, env).databaseUrl);
    try {
      return await auditEntries(database.db);
    } finally {
      await database.close();
    }
  },
});
