/** `moim hub backup` and `moim hub restore`. */

import { Kysely, PostgresDialect } from 'kysely';
import { record } from '#host/audit-log.ts';
import type { Manifest } from '#host/backup/manifest.ts';
import { restoreBackup } from '#host/backup/restore.ts';
import { writeBackup } from '#host/backup/write.ts';
import { answer, type Command, type Commands, needArg } from '#host/command.ts';
import { readSetting } from '#host/config.ts';
import { openDatabase } from '#host/postgres/database.ts';
import type { HubTables } from '#sql/tables/hub.ts';
import { readHubConfig } from '../config.ts';
import { readHubStanding } from '../relay/standing.ts';
import { withDatabase } from './with-database.ts';

const backup: Command = {
  summary: 'Take a backup of this home and its database, beside a running hub.',
  usage: 'DIR',
  async run(context) {
    const folder = needArg(context, 0, 'DIR');
    const { home, env } = context;
    // Opened as a hub's first, so that a database of an older Moim is brought up to date before it is read.
    const key = await withDatabase(context, async (_db, identity) => identity.key);
    const { databaseUrl } = readHubConfig(home, env);
    const database = await openDatabase({ home, url: databaseUrl, applicationName: 'moim-backup' });
    try {
      const source = {
        home,
        party: 'hub',
        pool: database.pool,
        schemas: ['hub'],
        key,
        now: Date.now,
      } as const;
      tell(context, folder, await writeBackup(source, folder));
      return 0;
    } finally {
      await database.close();
    }
  },
};

const restore: Command = {
  summary:
    'Put a backup back, into an empty home or the one it was taken of. The hub welcomes no site until `moim hub epoch open`.',
  usage: 'DIR [--replace]',
  options: { replace: { type: 'boolean' } },
  async run(context) {
    const folder = needArg(context, 0, 'DIR');
    const { home, env } = context;
    const url = readSetting(env, 'MOIM_DATABASE_URL');
    const manifest = await restoreBackup(
      {
        home,
        party: 'hub',
        replace: context.flags.replace === true,
        open: () => openDatabase({ home, url, applicationName: 'moim-restore' }),
        async mark(pool, schema, { madeAt, audit }) {
          const db = new Kysely<HubTables>({ dialect: new PostgresDialect({ pool }) }).withSchema(schema);
          const at = new Date().toISOString();
          await db.transaction().execute(async (transaction) => {
            const { epoch } = await readHubStanding(transaction);
            // Whatever came after the backup, nobody here remembers: the first site that is served would get numbers it has seen.
            const facts = { epoch, halted_at: at, code: 'restored' };
            await transaction
              .insertInto('standing')
              .values({ ...facts, seen: null })
              .onConflict((conflict) => conflict.column('one').doUpdateSet(facts))
              .execute();
            await record(transaction, at, 'restored', { takenAt: madeAt, audit });
          });
        },
      },
      folder,
    );
    tell(context, folder, manifest);
    context.note('no site is welcomed until `moim hub epoch open --reason TEXT`');
    return 0;
  },
};

export const backupCommands: Commands = { backup, restore };

function tell(context: Parameters<Command['run']>[0], folder: string, manifest: Manifest): void {
  const { audit, epoch, fingerprint, madeAt, parts } = manifest;
  answer(
    context,
    { folder, fingerprint, madeAt, audit, epoch, parts: parts.length },
    `${folder}: hub ${fingerprint}, taken ${madeAt}\naudit head ${audit.n} ${audit.hash}\nepoch ${epoch}`,
  );
}
