/** Starts and stops a node. */

import { sql } from 'kysely';
import { lastBackup } from '#host/backup/last.ts';
import { type Environment, readSetting } from '#host/config.ts';
import { createCounters } from '#host/counters.ts';
import { refuseSecondRun, removeRunInfo, writeRunInfo } from '#host/home.ts';
import { hubHttp } from '#host/hub-http.ts';
import { hubWay } from '#host/hub-way.ts';
import { createLog, type Log } from '#host/log.ts';
import { aborted, watchDatabase } from '#host/serve.ts';
import { closeServer, listen } from '#host/server.ts';
import { MoimError } from '#protocol/errors.ts';
import { createNodeApp } from './app.ts';
import { meetWitnessFile } from './audit/witness.ts';
import { catchUpPersonKeys } from './cdm/person-keys.ts';
import { readNodeConfig } from './config.ts';
import { openNodeDatabase } from './database.ts';
import { readNodeIdentity, readPinnedHub } from './identity.ts';
import { startPipeline } from './job/pipeline.ts';
import { reportableStates } from './job/reportable.ts';
import { executionOf } from './job/run-context.ts';
import { startLink } from './link/client.ts';
import { createMonitor } from './monitor.ts';

export interface NodeRun {
  readonly home: string;
  readonly env: Environment;
  /** Ends the node when aborted. */
  readonly signal: AbortSignal;
  readonly ready: (run: { url: string; pid: number }) => void;
  readonly log?: Log;
  /** The node's clock, ms since the epoch; a test sets it. */
  readonly now?: () => number;
}

/** Serves until `signal` is aborted. Throws MoimError where it cannot start. */
export async function runNode({
  home,
  env,
  signal,
  ready,
  log: given,
  now = Date.now,
}: NodeRun): Promise<void> {
  const config = readNodeConfig(home, env);
  const log = given ?? createLog('node', config.logLevel);
  const identity = readNodeIdentity(home, readSetting(env, 'MOIM_KEY_PASSPHRASE'));
  await refuseSecondRun(home);
  const hub = readPinnedHub(home);
  if (!hub) throw new MoimError('not-enrolled');
  const database = await openNodeDatabase({ home, ...config });
  const { db, cdm } = database;
  const alive = () => sql`select 1`.execute(db);
  const counters = createCounters();
  const monitor = createMonitor({
    db,
    cdm,
    attached: database.attached,
    cdmSchema: config.cdmSchema,
    counters,
    now,
    lastBackup: () => lastBackup(home),
    linked: config.link !== 'none',
  });
  const app = createNodeApp(monitor);
  try {
    // What can fail comes before what works on by itself: a node that could not start leaves nothing running.
    const run = { url: await listen(app, config.host, config.port), pid: process.pid };
    writeRunInfo(home, run);
    await meetWitnessFile({ db, home, identity, hub, log, now });
    const link = startLink({
      db,
      home,
      identity,
      hub,
      http: hubHttp(hub.url, hubWay(config), true),
      mode: config.link,
      log,
      now,
      counters,
      signal,
      received: () => pipeline.kick(),
      states: () => reportableStates(db),
    });
    monitor.watch(link);
    const execution = executionOf(database, config, identity, signal);
    const pipeline = startPipeline({
      db,
      identity,
      hub,
      log,
      now,
      ...execution,
      count: (expression, cancel, asked) => monitor.timed(() => execution.count(expression, cancel, asked)),
      announce: (job, state, code, reason) => link.announce(job, state, code, reason),
      sent: () => link.kick(),
    });
    const keys = database.attached
      ? Promise.resolve()
      : catchUpPersonKeys(cdm, config.cdmSchema, identity.archive.secret, { log, signal });
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
    await closeServer(app);
    await Promise.all([pipeline.ended, link.ended, watching, keys]);
    removeRunInfo(home);
    log.info('stopped');
  } finally {
    await closeServer(app);
    await database.close();
  }
}
