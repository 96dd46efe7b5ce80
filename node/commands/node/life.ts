/** `moim node init` and `moim node run`. */

import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { answer, type Command, type Commands } from '#host/command.ts';
import { makeHome, writeWhole } from '#host/home.ts';
import { nodeConfigFile, readNodeConfig } from '../../config.ts';
import { grants } from '../../grants.ts';
import { makeNodeIdentity } from '../../identity.ts';
import { applyPolicy, currentPolicy, defaultPolicy } from '../../job/policy.ts';
import { instant, passphrase, withDatabase } from './with-database.ts';

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
    const { runNode } = await import('../../run.ts');
    await runNode({ home, env, signal, ready: (info) => out(`ready ${JSON.stringify(info)}`) });
    return 0;
  },
};

export const lifeCommands: Commands = { init, run };
