/** `moim doctor`: what works here, what does not, and what to do about it. */

import { auditEntries } from '#host/audit-log.ts';
import type { Command, CommandContext, Commands } from '#host/command.ts';
import { readSetting } from '#host/config.ts';
import { diagnose, type Finding, printFindings, printSettings } from '#host/diagnosis.ts';
import { MoimError } from '#protocol/errors.ts';
import { fingerprint } from '#protocol/keys.ts';
import { verifyLedger } from '#protocol/ledger.ts';
import { quoteName } from '#sql/cdm/ddl.ts';
import { readNodeConfig } from '../config.ts';
import { type NodeDatabase, openNodeDatabase } from '../database.ts';
import { readNodeIdentity, readPinnedHub } from '../identity.ts';
import { listLeads } from '../job/lead.ts';
import { currentPolicy, policyInWords } from '../job/policy.ts';

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
  const { databaseUrl, cdmUrl, ...settings } = readNodeConfig(context.home, context.env);
  return printSettings(context, settings, { databaseUrl, cdmUrl });
}

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
  let database: NodeDatabase | undefined;
  await check('database', async () => {
    database = await openNodeDatabase({ home, ...readNodeConfig(home, env) });
    return 'reached and up to date';
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
    await check('leads', async () => {
      const leads = await listLeads(db);
      if (leads.length > 0) return `${leads.length} accepted`;
      return {
        check: 'leads',
        state: 'warning',
        says: 'none accepted',
        remedy: 'Run `moim node trust lead KEYFILE --fingerprint FP --entity TEXT`.',
      };
    });
    await check('audit', async () => {
      const verdict = verifyLedger(await auditEntries(db));
      if (verdict.ok) return `${verdict.entries} entries, the chain is whole`;
      return {
        check: 'audit',
        state: 'failed',
        says: `entry ${verdict.entry}: ${verdict.fault}`,
        remedy: 'Restore the database from a backup and tell the hub operator.',
      };
    });
    await database.close();
  }
  await check('hub', async () => {
    const hub = readPinnedHub(home);
    if (!hub)
      return { check: 'hub', state: 'warning', says: 'not enrolled', remedy: 'Run `moim node enroll`.' };
    let answer: { fingerprint?: string };
    try {
      answer = (await (
        await fetch(`${hub.url}/api/v1/hub`, { signal: AbortSignal.timeout(10_000) })
      ).json()) as typeof answer;
    } catch (cause) {
      throw new MoimError('hub-unreachable', undefined, { cause });
    }
    if (answer.fingerprint !== fingerprint(hub.key))
      throw new MoimError('fingerprint-differs', 'the hub shows another key than the one pinned');
    return `reached, as site ${hub.site}; the hub is ${answer.fingerprint}`;
  });
  return findings;
}
