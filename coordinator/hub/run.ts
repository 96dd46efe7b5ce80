/** Starts and stops a hub. */

import { sql } from 'kysely';
import { lastBackup } from '#host/backup/last.ts';
import { type Environment, readSetting } from '#host/config.ts';
import { createCounters } from '#host/counters.ts';
import { refuseSecondRun, removeRunInfo, writeRunInfo } from '#host/home.ts';
import { createLog, type Log } from '#host/log.ts';
import { aborted, watchDatabase } from '#host/serve.ts';
import { closeServer, listen } from '#host/server.ts';
import { createHubApp } from './app.ts';
import { readHubConfig } from './config.ts';
import { openHubDatabase } from './database.ts';
import { readHubIdentity } from './identity.ts';
import { watchEpoch } from './relay/watch-epoch.ts';
import { renewRoster } from './roster/roster.ts';
import { watchRoster } from './roster/watch.ts';
import { watchSites } from './sites/watch.ts';

export interface HubRun {
  readonly home: string;
  readonly env: Environment;
  /** Ends the hub when aborted. */
  readonly signal: AbortSignal;
  readonly ready: (run: { url: string; pid: number }) => void;
  readonly log?: Log;
  /** The hub's clock, ms since the epoch; a test sets it. */
  readonly now?: () => number;
}

/** Serves until `signal` is aborted. Throws MoimError where it cannot start. */
export async function runHub({
  home,
  env,
  signal,
  ready,
  log: given,
  now = Date.now,
}: HubRun): Promise<void> {
  const config = readHubConfig(home, env);
  const log = given ?? createLog('hub', config.logLevel);
  const identity = readHubIdentity(home, readSetting(env, 'MOIM_KEY_PASSPHRASE'));
  await refuseSecondRun(home);
  const database = await openHubDatabase(home, config.databaseUrl);
  const { app, links } = await createHubApp({
    db: database.db,
    identity,
    log,
    now,
    expiryDays: config.expiryDays,
    counters: createCounters(),
    metricsOpen: config.metricsOpen,
    lastBackup: () => lastBackup(home),
    trustedProxy: config.trustedProxy,
  });
  try {
    await renewRoster(database.db, identity, now());
    const url = await listen(app, config.host, config.port);
    const run = { url, pid: process.pid };
    writeRunInfo(home, run);
    log.info('ready', { fingerprint: identity.fingerprint });
    ready(run);
    const watching = Promise.all([
      watchDatabase(() => sql`select 1`.execute(database.db), database.reopen, log, signal),
      watchSites(database.db, links, signal),
      watchRoster(database.db, (head) => links.tellAll({ t: 'roster', head }), signal),
      watchEpoch(database.db, links, signal),
    ]);
    await aborted(signal);
    await closeServer(app);
    await watching;
    removeRunInfo(home);
    log.info('stopped');
  } finally {
    await closeServer(app);
    await database.close();
  }
}
