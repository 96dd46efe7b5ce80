/**
 * Puts a backup back: its tables into schemas of another name first, brought up to the migrations of today, and then exchanged for the ones in
 * place in one transaction. Until then nothing of what was there is touched.
 */

import { copyFileSync, createReadStream, existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { MoimError } from '#protocol/errors.ts';
import { fingerprint } from '#protocol/keys.ts';
import { formerKeys } from '#protocol/rotation.ts';
import { makeHome, refuseServed } from '../home.ts';
import { readPublicKeyFile } from '../key-file.ts';
import { databaseError } from '../postgres/error.ts';
import { migrate, readMigrations, type Stream } from '../postgres/migrate.ts';
import { appendWitness, readWitnessFile, witnessFile } from '../witness-file.ts';
import { keyFileOf, type Manifest, openBackup, type Part, type Party } from './manifest.ts';

export interface RestoreTarget {
  readonly home: string;
  readonly party: Party;
  /** Opens the database; called once all that the backup itself can tell is known. */
  readonly open: () => Promise<{ readonly pool: pg.Pool; close(): Promise<void> }>;
  /** Whether what the database holds may go. */
  readonly replace: boolean;
  /** Marks the restored state, in the schema it lies in meanwhile, before it takes the place of the one there. */
  readonly mark: (pool: pg.Pool, schema: string, manifest: Manifest) => Promise<void>;
}

/** Throws MoimError `backup-spoilt`, `restore-refused`, `already-running`, `database-newer`, `migration-changed`. */
export async function restoreBackup(target: RestoreTarget, folder: string): Promise<Manifest> {
  const manifest = await openBackup(folder);
  if (manifest.party !== target.party)
    throw new MoimError('restore-refused', `the backup is a ${manifest.party}’s, not a ${target.party}’s`);
  refuseOtherHome(target, manifest);
  await refuseServed(target.home);
  const steps = stepsOf(manifest);
  makeHome(target.home);
  const database = await target.open();
  try {
    const schemas = [...steps.keys()];
    if (!target.replace) await refuseFilled(database.pool, schemas);
    for (const [schema, step] of steps) await stage(database.pool, manifest, folder, schema, step);
    const [own] = schemas;
    if (own !== undefined) await target.mark(database.pool, staged(own), manifest);
    await exchange(database.pool, schemas);
  } catch (cause) {
    throw databaseError(cause);
  } finally {
    await database.close();
  }
  putFiles(target.home, manifest, folder);
  return manifest;
}

const staged = (schema: string): string => `${schema}_restoring`;

/** A home is one party's for ever: another's keys would answer under its name. */
function refuseOtherHome({ home, party }: RestoreTarget, manifest: Manifest): void {
  const key = join(home, keyFileOf[party]);
  const other = join(home, keyFileOf[party === 'node' ? 'hub' : 'node']);
  if (existsSync(other)) throw new MoimError('restore-refused', `the home is not a ${party}’s`);
  if (!existsSync(key)) return;
  const { key: own, rotations } = readPublicKeyFile(key);
  // A key that followed the backup's is the same party's.
  if (![own, ...formerKeys(rotations)].some((each) => fingerprint(each) === manifest.fingerprint))
    throw new MoimError('restore-refused', 'the home holds another key than the backup', {
      remedy: 'Restore into an empty home, or into the one the backup was taken of.',
    });
}

/** By schema, its stream and how many of its migrations the backup knows. Throws where this code does not know them, or knows others. */
function stepsOf(manifest: Manifest): Map<string, { stream: Stream; upTo: number }> {
  const steps = new Map<string, { stream: Stream; upTo: number }>();
  for (const { schema, stream, number, name, sha256 } of manifest.migrations) {
    const place = `${stream}/${name}.sql`;
    const file = readMigrations(stream)[number - 1];
    if (!file) throw new MoimError('database-newer', place);
    if (file.sha256 !== sha256) throw new MoimError('migration-changed', place);
    if (schema !== stream) throw new MoimError('backup-spoilt', `schema ${schema} is not of ${stream}`);
    steps.set(schema, { stream, upTo: Math.max(number, steps.get(schema)?.upTo ?? 0) });
  }
  return steps;
}

async function refuseFilled(pool: pg.Pool, schemas: readonly string[]): Promise<void> {
  for (const schema of schemas) {
    const { rows } = await pool.query<{ there: boolean }>(`select to_regclass($1) is not null as there`, [
      `${schema}.audit`,
    ]);
    if (!rows[0]?.there) continue;
    const filled = await pool.query(`select from ${pg.escapeIdentifier(schema)}.audit limit 1`);
    if (filled.rows.length > 0)
      throw new MoimError(
        'restore-refused',
        `the database holds the state of a ${schema === 'hub' ? 'hub' : 'node'} already`,
        {
          remedy: 'Take a backup of it, then add --replace: what it holds is lost.',
        },
      );
  }
}

async function stage(
  pool: pg.Pool,
  manifest: Manifest,
  folder: string,
  schema: string,
  { stream, upTo }: { stream: Stream; upTo: number },
): Promise<void> {
  const place = pg.escapeIdentifier(staged(schema));
  await pool.query(`drop schema if exists ${place} cascade`);
  await migrate(pool, stream, staged(schema), undefined, upTo);
  const client = await pool.connect();
  try {
    await client.query('begin');
    const parts = manifest.parts.filter(({ table }) => table?.schema === schema);
    for (const part of await inOrder(client, staged(schema), parts))
      await fill(client, staged(schema), part, folder);
    for (const { name, value, called } of manifest.sequences.filter((each) => each.schema === schema))
      await client.query('select setval($1::regclass, $2::bigint, $3)', [
        `${place}.${pg.escapeIdentifier(name)}`,
        value,
        called,
      ]);
    await client.query('commit');
    client.release();
  } catch (cause) {
    client.release(true);
    throw cause;
  }
  await migrate(pool, stream, staged(schema));
}

/** Tables that others point to come first. */
async function inOrder(client: pg.ClientBase, schema: string, parts: readonly Part[]): Promise<Part[]> {
  const { rows } = await client.query<{ child: string; parent: string }>(
    `select c.relname as child, p.relname as parent from pg_constraint k
       join pg_class c on c.oid = k.conrelid join pg_class p on p.oid = k.confrelid
       join pg_namespace n on n.oid = c.relnamespace
      where k.contype = 'f' and n.nspname = $1 and c.oid <> p.oid`,
    [schema],
  );
  const ordered: Part[] = [];
  const visit = (part: Part) => {
    if (ordered.includes(part)) return;
    for (const { parent } of rows.filter(({ child }) => child === part.table?.name)) {
      const before = parts.find(({ table }) => table?.name === parent);
      if (before) visit(before);
    }
    ordered.push(part);
  };
  for (const part of parts) visit(part);
  return ordered;
}

async function fill(client: pg.ClientBase, schema: string, part: Part, folder: string): Promise<void> {
  if (!part.table) return;
  const { name, columns, rows } = part.table;
  const list = columns.map((column) => pg.escapeIdentifier(column)).join(', ');
  const target = `${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(name)}`;
  // What a migration put there itself is in the backup too.
  await client.query(`delete from ${target}`);
  const sink = client.query(copyFrom(`copy ${target} (${list}) from stdin`));
  await pipeline(createReadStream(join(folder, part.path)), sink);
  if (sink.rowCount !== rows) throw new MoimError('backup-spoilt', `${part.path} has not the rows it should`);
}

async function exchange(pool: pg.Pool, schemas: readonly string[]): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    for (const schema of schemas) {
      await client.query(`drop schema if exists ${pg.escapeIdentifier(schema)} cascade`);
      await client.query(
        `alter schema ${pg.escapeIdentifier(staged(schema))} rename to ${pg.escapeIdentifier(schema)}`,
      );
    }
    await client.query('commit');
    client.release();
  } catch (cause) {
    client.release(true);
    throw cause;
  }
}

/** Keys that are there stay, this party's and the pinned hub's: they may have been rotated since. Receipts that are there are kept beside the backup's: they may know more than it does. */
function putFiles(home: string, manifest: Manifest, folder: string): void {
  for (const { path, table } of manifest.parts) {
    if (table) continue;
    const inner = path.slice('home/'.length);
    const to = join(home, inner);
    const from = join(folder, path);
    if (to === witnessFile(home)) mergeWitness(from, to);
    else if (!(/^(keys\/|hub\.json$)/.test(inner) && existsSync(to))) {
      mkdirSync(dirname(to), { recursive: true, mode: 0o700 });
      copyFileSync(from, to);
    }
  }
}

function mergeWitness(from: string, to: string): void {
  const known = new Set(readWitnessFile(to, true).map(({ receipt }) => receipt));
  for (const { line, receipt } of readWitnessFile(from, true))
    if (!known.has(receipt)) appendWitness(to, line);
}
