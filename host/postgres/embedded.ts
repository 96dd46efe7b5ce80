/**
 * The PostgreSQL of a home: one server, started by the first process that needs it, shared by those that come while it
 * runs, stopped by the last one out. A server whose users were all killed is taken over by the next process.
 */

import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { freePort } from '#host/ports.ts';
import { MoimError } from '#protocol/errors.ts';
import { findBinaries } from './binaries.ts';
import { ensureCluster, readPassword, superuser } from './cluster.ts';
import { databaseError } from './error.ts';
import { fileFailure } from './failure.ts';
import { type Layout, makeLayout } from './layout.ts';
import { tryLock, unlock, withLock } from './lock.ts';
import { findPostmaster, type Postmaster } from './postmaster.ts';
import { processMark } from './process-mark.ts';
import { chooseRunAs } from './run-as.ts';
import { defaultSettings, type Settings } from './settings.ts';
import {
  type NextPort,
  runsWith,
  startServer,
  stopServer,
  stopServerNow,
  waitUntilStopped,
} from './start.ts';
import { addUser, livingUsers, removeUser } from './users.ts';

export interface ServerOptions {
  /** Home folder of the party; made where it is missing. */
  readonly home: string;
  /** Added to, or in place of, the default settings. */
  readonly settings?: Settings;
  /** The database to hold ready; made where it is missing. */
  readonly name?: string;
  readonly signal?: AbortSignal | undefined;
}

/** This process's use of the server of a home. */
export interface EmbeddedServer {
  /** Holds the password: never log it. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Starts the server again if it is gone; gives its present address. */
  revive(signal?: AbortSignal): Promise<EmbeddedServer>;
  /** Ends this use; the last one out stops the server and waits for its end. */
  close(): Promise<void>;
}

/**
 * Attaches to the server of a home, starting it (and making its cluster) where needed, and registers this use, which
 * ends with `close()`, or with the process: an exit without `close()` stops the server too, if nobody else uses it.
 * Throws MoimError `postgres-missing`, `postgres-as-root`, `home-unwritable`, `disk-full`, `port-taken`,
 * `database-busy`, `database-start-failed`, `database-unavailable` or `interrupted`.
 */
export async function attachServer(options: ServerOptions): Promise<EmbeddedServer> {
  const layout = makeLayout(options.home);
  const user = `${processMark(process.pid)}:${randomBytes(6).toString('hex')}`;
  const name = options.name ?? 'moim';
  const settings = { ...defaultSettings(), ...options.settings };
  const leave = () => leaveNow(layout, user);

  const open = (signal: AbortSignal | undefined): Promise<EmbeddedServer> =>
    underLock(layout, user, signal, async () => {
      try {
        for (let turn = 1; turn <= 3; turn += 1) {
          const server = await runningServer(layout, user, settings, signal);
          const url = await holdReady(layout, server, name);
          if (url === undefined) continue;
          addUser(layout.users, user);
          return { url, port: server.port, pid: server.pid, revive: open, close };
        }
        throw new MoimError('database-unavailable', `the server of ${layout.folder} does not stay`);
      } catch (error) {
        await stopUnused(layout);
        throw error;
      }
    });

  const close = async () => {
    process.off('exit', leave);
    await underLock(layout, user, undefined, async () => {
      removeUser(layout.users, user);
      await stopUnused(layout);
    });
  };

  const server = await open(options.signal);
  process.on('exit', leave);
  return server;
}

async function stopUnused(layout: Layout): Promise<void> {
  const server = findPostmaster(layout.data);
  if (server && livingUsers(layout.users).length === 0) await stopServer(server);
}

async function underLock<T>(
  layout: Layout,
  user: string,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await withLock(layout.lock, user, work, { signal });
  } catch (error) {
    throw fileFailure(error, layout.folder);
  }
}

/** The server that runs, or one started now. One that nobody uses and that has other settings is started anew. */
async function runningServer(
  layout: Layout,
  user: string,
  settings: Settings,
  signal: AbortSignal | undefined,
): Promise<Postmaster> {
  const found = findPostmaster(layout.data);
  if (found?.state === 'stopping') await waitUntilStopped(found);
  else if (found) {
    const orphan = livingUsers(layout.users).every((other) => other === user);
    if (!orphan || runsWith(found, settings)) return found;
    await stopServer(found);
  }
  const binaries = findBinaries();
  const runAs = chooseRunAs(layout.folder, layout.data, binaries);
  runAs.own(layout.folder);
  await ensureCluster(layout, binaries, runAs, { durable: settings.fsync !== 'off', signal });
  readPassword(layout);
  const nextPort: NextPort = (preferred, avoid) => freePort({ random: Math.random, preferred, avoid });
  return startServer(layout, binaries, runAs, { settings, nextPort, signal });
}

/** Proves that the server answers to our password and has the database; gives its address, or undefined if it went away. */
async function holdReady(layout: Layout, server: Postmaster, name: string): Promise<string | undefined> {
  const password = encodeURIComponent(readPassword(layout));
  const url = (database: string) =>
    `postgresql://${superuser}:${password}@127.0.0.1:${server.port}/${encodeURIComponent(database)}`;
  // A server found while it starts or stops refuses; so does one that recovers, until it is done.
  const until = performance.now() + 60_000;
  for (;;) {
    const state = await probe(url(name));
    if (state === undefined) return url(name);
    if (state === '3D000') await makeDatabase(url('template1'), name);
    else if (findPostmaster(layout.data)?.pid !== server.pid) return undefined;
    else if (!/^(57P0.|ECONN.*)$/.test(state) || performance.now() > until) {
      throw new MoimError(
        'database-unavailable',
        `the server of ${layout.folder} does not answer (${state})`,
      );
    } else await sleep(50);
  }
}

/** Undefined where a session can be opened, else the SQLSTATE or system error code of the refusal. */
async function probe(url: string): Promise<string | undefined> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    return undefined;
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'no connection';
  } finally {
    await client.end().catch(() => {});
  }
}

/**
 * A new cluster holds an empty database `postgres` that nobody needs: giving it our name costs nothing, whereas a new
 * database is 300 files to copy (0.4 s on a slow disk).
 */
async function makeDatabase(url: string, name: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rowCount } = await client.query(`SELECT FROM pg_database WHERE datname = 'postgres'`);
    const target = client.escapeIdentifier(name);
    await client.query(
      rowCount ? `ALTER DATABASE postgres RENAME TO ${target}` : `CREATE DATABASE ${target}`,
    );
  } catch (error) {
    throw databaseError(error);
  } finally {
    await client.end().catch(() => {});
  }
}

/** At the end of a process that did not close: no event loop any more, so nothing here waits for one. */
function leaveNow(layout: Layout, user: string): void {
  try {
    removeUser(layout.users, user);
    if (!tryLock(layout.lock, user)) return;
    const server = findPostmaster(layout.data);
    if (server && livingUsers(layout.users).length === 0) stopServerNow(server);
    unlock(layout.lock, user);
  } catch {
    // The home may be gone by now (a test that removed it); the next process that finds the server takes it over.
  }
}
