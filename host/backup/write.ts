/**
 * Takes a backup of a home beside a running process: its files, and every table of its schemas as one transaction sees them. It is written into
 * a folder beside the one named, and renamed when it is whole.
 */

import { createHash } from 'node:crypto';
import {
  createWriteStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { MoimError } from '#protocol/errors.ts';
import { fingerprint, type PrivateKey, publicOf } from '#protocol/keys.ts';
import { databaseError } from '../postgres/error.ts';
import type { Stream } from '../postgres/migrate.ts';
import { noteBackup } from './last.ts';
import { type Manifest, type Part, type Party, sealManifest } from './manifest.ts';

export interface BackupSource {
  readonly home: string;
  readonly party: Party;
  readonly pool: pg.Pool;
  /** Schemas, the one with the audit log first. Each is of the stream of its name. */
  readonly schemas: readonly Exclude<Stream, 'cdm'>[];
  /** Tables whose rows are not copied: they are made anew from what a backup does not hold. */
  readonly leaveOut?: readonly string[];
  /** Puts on record that a backup is made; before any row is copied, so that none leaves unrecorded. */
  readonly taken?: () => Promise<void>;
  readonly key: PrivateKey;
  readonly now: () => number;
}

/** Files of a home that are not of one process or one start: no larger one is a key, a setting or a witness. */
const largestFile = 256 * 1024 * 1024;
const passing = /^(run\.json|last-backup\.json|.*\.tmp|.*\.lock)$/;

export async function writeBackup(source: BackupSource, folder: string): Promise<Manifest> {
  const target = resolve(folder);
  if (existsSync(target) && readdirSync(target).length > 0)
    throw new MoimError('bad-input', `${folder} is there already`, {
      remedy: 'Name a folder that is not there yet: a backup is never written over.',
    });
  const partial = `${target}.${process.pid}.partial`;
  rmSync(partial, { recursive: true, force: true });
  try {
    mkdirSync(dirname(target), { recursive: true });
    mkdirSync(partial, { mode: 0o700 });
    // The files first: a receipt must not be newer than the log beside it, or the backup would call itself set back.
    const files = copyFiles(source.home, partial);
    await source.taken?.();
    const taken = await copyTables(source, partial);
    const manifest: Manifest = {
      format: 'moim-backup/1',
      party: source.party,
      fingerprint: fingerprint(publicOf(source.key)),
      madeAt: new Date(source.now()).toISOString(),
      ...taken,
      parts: [...files, ...taken.parts],
    };
    for (const [name, text] of Object.entries(await sealManifest(manifest, source.key)))
      writeFileSync(join(partial, name), text, { mode: 0o600, flush: true });
    if (existsSync(target)) rmdirSync(target);
    renameSync(partial, target);
    noteBackup(source.home, manifest.madeAt);
    return manifest;
  } catch (cause) {
    rmSync(partial, { recursive: true, force: true });
    throw cause;
  }
}

/** The files of the home and of its `keys` folder; the database's own folder is not copied, its tables are. */
function copyFiles(home: string, folder: string): Part[] {
  const parts: Part[] = [];
  for (const inner of ['', 'keys']) {
    const from = join(home, inner);
    if (!existsSync(from)) continue;
    const entries = readdirSync(from, { withFileTypes: true });
    for (const { name } of entries.filter((entry) => entry.isFile() && !passing.test(entry.name))) {
      if (!/^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(name) || statSync(join(from, name)).size > largestFile)
        continue;
      const bytes = readFileSync(join(from, name));
      const path = ['home', inner, name].filter(Boolean).join('/');
      mkdirSync(join(folder, 'home', inner), { recursive: true, mode: 0o700 });
      writeFileSync(join(folder, path), bytes, { mode: 0o600, flush: true });
      parts.push({ path, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') });
    }
  }
  return parts;
}

type Taken = Pick<Manifest, 'audit' | 'epoch' | 'migrations' | 'sequences' | 'parts'>;

async function copyTables({ pool, schemas, leaveOut = [] }: BackupSource, folder: string): Promise<Taken> {
  mkdirSync(join(folder, 'tables'), { mode: 0o700 });
  const client = await pool.connect();
  try {
    await client.query('begin isolation level repeatable read, read only');
    const parts: Part[] = [];
    for (const table of await tablesOf(client, schemas))
      if (!leaveOut.includes(table.name)) parts.push(await copyTable(client, table, folder));
    const [own = ''] = schemas;
    const schema = pg.escapeIdentifier(own);
    const { rows: heads } = await client.query<{ n: bigint; hash: string }>(
      `select n, hash from ${schema}.audit order by n desc limit 1`,
    );
    const { rows: standing } = await client.query<{ epoch: bigint }>(`select epoch from ${schema}.standing`);
    const taken = {
      audit: { n: Number(heads[0]?.n ?? 0n), hash: heads[0]?.hash ?? '0'.repeat(64) },
      epoch: Number(standing[0]?.epoch ?? 1n),
      migrations: await migrationsOf(client, schemas),
      sequences: await sequencesOf(client, schemas),
      parts,
    };
    await client.query('commit');
    client.release();
    return taken;
  } catch (cause) {
    // A COPY that broke off leaves the session in nobody knows which state.
    client.release(true);
    throw databaseError(cause);
  }
}

interface Table {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly string[];
}

async function tablesOf(client: pg.ClientBase, schemas: readonly string[]): Promise<Table[]> {
  const { rows } = await client.query<Table>(
    `select n.nspname as schema, c.relname as name, array_agg(a.attname::text order by a.attnum) as columns
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
       join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
      where n.nspname = any($1) and c.relkind = 'r' and c.relname <> 'moim_migration'
      group by 1, 2 order by 1, 2`,
    [schemas],
  );
  return rows;
}

async function copyTable(client: pg.ClientBase, table: Table, folder: string): Promise<Part> {
  const { schema, name, columns } = table;
  const path = `tables/${schema}.${name}`;
  const list = columns.map((column) => pg.escapeIdentifier(column)).join(', ');
  const source = client.query(
    copyTo(`copy ${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(name)} (${list}) to stdout`),
  );
  const sum = createHash('sha256');
  let bytes = 0;
  const measured = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sum.update(chunk);
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  await pipeline(source, measured, createWriteStream(join(folder, path), { mode: 0o600, flush: true }));
  const rows = source.rowCount ?? 0;
  return { path, bytes, sha256: sum.digest('hex'), table: { schema, name, columns: [...columns], rows } };
}

async function migrationsOf(
  client: pg.ClientBase,
  schemas: readonly string[],
): Promise<Manifest['migrations']> {
  const all: Manifest['migrations'] = [];
  for (const schema of schemas) {
    const { rows } = await client.query<Omit<Manifest['migrations'][number], 'schema'>>(
      `select stream, number, name, sha256 from ${pg.escapeIdentifier(schema)}.moim_migration order by stream, number`,
    );
    all.push(...rows.map((row) => ({ schema, ...row })));
  }
  return all;
}

async function sequencesOf(
  client: pg.ClientBase,
  schemas: readonly string[],
): Promise<Manifest['sequences']> {
  const { rows } = await client.query<{ schema: string; name: string }>(
    `select n.nspname as schema, c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = any($1) and c.relkind = 'S' order by 1, 2`,
    [schemas],
  );
  const sequences: Manifest['sequences'] = [];
  for (const { schema, name } of rows) {
    const { rows: values } = await client.query<{ value: string; called: boolean }>(
      `select last_value::text as value, is_called as called from ${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(name)}`,
    );
    if (values[0]) sequences.push({ schema, name, ...values[0] });
  }
  return sequences;
}
