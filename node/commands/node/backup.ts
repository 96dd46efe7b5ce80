/** `moim node backup` and `moim node restore`. */

import { Kysely, PostgresDialect } from 'kysely';
import type { Pool } from 'pg';
import { record } from '#host/audit-log.ts';
import type { Manifest } from '#host/backup/manifest.ts';
import { restoreBackup } from '#host/backup/restore.ts';
import { writeBackup } from '#host/backup/write.ts';
import { answer, type Command, type CommandContext, type Commands, needArg } from '#host/command.ts';
import { readSetting } from '#host/config.ts';
import { openDatabase } from '#host/postgres/database.ts';
import type { MoimTables } from '#sql/tables/moim.ts';
import { markRestored } from '../../audit/restored.ts';
import { type ToConfirm, toConfirm, toConfirmInWords } from '../../audit/to-confirm.ts';
import { lostHead } from '../../audit/witness.ts';
import { readNodeConfig } from '../../config.ts';
import type { NodeDb } from '../../database.ts';
import { readNodeIdentity, readPinnedHub } from '../../identity.ts';
import { actingPerson, namedPerson, personFlags, personUsage } from '../../person/acting.ts';
import { isConsoles } from '../../person/hand.ts';
import { instant, passphrase, withDatabase } from './with-database.ts';

const backup: Command = {
  summary:
    'Take a backup of this home and its database, beside a running node. The CDM is not in it: it is loaded from its source. --results adds the cohorts generated here.',
  usage: `DIR [--results]   ${personUsage}`,
  options: { results: { type: 'boolean' }, ...personFlags },
  async run(context) {
    const folder = needArg(context, 0, 'DIR');
    const { home, env } = context;
    const identity = readNodeIdentity(home, passphrase(context));
    const { databaseUrl } = readNodeConfig(home, env);
    // Opened as a node's first, so that a database of an older Moim is brought up to date before it is read.
    const person = await withDatabase(context, (db) => namedPerson(context, db));
    const results = context.flags.results === true;
    const database = await openDatabase({ home, url: databaseUrl, applicationName: 'moim-backup' });
    try {
      const manifest = await writeBackup(
        {
          home,
          party: 'node',
          pool: database.pool,
          schemas: results ? ['moim', 'results'] : ['moim'],
          leaveOut: ['person_key'],
          taken: () =>
            withDatabase(context, (db) =>
              db.transaction().execute(async (transaction) => {
                await record(transaction, instant(), 'backup-taken', { person, results });
              }),
            ),
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
    'Put a backup back, into an empty home or the one it was taken of. The node answers when it has met its hub and a person has confirmed what is in force.',
  usage: `DIR [--replace]   ${personUsage}`,
  options: { replace: { type: 'boolean' }, ...personFlags },
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
          const all = new Kysely<MoimTables>({ dialect: new PostgresDialect({ pool }) });
          const person = await actingPerson(context, await personsKnown(pool, all, schema), 'trust');
          await markRestored(all.withSchema(schema), { takenAt: madeAt, audit, person, at: instant() });
        },
      },
      folder,
    );
    const hub = readPinnedHub(home);
    const identity = readNodeIdentity(home, passphrase(context));
    const { lost, confirm } = await withDatabase(context, async (db) => ({
      lost: hub && (await lostHead({ db, home, hub, identity })),
      confirm: await toConfirm(db),
    }));
    tell(context, folder, manifest, { confirm });
    if (lost)
      context.note(
        `the hub countersigned entry ${lost.n} of epoch ${lost.epoch}, which this backup does not hold: answers that left are lost`,
      );
    context.note('in force again, as the backup has it:');
    for (const line of toConfirmInWords(confirm)) context.note(line);
    context.note(
      'open approvals are withdrawn, open jobs wait until the hub sends them again. What was taken back since the backup has to be taken back again (a lead, a person, a stricter policy). Then start the node, let it meet its hub, and confirm the list with `moim node epoch open --reason TEXT`: nothing is answered before',
    );
    context.note('the CDM is not in a backup: check it with `moim cdm check`, or load it from its source');
    return 0;
  },
};

export const backupCommands: Commands = { backup, restore };

/**
 * Where the persons are who may restore: in the database that is to be replaced, if it has any, since it knows who was removed after the backup
 * was made; else in the backup.
 */
async function personsKnown(pool: Pool, db: Kysely<MoimTables>, schema: string): Promise<NodeDb> {
  const there = await pool.query<{ there: boolean }>(
    `select to_regclass('moim.person') is not null as there`,
  );
  const inPlace = db.withSchema('moim');
  return there.rows[0]?.there && !(await isConsoles(inPlace)) ? inPlace : db.withSchema(schema);
}

function tell(
  context: CommandContext,
  folder: string,
  manifest: Manifest,
  more: { readonly confirm?: ToConfirm } = {},
): void {
  const { audit, epoch, fingerprint, madeAt, parts } = manifest;
  answer(
    context,
    { folder, fingerprint, madeAt, audit, epoch, parts: parts.length, ...more },
    `${folder}: node ${fingerprint}, taken ${madeAt}\naudit head ${audit.n} ${audit.hash}\nepoch ${epoch}`,
  );
}
