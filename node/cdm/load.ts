/** Loads a folder of files into an owned CDM: each table all or nothing, no file held in memory, bad rows named by line. */

import { performance } from 'node:perf_hooks';
import type { ClientBase, Pool } from 'pg';
import { MoimError } from '#protocol/errors.ts';
import type { CdmColumn } from '#sql/cdm/tables.ts';
import { CsvScanner } from './csv.ts';
import { copyOptions, RowEncoder } from './encode.ts';
import { type CdmFile, readCdmFile, readCdmFolder } from './files.ts';
import { fillTables, isSqlState, qualify, RepeatedKey } from './fill.ts';
import { dropFormerCohorts } from './generated.ts';
import { asOnlyFiller, settleSession, withDataAlone } from './hold.ts';
import { withSession } from './session.ts';

export interface LoadOptions {
  readonly directory: string;
  readonly schema: string;
  /** Put the new rows in place of those a table holds; else a filled table is refused. */
  readonly replace?: boolean;
  /** Pass over files and columns that OMOP CDM 5.4 does not know. */
  readonly ignoreUnknown?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: LoadProgress) => void;
  /** Hears each table as soon as it is loaded. */
  readonly onTable?: (table: LoadedTable) => void;
  /** Hears what is waited for. */
  readonly onWait?: ((what: string) => void) | undefined;
}

export interface LoadProgress {
  readonly table: string;
  /** Bytes of files read so far and in all (as they lie on disk). */
  readonly bytes: number;
  readonly totalBytes: number;
}

export interface LoadedTable {
  readonly table: string;
  readonly rows: number;
  readonly ms: number;
}

export interface LoadReport {
  readonly tables: readonly LoadedTable[];
  /** Files and columns passed over. */
  readonly notes: readonly string[];
}

/**
 * Loads every `<table>.csv[.gz]` of a folder into the CDM of `schema`, which must be there (the stream `cdm` migrated).
 * Headers of all files are read first, so that a wrong column stops the load before any row is written.
 *
 * Throws MoimError `file-unreadable`, `cdm-bad-file` (all files' faults), `cdm-filled`, `cdm-missing`, `cdm-bad-row`
 * (up to 20 lines `file:line column: kind of fault`; the table is as before, tables before it are loaded), `cdm-busy` (another command
 * fills the schema), `interrupted`.
 */
export async function loadCdm(database: { readonly pool: Pool }, options: LoadOptions): Promise<LoadReport> {
  const { directory, schema, replace = false, ignoreUnknown = false } = options;
  const folder = await readCdmFolder(directory, ignoreUnknown);
  return withSession(database.pool, options.signal, async (client) => {
    await settleSession(client);
    // Running jobs finish on the old rows, and new ones wait for the whole load: tables change one by one.
    const load = () =>
      withDataAlone(
        client,
        schema,
        options.onWait && (() => options.onWait?.('jobs that run on the data in force')),
        async () => {
          await refuseFilled(client, schema, folder.files, replace);
          try {
            return { tables: await loadFiles(client, schema, folder.files, options), notes: folder.notes };
          } catch (error) {
            // Tables before the fault are loaded. Where that fails too, the next run of cohorts does it.
            await dropFormerCohorts(client, schema).catch(() => {});
            throw error;
          }
        },
      );
    return asOnlyFiller(client, schema, load);
  });
}

/** Loads files one by one into the tables of `schema`, which may be filled. Throws as `loadCdm`. */
export async function loadFiles(
  client: ClientBase,
  schema: string,
  files: readonly CdmFile[],
  options: Pick<LoadOptions, 'onProgress' | 'onTable' | 'signal'> & { readonly beside?: boolean },
): Promise<readonly LoadedTable[]> {
  const totalBytes = files.reduce((sum, file) => sum + file.bytes, 0);
  let before = 0;
  const tables: LoadedTable[] = [];
  for (const file of files) {
    const started = performance.now();
    const onBytes = (bytes: number) =>
      options.onProgress?.({ table: file.table.name, bytes: before + bytes, totalBytes });
    // Beside the data in force nothing has been generated.
    const last = file === files.at(-1) && options.beside !== true;
    const rows = await loadFile(client, schema, file, { onBytes, signal: options.signal, last });
    before += file.bytes;
    const loaded = { table: file.table.name, rows, ms: Math.round(performance.now() - started) };
    tables.push(loaded);
    options.onTable?.(loaded);
  }
  return tables;
}

