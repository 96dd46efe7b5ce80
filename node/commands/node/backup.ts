/** `moim node backup` and `moim node restore`. */

import { Kysely, PostgresDialect } from 'kysely';
import { record } from '#host/audit-log.ts';
import type { Manifest } from '#host/backup/manifest.ts';
import { restoreBackup } from '#host/backup/restore.ts';
import { writeBackup } from '#host/backup/write.ts';
import { answer, type Command, type Commands, needArg } from '#host/command.ts';
import { readSetting } from '#host/config.ts';
import { openDatabase } from '#host/postgres/database.ts';
import type { MoimTables } from '#sql/tables/moim.ts';
import { readStanding } from '../../audit/standing.ts';
import { lostHead } from '../../audit/witness.ts';
import { readNodeConfig } from '../../config.ts';
import { openNodeDatabase } from '../../database.ts';
import { readNodeIdentity, readPinnedHub } from '../../identity.ts';
import { passphrase, withDatabase } from './with-database.ts';

const backup: Command = {
  summary:
    'Take a backup of this home and its database, beside a running node. The CDM is not in it: it is loaded from its source. --results adds the cohorts generated here.',
  usage: 'DIR [--results]',
  options: { results: { type: 'boolean' } },
  async run(context) {
    const folder = needArg(context, 0, 'DIR');
    const { home, env } = context;
    const identity = readNodeIdentity(home, passphrase(context));
    const { databaseUrl } = readNodeConfig(home, env);
    // Opened as a node's first, so that a database of an older Moim is brought up to date before it is read.
    await withDatabase(context, async () => undefined);
    const database = await openDatabase({ home, url: databaseUrl, applicationName: 'moim-backup' });
    try {
      const manifest = await writeBackup(
        {
          home,
          party: 'node',
          pool: database.pool,
          schemas: context.flags.results === true ? ['moim', 'results'] : ['moim'],
          key: identity.key,
          now: Date.now,
        },
        folder,
      );
      tell(context, folder, manifest);
      context.note(
        'the CDM is not in it: load it from its source; the data version tells whether it is the same',
      );
      return 0;
    } finally {
      await database.close();
    }
  },
};

const restore: Command = {
  summary:
    'Put a backup back, into an empty home or the one it was taken of. The node answers when its hub has said that nothing was lost.',
  usage: 'DIR [--replace]',
  options: { replace: { type: 'boolean' } },
  async run(context) {
    const folder = needArg(context, 0, 'DIR');
    const { home, env } = context;
    const url = readSetting(env, 'MOIM_DATABASE_URL');
    const manifest = await restoreBackup(
      {
        home,
        party: 'node',
        replace: context.flags.replace === true,
        open: () => openDatabase({ home, url, applicationName: 'moim-restore' }),
        async mark(pool, schema, { madeAt, audit }) {
          const db = new Kysely<MoimTables>({ dialect: new PostgresDialect({ pool }) }).withSchema(schema);
          await db.transaction().execute(async (transaction) => {
            const { epoch, haltedAt } = await readStanding(transaction);
            // Who stood still when the backup was taken does so still.
            const facts = haltedAt === null ? { code: 'restored' } : {};
            await transaction
              .insertInto('standing')
              .values({ epoch, halted_at: null, code: 'restored', seen: null })
              .onConflict((conflict) => conflict.column('one').doUpdateSet({ epoch, ...facts }))
              .execute();
            await record(transaction, new Date().toISOString(), 'restored', { takenAt: madeAt, audit });
          });
        },
      },
      folder,
    );
    tell(context, folder, manifest);
    const hub = readPinnedHub(home);
    if (hub) {
      const identity = readNodeIdentity(home, passphrase(context));
      const database = await openNodeDatabase({ home, ...readNodeConfig(home, env) });
      const lost = await lostHead({ db: database.db, home, hub, identity }).finally(() => database.close());
      if (lost)
        context.note(
          `the hub countersigned entry ${lost.n} of epoch ${lost.epoch}, which this backup does not hold: the node will stand still until \`moim node epoch open\``,
        );
    }
    context.note('the CDM is not in a backup: check it with `moim cdm check`, or load it from its source');
    return 0;
  },
};

export const backupCommands: Commands = { backup, restore };

function tell(context: Parameters<Command['run']>[0], folder: string, manifest: Manifest): void {
  const { audit, epoch, fingerprint, madeAt, parts } = manifest;
  answer(
    context,
    { folder, fingerprint, madeAt, audit, epoch, parts: parts.length },
    `${folder}: node ${fingerprint}, taken ${madeAt}\naudit head ${audit.n} ${audit.hash}\nepoch ${epoch}`,
  );
}
