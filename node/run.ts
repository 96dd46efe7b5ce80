/** Starts and stops a node. */

import { createHmac } from 'node:crypto';
import { sql } from 'kysely';
import { type Environment, readSetting } from '#host/config.ts';
import { refuseSecondRun, removeRunInfo, writeRunInfo } from '#host/home.ts';
import { createLog, type Log } from '#host/log.ts';
import { aborted, watchDatabase } from '#host/serve.ts';
import { listen } from '#host/server.ts';
import { MoimError } from '#protocol/errors.ts';
import { createNodeApp } from './app.ts';
import { attachedVersion } from './cdm/attached-version.ts';
import { dataVersion } from './cdm/version.ts';
import { countCohort } from './cohort/generate.ts';
import { withSession } from './cohort/session.ts';
import { readNodeConfig } from './config.ts';
import { type NodeDb, openNodeDatabase } from './database.ts';
import { loadSolver } from './disclosure/solver.ts';
import { readNodeIdentity, readPinnedHub } from './identity.ts';
import { startPipeline } from './job/pipeline.ts';
import { startLink } from './link/client.ts';

export interface NodeRun {
  readonly home: string;
  readonly env: Environment;
  /** Ends the node when aborted. */
  readonly signal: AbortSignal;
  readonly ready: (run: { url: string; pid: number }) => void;
  readonly log?: Log;
}

/** Serves until `signal` is aborted. Throws MoimError where it cannot start. */
export async function runNode({ home, env, signal, ready, log: given }: NodeRun): Promise<void> {
  const config = readNodeConfig(home, env);
  const log = given ?? createLog('node', config.logLevel);
  const identity = readNodeIdentity(home, readSetting(env, 'MOIM_KEY_PASSPHRASE'));
  await refuseSecondRun(home);
  const hub = readPinnedHub(home);
  if (!hub) throw new MoimError('not-enrolled');
  const database = await openNodeDatabase({ home, ...config });
  const { db, cdm } = database;
  const timeoutMs = config.queryTimeoutSeconds * 1000;
  const alive = () => sql`select 1`.execute(db);
  const app = createNodeApp({
    healthy: () =>
      alive().then(
        () => true,
        () => false,
      ),
  });
  try {
    const solve = await loadSolver();
    // What can fail comes before what works on by itself: a node that could not start leaves nothing running.
    const run = { url: await listen(app, config.host, config.port), pid: process.pid };
    writeRunInfo(home, run);
    const link = startLink({
      db,
      identity,
      hub,
      log,
      now: Date.now,
      signal,
      received: () => pipeline.kick(),
      states: () => reportable(db),
    });
    const pipeline = startPipeline({
      db,
      identity,
      hub,
      solve,
      log,
      now: Date.now,
      signal,
      count: (expression, cancel) =>
        countCohort(cdm, expression, {
          cdmSchema: config.cdmSchema,
          timeoutMs,
          signal: cancel,
        }),
      // May read whole tables: it is bounded and stopped as the cohorts are.
      dataVersion: () =>
        withSession(cdm, { timeoutMs, signal, readOnly: true }, async (client) => {
          const version = await (database.attached ? attachedVersion : dataVersion)(client, config.cdmSchema);
          // Keyed, so that nobody outside can try guesses of the data against it.
          return createHmac('sha256', identity.archive.secret).update(version).digest('hex');
        }),
      announce: (job, state, code) => link.announce(job, state, code),
      sent: () => link.kick(),
    });
    log.info('ready', { site: hub.site, fingerprint: identity.fingerprint });
    ready(run);
    const watching = watchDatabase(
      alive,
      async () => {
        await database.reopen();
        pipeline.kick();
      },
      log,
      signal,
    );
    await aborted(signal);
    await app.close();
    await Promise.all([pipeline.ended, link.ended, watching]);
    removeRunInfo(home);
    log.info('stopped');
  } finally {
    await app.close();
    await database.close();
  }
}

/** States the hub may have missed. */
async function reportable(db: NodeDb) {
  const rows = await db
    .selectFrom('job')
    .select(['job', 'state', 'code'])
    .orderBy('changed_at', 'desc')
    .limit(1000)
    .execute();
  return rows.map(({ job, state, code }) => ({ job, state, ...(code === null ? {} : { code }) }));
}
