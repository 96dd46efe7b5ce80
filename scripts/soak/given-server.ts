/** The PostgreSQL server that a hospital gives (MOIM_DATABASE_URL): ours to start and to kill, nothing of the product watches over it. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { freePort } from '#host/ports.ts';
import { findBinaries } from '#host/postgres/binaries.ts';
import { ensureCluster, readPassword, superuser } from '#host/postgres/cluster.ts';
import { makeLayout } from '#host/postgres/layout.ts';
import { findPostmaster, send } from '#host/postgres/postmaster.ts';
import { chooseRunAs } from '#host/postgres/run-as.ts';
import { defaultSettings } from '#host/postgres/settings.ts';
import { startServer, stopServer } from '#host/postgres/start.ts';
import { childrenOf } from './process-table.ts';

export interface GivenServer {
  /** Starts it on its one port, recovering where it was killed. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** SIGKILL to it, or to one of its workers; what it was starting meanwhile is started again. */
  kill(worker: boolean): boolean;
  readonly port: number;
  /** By way of a relay where one is given. */
  url(database: string, by?: { readonly url: string }): string;
}

/** Makes the cluster in `folder`, starts it, and makes one database a name. */
export async function openGivenServer(folder: string, databases: readonly string[]): Promise<GivenServer> {
  const layout = makeLayout(folder);
  const binaries = findBinaries();
  const runAs = chooseRunAs(layout.folder, layout.data, binaries);
  runAs.own(layout.folder);
  await ensureCluster(layout, binaries, runAs, { durable: false });
  const port = await freePort({ random: Math.random });
  const url = (database: string, by?: { readonly url: string }) =>
    `postgresql://${superuser}:${encodeURIComponent(readPassword(layout))}@${by ? new URL(by.url).host : `127.0.0.1:${port}`}/${database}`;
  // One start at a time, whoever asks.
  let last: Promise<unknown> = Promise.resolve();
  let kills = 0;
  const startOnce = async (): Promise<void> => {
    if (findPostmaster(layout.data)) return;
    const before = kills;
    try {
      await startServer(layout, binaries, runAs, { settings: defaultSettings(), nextPort: async () => port });
    } catch (cause) {
      // Another fault of the same round killed it while it recovered.
      if (kills === before) throw cause;
      await startOnce();
    }
  };
  const start = () => {
    const next = last.then(startOnce);
    last = next.catch(() => {});
    return next;
  };
  await start();
  const client = new pg.Client({ connectionString: url('postgres') });
  await client.connect();
  for (const name of databases) await client.query(`create database ${client.escapeIdentifier(name)}`);
  await client.end();
  return {
    start,
    port,
    url,
    kill(worker) {
      kills += 1;
      return killServer(folder, worker, childrenOf);
    },
    async stop() {
      const server = findPostmaster(layout.data);
      if (server) await stopServer(server);
    },
  };
}

/** The address of a home's own server as it is now, without becoming one of its users; undefined where none was ever started. */
export function homeAddress(home: string): string | undefined {
  const folder = join(home, 'postgres');
  if (!existsSync(join(folder, 'port'))) return undefined;
  const read = (name: string) => readFileSync(join(folder, name), 'utf8').trim();
  return `postgresql://${superuser}:${encodeURIComponent(read('password'))}@127.0.0.1:${read('port')}/moim`;
}

export const dataFolder = (home: string): string => join(home, 'postgres', 'data');

/** SIGKILL to the server of a home, or to one of its workers (a session where there is one). False where there was none to kill. */
export function killServer(
  home: string,
  worker: boolean,
  children: (pid: number) => readonly number[],
): boolean {
  const server = findPostmaster(dataFolder(home));
  if (!server) return false;
  const session = children(server.pid).find((pid) => /^postgres: moim /.test(titleOf(pid)));
  if (worker && session === undefined) return false;
  send(worker && session !== undefined ? session : server.pid, 'SIGKILL');
  return true;
}

function titleOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
