/** `moim audit …` of a hub's home. Its own log has no witness; a site's log in a file is held against the receipts this hub gave. */

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
  witness({ home, env }) {
    const { public: key, formerly = [] } = readHubIdentity(home, readSetting(env, 'MOIM_KEY_PASSPHRASE'));
    return { hubKeys: [key, ...formerly] };
  },
});
