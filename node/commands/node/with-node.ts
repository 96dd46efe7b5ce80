/** What commands about jobs share: the whole of a node's home, opened for one piece of work beside the serving process. */

import type { CommandContext } from '#host/command.ts';
import { MoimError } from '#protocol/errors.ts';
import { readNodeConfig } from '../../config.ts';
import { type NodeDb, openNodeDatabase } from '../../database.ts';
import { type NodeIdentity, type PinnedHub, readNodeIdentity, readPinnedHub } from '../../identity.ts';
import type { ExecuteDeps } from '../../job/execute.ts';
import { executionOf, type Verify, verifierOf } from '../../job/run-context.ts';
import { passphrase } from './with-database.ts';

export interface OpenNode {
  readonly db: NodeDb;
  readonly identity: NodeIdentity;
  readonly hub: PinnedHub;
  readonly execution: ExecuteDeps;
  readonly verify: Verify;
  readonly now: () => number;
}

/** Throws MoimError `not-initialised` where the home is no node's, `not-enrolled` where it knows no hub: it has no jobs then. */
export async function withNode<T>(context: CommandContext, work: (node: OpenNode) => Promise<T>): Promise<T> {
  const { home, env, signal } = context;
  const identity = readNodeIdentity(home, passphrase(context));
  const hub = readPinnedHub(home);
  if (!hub) throw new MoimError('not-enrolled');
  const config = readNodeConfig(home, env);
  const database = await openNodeDatabase({ home, ...config });
  const { db } = database;
  const now = Date.now;
  try {
    return await work({
      db,
      identity,
      hub,
      execution: executionOf(database, config, identity, signal),
      verify: verifierOf({ db, identity, hub, now }),
      now,
    });
  } finally {
    await database.close();
  }
}
