/** The hub's database: opened, migrated, typed. */

import { Kysely, PostgresDialect } from 'kysely';
import { openDatabase } from '#host/postgres/database.ts';
import { migrate } from '#host/postgres/migrate.ts';
import type { HubTables } from '#sql/tables/hub.ts';

export type HubDb = Kysely<HubTables>;

export interface HubDatabase {
  readonly db: HubDb;
  /** After `database-unavailable`: see `Database.reopen`. */
  reopen(): Promise<void>;
  close(): Promise<void>;
}

export async function openHubDatabase(home: string, url?: string): Promise<HubDatabase> {
  const database = await openDatabase({
    home,
    ...(url === undefined ? {} : { url }),
    applicationName: 'moim-hub',
  });
  try {
    await migrate(database.pool, 'hub', 'hub');
  } catch (cause) {
    await database.close();
    throw cause;
  }
  const kysely = new Kysely<HubTables>({ dialect: new PostgresDialect({ pool: database.pool }) });
  return { db: kysely.withSchema('hub'), reopen: () => database.reopen(), close: () => database.close() };
}
