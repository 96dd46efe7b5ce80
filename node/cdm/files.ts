/** The files of a CDM in a folder: which table each is of, how its columns map, its bytes as a stream. */

import { createReadStream } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { MoimError } from '#protocol/errors.ts';
import { type CdmColumn, type CdmTable, cdmTables, findCdmTable } from '#sql/cdm/tables.ts';
import { COMMA, CsvScanner, fieldText, TAB } from './csv.ts';

const chunkBytes = 1 << 18;
const utf8Mark = Buffer.from([0xef, 0xbb, 0xbf]);

export interface CdmFile {
  readonly path: string;
  /** File name alone, for messages. */
  readonly name: string;
  readonly table: CdmTable;
  /** Bytes on disk (of the compressed file, where it is one). */
  readonly bytes: number;
  readonly delimiter: number;
  /** The table's column for each field in the file's order, undefined for one passed over. */
  readonly plan: readonly (CdmColumn | undefined)[];
  /** Bytes of the byte order mark the file begins with, 0 or 3. */
  readonly markBytes: number;
}

export interface CdmFolder {
  /** In the order of the tables of OMOP CDM. */
  readonly files: readonly CdmFile[];
  /** Files and columns passed over, as sentences. */
  readonly notes: readonly string[];
}

/**
 * Reads the headers of all files of `directory`: `<table>.csv` or `<table>.csv.gz`, names in any case; hidden files are
 * no files. Throws MoimError `file-unreadable`, or `cdm-bad-file` naming every fault of every file at once.
 */
export async function readCdmFolder(directory: string, ignoreUnknown: boolean): Promise<CdmFolder> {
  const names = await readdir(directory).catch((cause) => {
    throw new MoimError('file-unreadable', `the folder ${directory} cannot be read`, { cause });
  });
  const faults: string[] = [];
  const notes: string[] = [];
  const unknown = ignoreUnknown ? notes : faults;
  const files = new Map<string, CdmFile>();
  for (const name of names.filter((each) => !each.startsWith('.')).sort()) {
    const table = findCdmTable(/^(.+)\.csv(\.gz)?$/i.exec(name)?.[1]?.toLowerCase() ?? '');
    if (table === undefined) {
      unknown.push(`${name}: not a table of OMOP CDM 5.4${ignoreUnknown ? ', passed over' : ''}`);
    } else if (files.has(table.name)) {
      faults.push(`${name}: ${files.get(table.name)!.name} holds the table ${table.name} too`);
    } else {
      files.set(table.name, await readHeader(join(directory, name), name, table, faults, unknown));
    }
  }
  if (files.size === 0 && faults.length === 0) faults.push(`${directory}: no <table>.csv or <table>.csv.gz`);
  if (faults.length > 0) throw new MoimError('cdm-bad-file', faults.join('\n'));
  return { files: cdmTables.flatMap((table) => files.get(table.name) ?? []), notes };
}

/** The file's bytes, uncompressed; `onBytes` hears how many bytes of the file on disk were read so far. */
export async function* readCdmFile(path: string, onBytes?: (bytes: number) => void): AsyncGenerator<Buffer> {
  const file = createReadStream(path, { highWaterMark: chunkBytes });
  // The pipeline closes the file whichever end stops first; its error comes out of the loop.
  const source = /\.gz$/i.test(path)
    ? pipeline(file, createGunzip({ chunkSize: chunkBytes }), () => {})
    : file;
  for await (const chunk of source) {
    onBytes?.(file.bytesRead);
    yield chunk;
  }
}

async function readHeader(
  path: string,
  name: string,
  table: CdmTable,
  faults: string[],
  unknown: string[],
): Promise<CdmFile> {
  const bytes = (await stat(path)).size;
  const head = await firstBytes(path, name);
  const mark = head.subarray(0, 3).equals(utf8Mark) ? 3 : 0;
  const firstLine = head.subarray(mark, head.indexOf(10) < 0 ? head.length : head.indexOf(10));
  const delimiter = firstLine.includes(TAB) ? TAB : COMMA;
  const scanner = new CsvScanner(delimiter);
  let columns: string[] = [];
  scanner.scan(head.subarray(mark), true, (record) => {
    columns = Array.from({ length: record.count }, (_, index) => {
      const text = fieldText(record, index).trim().toLowerCase();
      return delimiter === TAB ? text.replace(/^"(.*)"$/, '$1') : text;
    });
    return false;
  });
  const plan = columns.map((column) => table.columns.find((each) => each.name === column));
  const extra = columns.filter((_, index) => plan[index] === undefined);
  const twice = columns.filter((column, index) => columns.indexOf(column) !== index);
  const lacking = table.columns.filter((column) => column.required && !plan.includes(column));
  // A file without a header begins with values, which must not be shown: names are those beside enough others that are known.
  const isHeader = (columns.length - extra.length) * 2 >= columns.length;
  const shown = (column: string) => (isHeader ? printable(column) : 'a column whose name is no name');
  for (const column of extra) unknown.push(`${name}:1 ${shown(column)}: not a column of ${table.name}`);
  for (const column of twice) faults.push(`${name}:1 ${shown(column)}: the column stands there twice`);
  for (const column of lacking) faults.push(`${name}:1 ${column.name}: the required column is missing`);
  return { path, name, table, bytes, delimiter, plan, markBytes: mark };
}

/** The first bytes of the uncompressed file, at least its first line. */
async function firstBytes(path: string, name: string): Promise<Buffer> {
  await (
    await open(path).catch((cause) =>
      Promise.reject(new MoimError('file-unreadable', `${name} cannot be read`, { cause })),
    )
  ).close();
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of readCdmFile(path)) {
      chunks.push(chunk);
      if (chunk.includes(10) || chunks.length > 16) break;
    }
  } catch (cause) {
    throw new MoimError('cdm-bad-file', `${name}: not a whole gzip file`, { cause });
  }
  return Buffer.concat(chunks);
}

/** A column's name fit to be shown. */
function printable(column: string): string {
  return /^[a-z_][a-z0-9_]{0,62}$/.test(column) ? column : 'a column whose name is no name';
}
