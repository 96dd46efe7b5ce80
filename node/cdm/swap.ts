/**
 * The moment of a refresh: in one transaction the tables gathered beside take the place of those in force. It waits for running jobs, which
 * finish on the old rows; new ones wait for it. A process killed here leaves the old rows in force, since nothing is committed but all of it.
 */

import { Kysely, PostgresDialect } from 'kysely';
import type { ClientBase } from 'pg';
import { record } from '#host/audit-log.ts';
import { MoimError } from '#protocol/errors.ts';
import { quoteName } from '#sql/cdm/ddl.ts';
import type { CdmTable } from '#sql/cdm/tables.ts';
import type { MoimTables } from '#sql/tables/moim.ts';
import { nobodyNamed } from '../person/person.ts';
import { isSqlState, qualify } from './fill.ts';
import { dropFormerCohorts } from './generated.ts';
import { withDataAlone } from './hold.ts';
import { emptyImages } from './images.ts';
import { adoptPersonKeys, makePersonKeys, type PersonKeyCount } from './person-keys.ts';
import { answerVersion, dataVersion } from './version.ts';

export interface SwapOptions {
  readonly schema: string;
  readonly beside: string;
  readonly fresh: readonly CdmTable[];
  /** Where the home is a node's: makes the persons' keys and the versions that answers carry. */
  readonly archiveSecret?: string | undefined;
  readonly at: string;
  /** Whose name the audit log keeps. */
  readonly person?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Hears what is waited for. */
  readonly onWait?: ((what: string) => void) | undefined;
}

export interface Swapped {
  /** Data versions; of a node's home those that its answers carry. */
  readonly before: string;
  readonly after: string;
  /** Undefined where the home is no node's: nobody has a key. */
  readonly persons?: PersonKeyCount;
}

/** `source` is another session than `client`: it reads the persons. Everything is as before where this throws. */
export async function swap(client: ClientBase, source: ClientBase, options: SwapOptions): Promise<Swapped> {
  const { schema, beside, fresh, archiveSecret, at } = options;
  const shown = (version: string) =>
    archiveSecret === undefined ? version : answerVersion(version, archiveSecret);
  // Whoever generated cohorts while this waited has committed them since: they are to be seen, and removed.
  await client.query('begin isolation level read committed');
  try {
    const before = await dataVersion(client, schema);
    const keys =
      archiveSecret === undefined ? undefined : await makePersonKeys(source, client, beside, archiveSecret);
    const onWait = () => options.onWait?.('jobs that run on the data in force');
    return await withDataAlone(client, schema, onWait, async () => {
      await lockTables(client, options);
      await client.query(exchange(schema, beside, fresh));
      if (fresh.some(({ name }) => name === 'person')) await emptyImages(client, schema);
      const after = await dataVersion(client, schema);
      await dropFormerCohorts(client, schema, after);
      const swapped = { before: shown(before), after: shown(after) };
      if (keys !== undefined) {
        await adoptPersonKeys(client, keys, after, at);
        const { persons, keyed, kept } = keys.count;
        const { person = nobodyNamed } = options;
        await record(audited(client), at, 'data-refreshed', { ...swapped, persons, keyed, kept, person });
      }
      await client.query('commit');
      return { ...swapped, ...(keys === undefined ? {} : { persons: keys.count }) };
    });
  } catch (error) {
    await client.query('rollback').catch(() => {}); // the connection may be gone; then nothing was committed
    throw error;
  }
}

/**
 * All locks, or none for long: a reader that holds one table and wants the next would otherwise wait for us as we for it, and PostgreSQL
 * would stop one of the two. It looks for that after a second; by then we have let go.
 */
async function lockTables(client: ClientBase, options: SwapOptions): Promise<void> {
  const tables = options.fresh.map(({ name }) => qualify(options.schema, name)).join(', ');
  await client.query('savepoint locks');
  for (let round = 0; ; round += 1) {
    try {
      await client.query(`set local lock_timeout = '400ms'; lock table ${tables} in access exclusive mode`);
      await client.query('set local lock_timeout = 0; release savepoint locks');
      return;
    } catch (error) {
      if (!isSqlState(error, '55P03')) throw error;
      await client.query('rollback to savepoint locks');
      if (options.signal?.aborted) throw new MoimError('interrupted');
      if (round === 0) options.onWait?.('other sessions that read the tables');
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

function exchange(schema: string, beside: string, fresh: readonly CdmTable[]): string {
  const names = fresh.map(({ name }) => `'${name}'`).join(', ');
  return [
    ...fresh.map(({ name }) => `drop table ${qualify(schema, name)}`),
    ...fresh.map(({ name }) => `alter table ${qualify(beside, name)} set schema ${quoteName(schema)}`),
    `delete from ${qualify(schema, 'moim_cdm_version')} where table_name in (${names})`,
    `insert into ${qualify(schema, 'moim_cdm_version')} select * from ${qualify(beside, 'moim_cdm_version')}`,
    `drop schema ${quoteName(beside)} cascade`,
  ].join('; ');
}

/** The audit log on the one session that is in the transaction. */
function audited(client: ClientBase) {
  const session = { query: client.query.bind(client), release: () => {} };
  const pool = { connect: async () => session, end: async () => {}, options: {} };
  return new Kysely<MoimTables>({ dialect: new PostgresDialect({ pool }) }).withSchema('moim');
}
