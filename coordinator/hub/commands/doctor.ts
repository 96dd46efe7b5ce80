/** `moim doctor` of a hub's home. */

import { auditEntries } from '#host/audit-log.ts';
import { checkBackup } from '#host/backup/last.ts';
import type { Command, CommandContext, Commands } from '#host/command.ts';
import { readSetting } from '#host/config.ts';
import { diagnose, type Finding, printFindings, printSettings } from '#host/diagnosis.ts';
import { checkDisk, checkModes, checkPassphrase, checkProcess } from '#host/home-check.ts';
import { lookAtDatabase } from '#host/postgres/look.ts';
import { verifyLedger } from '#protocol/ledger.ts';
import { readHubConfig } from '../config.ts';
import { openHubDatabase } from '../database.ts';
import { readHubIdentity } from '../identity.ts';
import { standingFinding } from '../relay/standing.ts';
import { examineSessions } from '../sites/sessions.ts';
import { listSites } from '../sites/site.ts';

const doctor: Command = {
  summary:
    'Look this hub over: configuration, key, database, sites, audit log. --show prints the settings in force.',
  usage: '[--show]',
  options: { show: { type: 'boolean' } },
  async run(context) {
    if (context.flags.show === true) return show(context);
    return printFindings(context, await examine(context));
  },
};

export const commands: Commands = { '': doctor };

function show(context: CommandContext): number {
  const { databaseUrl, ...settings } = readHubConfig(context.home, context.env);
  return printSettings(context, settings, { databaseUrl });
}

async function examine({ home, env }: CommandContext): Promise<Finding[]> {
  const { check, findings } = diagnose();
  await check('configuration', () => {
    readHubConfig(home, env);
    return 'valid';
  });
  await check(
    'key',
    () => `this hub is ${readHubIdentity(home, readSetting(env, 'MOIM_KEY_PASSPHRASE')).fingerprint}`,
  );
  if (findings.some(({ state }) => state === 'failed')) return findings;
  const { databaseUrl } = readHubConfig(home, env);
  await check('key-files', () => checkModes(home));
  await check('passphrase', () => checkPassphrase(home));
  await check('disk', () => checkDisk(home));
  await check('migrations', () => lookAtDatabase({ home, url: databaseUrl }, [['hub', 'hub']]));
  // Opening migrates: looking does not, and an old program may be serving this home at the moment.
  if (findings.at(-1)?.state !== 'ok') return findings;
  await check('database', async () => {
    const database = await openHubDatabase(home, databaseUrl);
    try {
      await check('sites', async () => {
        const sites = await listSites(database.db);
        const waiting = sites.filter(({ state }) => state === 'pending').length;
        if (waiting === 0) return `${sites.length} enrolled, none waiting`;
        return {
          check: 'sites',
          state: 'warning',
          says: `${sites.length} enrolled, ${waiting} waiting`,
          remedy: 'Compare fingerprints with the hospital and run `moim hub approve FINGERPRINT`.',
        };
      });
      await check('sessions', () => examineSessions(database.db, Date.now()));
      await check('standing', () => standingFinding(database.db));
      await check('audit', async () => {
        const verdict = verifyLedger(await auditEntries(database.db));
        if (verdict.ok) return `${verdict.entries} entries, the chain is whole`;
        const says = `entry ${verdict.entry}: ${verdict.fault}`;
        return {
          check: 'audit',
          state: 'failed',
          says,
          remedy: 'Restore the database from a backup and tell the hospitals.',
        };
      });
    } finally {
      await database.close();
    }
    return 'reached and up to date';
  });
  await check('backup', () => checkBackup(home, 'hub', Date.now()));
  await check('process', () => checkProcess(home, 'hub'));
  return findings;
}
