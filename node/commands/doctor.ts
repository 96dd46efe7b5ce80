/** `moim doctor`: what works here, what does not, and what to do about it. */

import { checkBackup } from '#host/backup/last.ts';
import type { Command, CommandContext, Commands } from '#host/command.ts';
import { readSetting } from '#host/config.ts';
import { diagnose, type Finding, printFindings, printSettings } from '#host/diagnosis.ts';
import { checkDisk, checkModes, checkPassphrase, checkProcess } from '#host/home-check.ts';
import { hubWay } from '#host/hub-way.ts';
import { lookAtDatabase } from '#host/postgres/look.ts';
import type { Stream } from '#host/postgres/migrate.ts';
import { quoteName } from '#sql/cdm/ddl.ts';
import { auditFinding } from '../audit/finding.ts';
import { standingFinding } from '../audit/standing.ts';
import { type NodeConfig, readNodeConfig } from '../config.ts';
import { type NodeDatabase, openNodeDatabase } from '../database.ts';
import { readNodeIdentity, readPinnedHub } from '../identity.ts';
import { reachHub } from '../link/reach.ts';
import { examinePersons } from '../person/examine.ts';
import { currentPolicy } from '../policy/store.ts';
import { policyInWords } from '../policy/words.ts';
import { listAccepted } from '../trust/accepted.ts';
import { examineNotices } from '../trust/notice.ts';
import { examineRoster } from '../trust/roster.ts';

const doctor: Command = {
  summary:
    'Look this node over: configuration, keys, databases, CDM, policy, leads, hub. --show prints the settings in force.',
  usage: '[--show]',
  options: { show: { type: 'boolean' } },
  async run(context) {
    if (context.flags.show === true) return show(context);
    return printFindings(context, await examine(context));
  },
};

export const commands: Commands = { '': doctor };

function show(context: CommandContext): number {
  const { databaseUrl, cdmUrl, hubProxy, ...settings } = readNodeConfig(context.home, context.env);
  return printSettings(context, settings, { databaseUrl, cdmUrl, hubProxy });
}

/** The migration streams of a node, each with its schema. */
const streamsOf = ({ cdmUrl, cdmSchema }: NodeConfig): (readonly [Stream, string])[] => [
  ['moim', 'moim'],
  ['results', 'results'],
  ...(cdmUrl === undefined ? [['cdm', cdmSchema] as const] : []),
];

async function examine(context: CommandContext): Promise<Finding[]> {
  const { home, env } = context;
  const { check, findings } = diagnose();
  await check('configuration', () => {
    readNodeConfig(home, env);
    return 'valid';
  });
  await check(
    'keys',
    () => `this node is ${readNodeIdentity(home, readSetting(env, 'MOIM_KEY_PASSPHRASE')).fingerprint}`,
  );
  // A folder that is no node's home is not made into one by looking.
  if (findings.some(({ state }) => state === 'failed')) return findings;
  const config = readNodeConfig(home, env);
  await check('key-files', () => checkModes(home));
  await check('passphrase', () => checkPassphrase(home));
  await check('disk', () => checkDisk(home));
  await check('migrations', () => lookAtDatabase({ home, url: config.databaseUrl }, streamsOf(config)));
  const upToDate = findings.at(-1)?.state === 'ok';
  let database: NodeDatabase | undefined;
  // Opening migrates: looking does not, and an old program may be serving this home at the moment.
  if (upToDate)
    await check('database', async () => {
      database = await openNodeDatabase({ home, ...readNodeConfig(home, env) });
      return database.attached ? 'reached, and the attached CDM' : 'reached';
    });
  if (database) {
    const { db, cdm } = database;
    await check('cdm', async () => {
      const schema = quoteName(readNodeConfig(home, env).cdmSchema);
      const { rows } = await cdm.query<{ n: bigint }>(`select count(*) as n from ${schema}.person`);
      const persons = Number(rows[0]?.n ?? 0n);
      if (persons > 0) return `${persons} persons`;
      return {
        check: 'cdm',
        state: 'warning',
        says: 'no persons yet',
        remedy: 'Load the data with `moim cdm load DIR`.',
      };
    });
    await check('policy', async () => {
      const policy = await currentPolicy(db);
      if (!policy)
        return {
          check: 'policy',
          state: 'failed',
          says: 'none in force: nothing is permitted',
          remedy: 'Run `moim node policy apply FILE`.',
        };
      return policyInWords(policy).join(' ');
    });
    await check('persons', () => examinePersons(db));
    await check('leads', async () => {
      const leads = await listAccepted(db, 'lead');
      if (leads.length > 0) return `${leads.length} accepted`;
      return {
        check: 'leads',
        state: 'warning',
        says: 'none accepted',
        remedy: 'Run `moim node trust lead KEYFILE --fingerprint FP --entity TEXT`.',
      };
    });
    await check('roster', () => examineRoster(db));
    await check('notices', () => examineNotices(db, Date.now()));
    await check('standing', () => standingFinding(db));
    await check('audit', () => auditFinding(db, home, readPinnedHub(home)));
    await database.close();
  }
  await check('backup', () => checkBackup(home, 'node', Date.now()));
  await check('process', () => checkProcess(home, 'node'));
  const hub = readPinnedHub(home);
  if (!hub) {
    findings.push({
      check: 'hub',
      state: 'warning',
      says: 'not enrolled',
      remedy: 'Run `moim node enroll`.',
    });
    return findings;
  }
  const identity = readNodeIdentity(home, readSetting(env, 'MOIM_KEY_PASSPHRASE'));
  const { signal } = context;
  findings.push(...(await reachHub({ identity, hub, way: hubWay(config), mode: config.link, signal })));
  return findings;
}
