/** The node's databases: its own state (`moim`, `results`), and the CDM, which is ours on the same server or attached, read only. */

import { Kysely, PostgresDialect } from 'kysely';
import type { Pool } from 'pg';
import { openDatabase } from '#host/postgres/database.ts';
import { databaseError } from '#host/postgres/error.ts';
import { migrate } from '#host/postgres/migrate.ts';
import { MoimError } from '#protocol/errors.ts';
import type { MoimTables } from '#sql/tables/moim.ts';
import { checkAttached } from './attached.ts';

export type NodeDb = Kysely<MoimTables>;

export interface NodeDatabase {
  readonly db: NodeDb;
  /** Where the CDM is: the same server where it is owned. */
  readonly cdm: Pool;
  readonly attached: boolean;
  /** After `database-unavailable`: see `Database.reopen`. */
  reopen(): Promise<void>;
  close(): Promise<void>;
}

export interface NodeDatabaseOptions {
  readonly home: string;
  readonly databaseUrl?: string;
  readonly cdmUrl?: string;
  readonly cdmSchema: string;
}

/** What went wrong with the attached database names the setting that leads there. */
function namesCdmUrl(cause: unknown): never {
  const error = databaseError(cause);
  throw new MoimError(error.code, `MOIM_CDM_URL: ${error.message}`, {
    remedy:
      'Check that the hospital’s database server runs and that address, role and password in MOIM_CDM_URL are right.',
  });
}

/**
 * Opens and migrates. An owned CDM gets its tables; an attached one is never touched, and refused where our role could touch it
 * (`cdm-writable`).
 */
export async function openNodeDatabase(options: NodeDatabaseOptions): Promise<NodeDatabase> {
  const { home, databaseUrl, cdmUrl, cdmSchema } = options;
  const own = await openDatabase({ home, url: databaseUrl, applicationName: 'moim-node' });
  try {
    await migrate(own.pool, 'moim', 'moim');
    await migrate(own.pool, 'results', 'results');
    if (cdmUrl === undefined) await migrate(own.pool, 'cdm', cdmSchema);
    const attached =
      cdmUrl === undefined
        ? undefined
        : await openDatabase({ home, url: cdmUrl, applicationName: 'moim-node' }).catch(namesCdmUrl);
    if (attached) {
      await checkAttached(attached.pool, cdmSchema).catch(async (cause: unknown) => {
        await attached.close();
        throw cause;
      });
    }
    const kysely = new Kysely<MoimTables>({ dialect: new PostgresDialect({ pool: own.pool }) });
    return {
      db: kysely.withSchema('moim'),
      cdm: attached?.pool ?? own.pool,
      attached: attached !== undefined,
      async reopen() {
        await own.reopen();
        await attached?.reopen();
      },
      async close() {
        await attached?.close();
        await own.close();
      },
    };
  } catch (cause) {
    await own.close();
    throw cause;
  }
}
