/** `moim hub …`: the hub operator's commands. All but `run` work beside a running hub, on its database. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  answer,
  type Command,
  type CommandContext,
  type Commands,
  needArg,
  needFlag,
  textFlag,
} from '#host/command.ts';
import { readSetting } from '#host/config.ts';
import { makeHome, writeWhole } from '#host/home.ts';
import { freePort } from '#host/ports.ts';
import { MoimError } from '#protocol/errors.ts';
import { SiteSlug } from '#protocol/ids.ts';
import { parser } from '#protocol/schema.ts';
import { hubConfigFile, readHubConfig } from '../config.ts';
import { type HubDb, openHubDatabase } from '../database.ts';
import { type HubIdentity, makeHubIdentity, readHubIdentity } from '../identity.ts';
import { renewRoster } from '../roster/roster.ts';
import { approveSites, listSites, revokeSite, type Site } from '../sites/site.ts';
import { createToken, revokeToken, type TokenRole, tokenRoles } from '../sites/token.ts';
import { backupCommands } from './backup.ts';
import { carryCommands } from './carry.ts';
import { enroll } from './enroll.ts';
import { epoch } from './epoch.ts';
import { witness } from './witness.ts';

const init: Command = {
  summary: 'Make this home a hub: its key, its configuration, its database.',
  usage: '',
  async run(context) {
    makeHome(context.home);
    const file = join(context.home, 'hub.toml');
    if (!existsSync(file)) writeWhole(file, hubConfigFile(await freePort({ random: Math.random })), 0o644);
    const identity = await makeHubIdentity(context.home, readSetting(context.env, 'MOIM_KEY_PASSPHRASE'));
    await withDatabase(context, (db) => renewRoster(db, identity, Date.now()));
    const { port } = readHubConfig(context.home, context.env);
    answer(context, { fingerprint: identity.fingerprint, port }, `hub ${identity.fingerprint}, port ${port}`);
    return 0;
  },
};

const run: Command = {
  summary: 'Run the hub until it is told to stop.',
  usage: '',
  async run({ home, env, signal, out }) {
    // The HTTP server is loaded by the one command that serves.
    const { runHub } = await import('../run.ts');
    await runHub({ home, env, signal, ready: (info) => out(`ready ${JSON.stringify(info)}`) });
    return 0;
  },
};

const tokenCommand: Command = {
  summary: 'Make a token (printed once) or revoke one.',
  usage: 'create --role site|operator|lead|vendor|viewer [--site NAME]… [--ttl 24h]  |  revoke ID',
  options: { role: { type: 'string' }, site: { type: 'string', multiple: true }, ttl: { type: 'string' } },
  async run(context) {
    const verb = needArg(context, 0, 'create or revoke');
    if (verb === 'revoke') {
      const id = needArg(context, 1, 'the token id');
      await withDatabase(context, (db) => revokeToken(db, Date.now(), id));
      answer(context, { id, state: 'revoked' }, `token ${id} revoked`);
      return 0;
    }
    if (verb !== 'create') throw new MoimError('usage', 'token takes create or revoke');
    const role = needFlag(context, 'role');
    if (!(tokenRoles as readonly string[]).includes(role))
      throw new MoimError('usage', `--role is one of ${tokenRoles.join(', ')}`);
    const named = context.flags.site as readonly string[] | undefined;
    const sites = role === 'site' ? siteNames(named) : [undefined];
    if (role !== 'site' && named !== undefined) throw new MoimError('usage', '--site goes with --role site');
    const ttlMs = duration(textFlag(context, 'ttl') ?? '24h');
    await withDatabase(context, async (db, identity) => {
      for (const site of sites) {
        const token = await createToken(db, identity, Date.now(), {
          role: role as TokenRole,
          ttlMs,
          ...(site === undefined ? {} : { site }),
        });
        const { id, secret, expiresAt } = token;
        answer(context, { id, token: secret, role, site, expiresAt }, secret);
        context.note(`token ${id}, valid until ${expiresAt}; it is shown this once`);
      }
    });
    return 0;
  },
};

const sites: Command = {
  summary: 'List the sites.',
  usage: '',
  async run(context) {
    const list = await withDatabase(context, listSites);
    if (context.json)
      context.out(JSON.stringify(list.map(({ site, fingerprint, state }) => ({ site, fingerprint, state }))));
    else
      for (const { site, fingerprint, state } of list)
        context.out(`${site.padEnd(32)} ${fingerprint} ${state}`);
    return 0;
  },
};

const approve: Command = {
  summary: 'Approve the enrolled site with this fingerprint, after comparing it with the hospital.',
  usage: 'FINGERPRINT…',
  async run(context) {
    needArg(context, 0, 'FINGERPRINT');
    const prints = context.args.map((print) => print.toUpperCase());
    return siteChanges(context, (db, identity) => approveSites(db, identity, Date.now(), prints));
  },
};

const revoke: Command = {
  summary: 'Revoke a site; its link is closed within a second.',
  usage: 'SITE',
  run: (context) =>
    siteChanges(context, async (db, identity) => [
      await revokeSite(db, identity, Date.now(), needArg(context, 0, 'SITE')),
    ]),
};

export const commands: Commands = {
  init,
  run,
  token: tokenCommand,
  sites,
  approve,
  revoke,
  witness,
  epoch,
  ...backupCommands,
  ...carryCommands,
  enroll,
};

type Work<T> = (db: HubDb, identity: HubIdentity) => Promise<T>;

async function siteChanges(context: CommandContext, change: Work<Site[]>): Promise<number> {
  for (const { site, fingerprint, state } of await withDatabase(context, change)) {
    answer(context, { site, fingerprint, state }, `${site} ${fingerprint} ${state}`);
  }
  return 0;
}

async function withDatabase<T>(context: CommandContext, work: Work<T>): Promise<T> {
  const identity = readHubIdentity(context.home, readSetting(context.env, 'MOIM_KEY_PASSPHRASE'));
  const database = await openHubDatabase(context.home, readHubConfig(context.home, context.env).databaseUrl);
  try {
    return await work(database.db, identity);
  } finally {
    await database.close();
  }
}

/** The names after --site, one or more: a token for each. */
function siteNames(named: readonly string[] | undefined): readonly string[] {
  if (named === undefined)
    throw new MoimError('usage', '--site is missing: a site token carries the site name');
  for (const site of named) {
    if (!parser(SiteSlug).check(site) || site === 'hub') {
      throw new MoimError('usage', '--site takes 2 to 32 of a-z, 0-9 and -, and not "hub"');
    }
  }
  return named;
}

/** `90s`, `30m`, `24h`, `7d` in ms. */
function duration(text: string): number {
  const match = /^(\d{1,6})([smhd])$/.exec(text);
  const units: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
  const ms = Number(match?.[1]) * (units[match?.[2] ?? ''] ?? Number.NaN);
  if (!(ms > 0)) throw new MoimError('usage', '--ttl takes a number and s, m, h or d, such as 24h');
  return ms;
}
