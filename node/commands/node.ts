/** `moim node …`: the commands of a hospital's data engineer. */

import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  answer,
  type Command,
  type CommandContext,
  type Commands,
  needArg,
  needFlag,
  numberFlag,
  textFlag,
} from '#host/command.ts';
import { readSetting } from '#host/config.ts';
import { makeHome, readText, writeWhole } from '#host/home.ts';
import { hubUrl } from '#host/hub-url.ts';
import { readPublicKey } from '#host/key-file.ts';
import { pause } from '#host/serve.ts';
import { MoimError } from '#protocol/errors.ts';
import { fingerprint } from '#protocol/keys.ts';
import { nodeConfigFile, readNodeConfig } from '../config.ts';
import { type NodeDb, openNodeDatabase } from '../database.ts';
import { grants } from '../grants.ts';
import { makeNodeIdentity, pinHub, readNodeIdentity, readPinnedHub } from '../identity.ts';
import { acceptLead, listLeads, removeLead } from '../job/lead.ts';
import { applyPolicy, currentPolicy, defaultPolicy, policyInWords, readPolicy } from '../job/policy.ts';
import { enrolAtHub } from '../link/enrol.ts';

const instant = (): string => new Date().toISOString();

const init: Command = {
  summary:
    'Make this home a node: keys, configuration, database, the default policy. --grants prints what an attached CDM must grant.',
  usage: '[--force] [--grants]',
  options: { force: { type: 'boolean' }, grants: { type: 'boolean' } },
  async run(context) {
    if (context.flags.grants === true) {
      context.out(grants(readNodeConfig(context.home, context.env).cdmSchema));
      return 0;
    }
    makeHome(context.home);
    const file = join(context.home, 'node.toml');
    if (context.flags.force === true) rmSync(file, { force: true });
    if (!existsSync(file)) writeWhole(file, nodeConfigFile, 0o644);
    const identity = await makeNodeIdentity(context.home, passphrase(context));
    const policy = await withDatabase(
      context,
      async (db) => (await currentPolicy(db)) ?? applyPolicy(db, defaultPolicy, instant()),
    );
    answer(
      context,
      { fingerprint: identity.fingerprint, policy: policy.version },
      `node ${identity.fingerprint}, policy version ${policy.version}`,
    );
    return 0;
  },
};

const run: Command = {
  summary: 'Run the node until it is told to stop.',
  usage: '',
  async run({ home, env, signal, out }) {
    // The HTTP server and the solver are loaded by the one command that serves.
    const { runNode } = await import('../run.ts');
    await runNode({ home, env, signal, ready: (info) => out(`ready ${JSON.stringify(info)}`) });
    return 0;
  },
};

const enroll: Command = {
  summary:
    'Enrol at a hub with the one-time token its operator gave. Compare both fingerprints with the operator by telephone.',
  usage: '--hub URL (--token T | --token-file F) [--wait S]',
  options: {
    hub: { type: 'string' },
    token: { type: 'string' },
    'token-file': { type: 'string' },
    wait: { type: 'string' },
  },
  async run(context) {
    const url = hubUrl(needFlag(context, 'hub'), context.env);
    const file = textFlag(context, 'token-file');
    const token = (file === undefined ? needFlag(context, 'token') : readText(file, '--token-file')).trim();
    const until = Date.now() + numberFlag(context, 'wait', 0, 0) * 1000;
    const identity = readNodeIdentity(context.home, passphrase(context));
    const patient = Date.now() < until;
    for (let round = 0; ; round += 1) {
      const { site, state, hub } = await enrolAtHub(url, token, identity);
      const pinned = readPinnedHub(context.home);
      if (pinned && fingerprint(pinned.key) !== fingerprint(hub)) {
        throw new MoimError(
          'fingerprint-differs',
          `the hub shows ${fingerprint(hub)}; ${fingerprint(pinned.key)} was pinned before`,
        );
      }
      pinHub(context.home, { url, site, key: hub });
      if (round === 0) {
        context.note(
          `this node ${identity.fingerprint}, the hub ${fingerprint(hub)}: compare both by telephone`,
        );
      }
      if (state !== 'pending' || Date.now() >= until || context.signal.aborted) {
        const prints = { site: identity.fingerprint, hub: fingerprint(hub) };
        const text = `site ${site}\n  this node  ${prints.site}\n  the hub    ${prints.hub}\nstate ${state}`;
        answer(context, { site, state, fingerprints: prints }, text);
        if (state === 'revoked') return 3;
        // Who asked to wait is told by the exit code that the waiting was in vain.
        return state === 'pending' && patient ? 4 : 0;
      }
      await pause(500, context.signal);
    }
  },
};

const trust: Command = {
  summary: 'Accept a study lead whose fingerprint you compared out of band, remove one, or list them.',
  usage: 'lead KEYFILE --fingerprint FP --entity TEXT [--remove]  |  list',
  options: { fingerprint: { type: 'string' }, entity: { type: 'string' }, remove: { type: 'boolean' } },
  async run(context) {
    const what = needArg(context, 0, 'lead or list');
    if (what === 'list') {
      const leads = await withDatabase(context, listLeads);
      if (context.json) context.out(JSON.stringify(leads));
      else
        for (const lead of leads)
          context.out(`lead ${lead.fingerprint} ${lead.entity} (since ${lead.acceptedAt.slice(0, 10)})`);
      return 0;
    }
    if (what !== 'lead') throw new MoimError('usage', 'trust takes lead KEYFILE, or list');
    const key = readPublicKey(needArg(context, 1, 'KEYFILE'));
    const print = needFlag(context, 'fingerprint').toUpperCase();
    const remove = context.flags.remove === true;
    const entity = remove ? '' : needFlag(context, 'entity');
    await withDatabase(context, (db) =>
      remove ? removeLead(db, print, instant()) : acceptLead(db, key, print, entity, instant()),
    );
    const state = remove ? 'removed' : 'accepted';
    answer(context, { lead: print, entity, state }, `lead ${print} ${state}`);
    return 0;
  },
};

const policy: Command = {
  summary: "Show the hospital's policy in words, check a file, or put one in force.",
  usage: 'show | check FILE | apply FILE',
  async run(context) {
    const what = needArg(context, 0, 'show, check or apply');
    if (what === 'show') {
      const current = await withDatabase(context, currentPolicy);
      if (!current)
        throw new MoimError('not-permitted', 'no policy is in force: nothing is permitted', {
          remedy: 'Run `moim node policy apply FILE`.',
        });
      answer(context, current, policyInWords(current).join('\n'));
      return 0;
    }
    if (what !== 'check' && what !== 'apply')
      throw new MoimError('usage', 'policy takes show, check FILE or apply FILE');
    const file = needArg(context, 1, 'FILE');
    const read = readPolicy(readText(file, 'policy'), file);
    const result =
      what === 'apply'
        ? await withDatabase(context, (db) => applyPolicy(db, read, instant()))
        : { version: 0, policy: read, hash: '' };
    answer(
      context,
      result,
      policyInWords(result).join('\n').replace('Policy version 0.', 'The file is a valid policy.'),
    );
    return 0;
  },
};

export const commands: Commands = { init, run, enroll, trust, policy };

const passphrase = (context: CommandContext): string | undefined =>
  readSetting(context.env, 'MOIM_KEY_PASSPHRASE');

async function withDatabase<T>(context: CommandContext, work: (db: NodeDb) => Promise<T>): Promise<T> {
  readNodeIdentity(context.home, passphrase(context));
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
