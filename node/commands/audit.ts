/** `moim audit …` of a node's home. */

import { auditCommands, type LeftAnswer } from '#host/audit-command.ts';
import { auditEntries } from '#host/audit-log.ts';
import type { CommandContext } from '#host/command.ts';
import { readSetting } from '#host/config.ts';
import { openReply, verifyReply } from '#protocol/reply.ts';
import type { Sealed } from '#protocol/seal.ts';
import { readNodeConfig } from '../config.ts';
import { type NodeDb, openNodeDatabase } from '../database.ts';
import { readNodeIdentity } from '../identity.ts';

export const commands = auditCommands({
  entries: (context) => withDatabase(context, auditEntries),
  left: (context) => withDatabase(context, (db) => whatLeft(db, context)),
});

async function whatLeft(db: NodeDb, context: CommandContext): Promise<LeftAnswer[]> {
  const identity = readNodeIdentity(context.home, readSetting(context.env, 'MOIM_KEY_PASSPHRASE'));
  const entries = await auditEntries(db);
  const rows = await db.selectFrom('released').selectAll().orderBy('released_at').execute();
  const left: LeftAnswer[] = [];
  for (const row of rows) {
    const sealed = row.sealed as Sealed;
    const opened = await verifyReply(row.header, sealed, identity.public)
      .then(async (header) => ({
        header,
        answer: await openReply(header, sealed, identity.archive, identity.public),
      }))
      .catch(() => undefined);
    const recorded = entries.some(
      ({ kind, body }) =>
        kind === 'job-answered' && body.job === row.job && body.ciphertext === opened?.header.ciphertext,
    );
    const intact = opened !== undefined && recorded && opened.header.ciphertext === row.ciphertext_sha256;
    left.push({ job: row.job, releasedAt: row.released_at, intact, answer: opened?.answer ?? null });
  }
  return left;
}

async function withDatabase<T>(context: CommandContext, work: (db: NodeDb) => Promise<T>): Promise<T> {
  // A folder that is no node's home has no audit log: an empty one must not pass for whole.
  readNodeIdentity(context.home, readSetting(context.env, 'MOIM_KEY_PASSPHRASE'));
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
