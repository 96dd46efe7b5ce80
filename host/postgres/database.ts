/** The database of a party: a given server, or the home's own. */

import pg from 'pg';
import { MoimError } from '#protocol/errors.ts';
import { attachServer, type EmbeddedServer } from './embedded.ts';
import { databaseError } from './error.ts';
import type { Settings } from './settings.ts';
import { pgTypes } from './types.ts';

export interface DatabaseOptions {
  /** Home folder of the party; its own server is used unless `url` is given. */
  readonly home: string;
  /** A given server (MOIM_DATABASE_URL): nothing is started, and `name` and `settings` are ignored. */
  readonly url?: string | undefined;
  /** Database on the home's own server, made where it is missing; `moim` unless said otherwise. */
  readonly name?: string;
  readonly settings?: Settings;
  /** Shown in pg_stat_activity. */
  readonly applicationName?: string;
  /** Sessions of the pool at most; 8 unless said otherwise. */
  readonly maxConnections?: number;
  /** Stops the opening, not what was opened. */
  readonly signal?: AbortSignal | undefined;
}

export interface Database {
  /** Holds the password: never log it. */
  readonly url: string;
  readonly pool: pg.Pool;
  /** Whether the server is the home's own. */
  readonly embedded: boolean;
  /** A session of one's own, with the same types; end it with `client.end()`. It is ended by `close()` at the latest. */
  connect(): Promise<pg.Client>;
  /**
   * After `database-unavailable`: starts the home's own server again if it is gone (killed, or stopped by hand), and
   * points the pool, which stays the same object, at it. Sessions that were open are lost, as are their transactions;
   * the pool replaces them. Of a given server, it only asks whether it answers again.
   */
  reopen(): Promise<void>;
  /** Ends the sessions (waiting at most 5 s for those in use) and stops the home's own server if nobody else uses it. */
  close(): Promise<void>;
}

/**
 * Opens the database. Throws MoimError `database-unavailable`, `database-too-old` (PostgreSQL before 15), `bad-config`
 * (a `url` that is none), or what `attachServer` throws.
 *
 *     const database = await openDatabase({ home: '/srv/moim' });
 *     await migrate(database.pool, 'results', 'results');
 *     await database.close();
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  if (options.url !== undefined) checkAddress(options.url);
  const server = options.url === undefined ? await attachServer(options) : undefined;
  const database = new OpenedDatabase(options, server);
  try {
    await database.check();
    return database;
  } catch (error) {
    await database.close();
    throw databaseError(error, options.signal);
  }
}

/** Takes `server_version_num`. Throws MoimError `database-too-old` under 15. */
export function refuseOld(version: number): void {
  if (version >= 150_000) return;
  throw new MoimError('database-too-old', `the server is PostgreSQL ${Math.floor(version / 10_000)}`);
}

function checkAddress(url: string): void {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !/^postgres(ql)?:$/.test(parsed.protocol)) {
    throw new MoimError(
      'bad-config',
      'the address of the database is not of the form postgresql://user:password@host/name',
    );
  }
  // A password with / ? or # ends the address early: what follows would be taken for a host, and be told as one.
  if (`${parsed.pathname}${parsed.search}${parsed.hash}`.includes('@')) {
    throw new MoimError(
      'bad-config',
      'the address of the database has an @ after its host: in a user or password write / as %2F, ? as %3F, # as %23 and @ as %40',
    );
  }
}

class OpenedDatabase implements Database {
  readonly pool: pg.Pool;
  readonly embedded: boolean;
  readonly #options: DatabaseOptions;
  readonly #clients = new Set<pg.Client>();
  #server: EmbeddedServer | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: DatabaseOptions, server: EmbeddedServer | undefined) {
    this.#options = options;
    this.#server = server;
    this.embedded = server !== undefined;
    this.pool = new pg.Pool({ ...this.#session(), max: options.maxConnections ?? 8 });
    hide(this.pool.options, 'connectionString', this.url);
    // A session lost while idle: the pool has dropped it already, and the next query tells if the server is gone.
    this.pool.on('error', () => {});
    // One lost while in use says so to its query, and besides emits an error that ends the process where nobody listens.
    this.pool.on('connect', (client) => void client.on('error', () => {}));
  }

  get url(): string {
    return this.#server?.url ?? this.#options.url ?? '';
  }

  async connect(): Promise<pg.Client> {
    const client = new pg.Client(this.#session());
    // Without a listener a lost connection would end the process; the next query on the client fails and says so.
    client.on('error', () => {});
    client.on('end', () => this.#clients.delete(client));
    try {
      await client.connect();
    } catch (error) {
      throw databaseError(error);
    }
    this.#clients.add(client);
    return client;
  }

  async reopen(): Promise<void> {
    if (this.#server) {
      this.#server = await this.#server.revive();
      hide(this.pool.options, 'connectionString', this.url);
    }
    await this.check();
  }

  async check(): Promise<void> {
    const client = await this.connect();
    try {
      const { rows } = await client.query<{ version: string }>(
        `SELECT current_setting('server_version_num') AS version`,
      );
      refuseOld(Number(rows[0]?.version));
    } catch (error) {
      throw databaseError(error);
    } finally {
      await client.end().catch(() => {});
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const ended = Promise.allSettled([this.pool.end(), ...[...this.#clients].map((client) => client.end())]);
    await Promise.race([ended, wait(5_000)]);
    await this.#server?.close();
  }

  #session(): pg.ClientConfig {
    return {
      connectionString: this.url,
      types: pgTypes,
      application_name: this.#options.applicationName ?? 'moim',
      // What `pgTypes` relies on, whatever the server's or the role's own settings are.
      options: '-c TimeZone=UTC -c DateStyle=ISO,YMD -c IntervalStyle=iso_8601',
      connectionTimeoutMillis: 10_000,
      keepAlive: true,
    };
  }
}

/** Keeps the password out of a printed or serialised object. */
function hide(target: object, key: string, value: string): void {
  Object.defineProperty(target, key, { value, enumerable: false, configurable: true, writable: true });
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
