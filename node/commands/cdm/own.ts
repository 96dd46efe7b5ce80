/** What the commands that fill the CDM of this home share: its database, its schema, the persons' keys. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Kysely, PostgresDialect } from 'kysely';
import { record } from '#host/audit-log.ts';
import { type CommandContext, textFlag } from '#host/command.ts';
import { readSetting } from '#host/config.ts';
import { type Database, openDatabase } from '#host/postgres/database.ts';
import { databaseError } from '#host/postgres/error.ts';
import { migrate } from '#host/postgres/migrate.ts';
import { MoimError } from '#protocol/errors.ts';
import { quoteName } from '#sql/cdm/ddl.ts';
import type { MoimTables } from '#sql/tables/moim.ts';
import { keepPersonKeys } from '../../cdm/person-keys.ts';
import { answerVersion, dataVersion } from '../../cdm/version.ts';
import { readNodeConfig } from '../../config.ts';
import type { NodeDb } from '../../database.ts';
import { readNodeIdentity } from '../../identity.ts';
import { namedPerson } from '../../person/acting.ts';

/** Opens the database and brings the CDM's schema to its present state. Refuses an attached CDM, and one not made by us. */
export async function withOwnCdm<T>(
  context: CommandContext,
  work: (database: Database, schema: string) => Promise<T>,
): Promise<T> {
  const { cdmUrl, databaseUrl } = readNodeConfig(context.home, context.env);
  if (cdmUrl !== undefined) throw new MoimError('cdm-attached');
  const schema = schemaOf(context);
  const database = await openDatabase({ home: context.home, url: databaseUrl, signal: context.signal });
  try {
    await refuseForeign(database, schema);
    await migrate(database.pool, 'cdm', schema);
    return await work(database, schema);
  } catch (error) {
    throw databaseError(error, context.signal);
  } finally {
    await database.close();
  }
}

/** A schema that holds tables but none of our migrations is somebody else's. */
async function refuseForeign(database: Database, schema: string): Promise<void> {
  const found = await database.pool.query<{ ours: boolean; tables: string }>(
    `select bool_or(c.relname = 'moim_migration') as ours, count(*)::text as tables
       from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relkind in ('r', 'p', 'v')`,
    [schema],
  );
  const [row] = found.rows;
  if (row === undefined || row.tables === '0') return;
  const stream = row.ours
    ? await database.pool.query(
        `select 1 from ${quoteName(schema)}.moim_migration where stream = 'cdm' limit 1`,
      )
    : undefined;
  if (stream?.rowCount) return;
  throw new MoimError('cdm-attached', `the schema ${schema} holds tables that are not a CDM of ours`, {
    remedy: 'Name another schema with --schema: Moim writes only to a CDM that it made.',
  });
}

/** A schema of our own has a plain name; that of an attached CDM has been named by others. Throws MoimError `usage`. */
export function schemaOf(context: CommandContext): string {
  const config = readNodeConfig(context.home, context.env);
  const schema = textFlag(context, 'schema') ?? config.cdmSchema;
  if (config.cdmUrl !== undefined) {
    if (schema === '' || Buffer.byteLength(schema) > 63)
      throw new MoimError('usage', '--schema takes a name that PostgreSQL can hold');
    return schema;
  }
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema) || schema.startsWith('pg_')) {
    throw new MoimError('usage', '--schema takes a name of a-z, 0-9 and _ that does not begin with pg_');
  }
  return schema;
}

/** The archive secret of a node's home, for the schema that it answers from; undefined elsewhere. Throws MoimError `key-locked`. */
export function archiveSecret(context: CommandContext, schema: string): string | undefined {
  if (!isNode(context) || readNodeConfig(context.home, context.env).cdmSchema !== schema) return undefined;
  return readNodeIdentity(context.home, readSetting(context.env, 'MOIM_KEY_PASSPHRASE')).archive.secret;
}

/** The node's own tables beside the CDM. */
export const moimOf = ({ pool }: Database): NodeDb =>
  new Kysely<MoimTables>({ dialect: new PostgresDialect({ pool }) }).withSchema('moim');

/**
 * After a load, where the home is a node's: the load goes on record, and the persons get their keys. A locked key is no fault of the load: the
 * keys come when the node runs, and the entry cannot name the data as answers do.
 */
export async function keepLoad(
  context: CommandContext,
  database: Database,
  schema: string,
  person: string | undefined,
): Promise<void> {
  if (person === undefined) return;
  let secret: string | undefined;
  try {
    secret = archiveSecret(context, schema);
  } catch (error) {
    if (!(error instanceof MoimError)) throw error;
    context.note(`the persons have no keys yet (${error.code}): they come when the node runs`);
  }
  const at = new Date().toISOString();
  const version =
    secret === undefined ? null : answerVersion(await dataVersion(database.pool, schema), secret);
  await moimOf(database)
    .transaction()
    .execute((transaction) => record(transaction, at, 'data-loaded', { dataVersion: version, person }));
  if (secret === undefined) return;
  const count = await keepPersonKeys(database.pool, schema, secret, { wait: true, at });
  if (count !== undefined) context.note(`${count.keyed} of ${count.persons} persons have a key`);
}

/** Who loads data into the schema that a node answers from, known before anything is touched; undefined where it is no node's. */
export async function loadingPerson(
  context: CommandContext,
  database: Database,
  schema: string,
): Promise<string | undefined> {
  if (!isNode(context) || readNodeConfig(context.home, context.env).cdmSchema !== schema) return undefined;
  await migrate(database.pool, 'moim', 'moim');
  return namedPerson(context, moimOf(database));
}

const isNode = (context: CommandContext): boolean => existsSync(join(context.home, 'keys', 'archive.json'));
