/** `moim node init` and `moim node run`. */

import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { answer, type Command, type Commands } from '#host/command.ts';
import { makeHome, readText, writeWhole } from '#host/home.ts';
import { nodeConfigFile, readNodeConfig } from '../../config.ts';
import type { NodeDb } from '../../database.ts';
import { grants } from '../../grants.ts';
import { makeNodeIdentity } from '../../identity.ts';
import { nobodyNamed } from '../../person/person.ts';
import { defaultPolicyFile } from '../../policy/default-file.ts';
import type { PolicyVersion } from '../../policy/policy.ts';
import { readPolicy } from '../../policy/read.ts';
import { applyPolicy, currentPolicy } from '../../policy/store.ts';
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
      async (db) => (await currentPolicy(db)) ?? (await applyDefault(context.home, db)),
    );
    answer(
      context,
      { fingerprint: identity.fingerprint, policy: policy.version },
      `node ${identity.fingerprint}, policy version ${policy.version}`,
    );
    return 0;
  },
};

/** The commented file stays in the home, to be edited and applied. One that is there already is the hospital's own, and it is what is applied. */
async function applyDefault(home: string, db: NodeDb): Promise<PolicyVersion> {
  const path = join(home, 'policy.toml');
  if (!existsSync(path)) writeWhole(path, defaultPolicyFile, 0o644);
  const text = readText(path, 'policy');
  const applied = await db
    .transaction()
    .execute((transaction) =>
      applyPolicy(transaction, { file: readPolicy(text, path), text }, nobodyNamed, instant()),
    );
  return applied.policy;
}

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
