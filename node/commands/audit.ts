/** `moim audit …` of a node's home. */

import { auditCommands } from '#host/audit-command.ts';
import { auditEntries, record } from '#host/audit-log.ts';
import type { CommandContext } from '#host/command.ts';
import { readSetting } from '#host/config.ts';
import { witnessFile } from '#host/witness-file.ts';
import { whatLeft } from '../audit/left.ts';
import { readNodeConfig } from '../config.ts';
import { type NodeDb, openNodeDatabase } from '../database.ts';
import { hubKeys, type NodeIdentity, readNodeIdentity, readPinnedHub } from '../identity.ts';
import { namedPerson, personFlags } from '../person/acting.ts';

export const commands = auditCommands({
  entries: (context) => withDatabase(context, auditEntries),
  flags: personFlags,
  left: (context) =>
    withDatabase(context, async (db, identity) => {
      const person = await namedPerson(context, db);
      const left = await whatLeft(db, identity);
      // Recorded before it is shown: who looks must not be able to prevent it.
      await db
        .transaction()
        .execute((transaction) =>
          record(transaction, new Date().toISOString(), 'left-shown', { person, answers: left.length }),
        );
      return left;
    }),
  witness({ home }) {
    const hub = readPinnedHub(home);
    return hub && { hubKeys: hubKeys(hub), site: hub.site, file: witnessFile(home) };
  },
});

async function withDatabase<T>(
  context: CommandContext,
  work: (db: NodeDb, identity: NodeIdentity) => Promise<T>,
): Promise<T> {
  // A folder that is no node's home has no audit log: an empty one must not pass for whole.
  const identity = readNodeIdentity(context.home, readSetting(context.env, 'MOIM_KEY_PASSPHRASE'));
  const database = await openNodeDatabase({
    home: context.home,
    ...readNodeConfig(context.home, context.env),
  });
  try {
    return await work(database.db, identity);
  } finally {
    await database.close();
  }
}