async function loadFile(
  client: ClientBase,
  schema: string,
  file: CdmFile,
  options: {
    readonly onBytes: (bytes: number) => void;
    readonly signal: AbortSignal | undefined;
    readonly last: boolean;
  },
): Promise<number> {
  const { onBytes, signal, last } = options;
  const columns = file.plan.filter((column): column is CdmColumn => column !== undefined);
  const source = encodeFile(file, onBytes, signal);
  try {
    const names = columns.map((column) => column.name);
    return await fillTables(
      client,
      schema,
      [file.table],
      ({ copy }) => copy(file.table, names, copyOptions, source),
      last,
    );
  } catch (error) {
    if (error instanceof RepeatedKey) {
      const line = await lineOfRow(file, error.row, signal);
      const key = file.table.primaryKey.join(', ');
      throw new MoimError('cdm-bad-row', `${file.name}:${line} ${key}: repeats a key of an earlier row`);
    }
    throw await databaseFault(error, file, signal);
  }
}

/** The file's rows in COPY's format. Throws MoimError `cdm-bad-row` at the end, naming up to 20 bad rows. */
export async function* encodeFile(
  file: CdmFile,
  onBytes: (bytes: number) => void,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer> {
  const encoder = new RowEncoder(file.plan);
  for await (const { bytes, scan } of records(file, onBytes, signal)) {
    encoder.begin(bytes);
    const goOn = scan(encoder.add);
    if (encoder.faults.length === 0) yield encoder.take();
    if (!goOn) break;
  }
  if (encoder.faults.length > 0) {
    const lines = encoder.faults.map((fault) => `${file.name}:${fault.line} ${fault.reason}`);
    throw new MoimError('cdm-bad-row', lines.join('\n'));
  }
}

/** The file chunk by chunk after its header, each with a scan of the whole records in it (false once `each` said stop). */
async function* records(file: CdmFile, onBytes: (bytes: number) => void, signal: AbortSignal | undefined) {
  const scanner = new CsvScanner(file.delimiter);
  let rest: Buffer = Buffer.alloc(0);
  let header = true;
  const take = (bytes: Buffer, last: boolean) => ({
    bytes,
    scan(each: Parameters<CsvScanner['scan']>[2]): boolean {
      let goOn = true;
      const taken = scanner.scan(bytes, last, (record) => {
        if (header) {
          header = false;
          return true;
        }
        goOn = each(record);
        return goOn;
      });
      rest = bytes.subarray(taken);
      return goOn;
    },
  });
  let first = true;
  for await (const chunk of readFile(file, onBytes)) {
    if (signal?.aborted) throw new MoimError('interrupted');
    const joined = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    yield take(first && file.markBytes > 0 ? joined.subarray(file.markBytes) : joined, false);
    first = false;
  }
  yield take(rest, true);
}

async function* readFile(file: CdmFile, onBytes: (bytes: number) => void): AsyncGenerator<Buffer> {
  try {
    yield* readCdmFile(file.path, onBytes);
  } catch (cause) {
    if (cause instanceof MoimError) throw cause;
    throw new MoimError('cdm-bad-file', `${file.name}: cannot be read to its end`, { cause });
  }
}

/** The physical line of the file's n-th row: a second look at the file, taken only to name a fault. */
async function lineOfRow(file: CdmFile, row: bigint, signal: AbortSignal | undefined): Promise<number> {
  let left = row;
  let line = 0;
  for await (const { scan } of records(file, () => undefined, signal)) {
    scan((record) => {
      left--;
      if (left === 0n) line = record.line;
      return left > 0n;
    });
    if (left <= 0n) break;
  }
  return line;
}

async function refuseFilled(client: ClientBase, schema: string, files: readonly CdmFile[], replace: boolean) {
  const filled: string[] = [];
  for (const { table } of files) {
    try {
      const found = await client.query(`select 1 from ${qualify(schema, table.name)} limit 1`);
      if (found.rows.length > 0) filled.push(table.name);
    } catch (cause) {
      if (!isSqlState(cause, '42P01')) throw cause;
      throw new MoimError('cdm-missing', `the schema ${schema} has no table ${table.name}`);
    }
  }
  if (filled.length > 0 && !replace) {
    throw new MoimError('cdm-filled', `${filled.join(', ')}: filled already`);
  }
}

/** A fault of the data that only PostgreSQL saw (an encoding it lacks): its text may quote the value, so only the place goes on. */
async function databaseFault(
  error: unknown,
  file: CdmFile,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  if (error instanceof MoimError || !(error instanceof Error) || !('code' in error)) return error;
  const state = typeof error.code === 'string' ? error.code : '';
  if (!/^(22|23)/.test(state)) return error;
  const context = 'where' in error && typeof error.where === 'string' ? error.where : '';
  const [, row, column] = /, line (\d+)(?:, column ([a-z0-9_]+))?/.exec(context) ?? [];
  const line = row === undefined ? '' : `:${await lineOfRow(file, BigInt(row), signal)}`;
  return new MoimError(
    'cdm-bad-row',
    `${file.name}${line}${column === undefined ? '' : ` ${column}`}: refused by the database (${state})`,
  );
}
