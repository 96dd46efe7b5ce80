/** What `moim doctor` says of a database before anything is opened the usual way, which would bring it up to date. */

import { MoimError } from '#protocol/errors.ts';
import type { Finding } from '../diagnosis.ts';
import { openDatabase } from './database.ts';
import { databaseError } from './error.ts';
import { pendingMigrations, type Stream } from './migrate.ts';

/**
 * Gives the server's version, a warning where the next start will migrate, or what is wrong with the database where it does not open. Throws
 * what a look at its migrations throws (`database-newer` …).
 */
export async function lookAtDatabase(
  options: { readonly home: string; readonly url?: string | undefined },
  streams: readonly (readonly [Stream, string])[],
): Promise<string | Finding> {
  const opened = await openDatabase({ ...options, applicationName: 'moim-doctor' }).catch(databaseError);
  if (opened instanceof MoimError)
    return { check: 'database', state: 'failed', says: opened.message, remedy: opened.remedy };
  const { pool, embedded } = opened;
  try {
    const { rows } = await pool.query<{ version: string; made: boolean }>(
      `select current_setting('server_version') as version, to_regnamespace($1) is not null as made`,
      [streams[0]?.[1]],
    );
    const says = `PostgreSQL ${rows[0]?.version ?? ''}${embedded ? ' of this home' : ''}`;
    let waiting = 0;
    for (const [stream, schema] of streams) waiting += await pendingMigrations(pool, stream, schema);
    if (waiting === 0) return `${says}, up to date`;
    return {
      check: 'migrations',
      state: 'warning',
      says: rows[0]?.made
        ? `${says}; ${waiting} migrations of this version wait`
        : `${says}; its tables are not made yet`,
      remedy:
        'They run by themselves at the next start or command. There is no way back but a backup made by the version before.',
    };
  } finally {
    await opened.close();
  }
}
