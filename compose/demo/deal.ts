/**
 * Deals one CDM to several hospitals: the person at place i in order of person_id goes to hospital i mod n, with every row of theirs;
 * a table without a person is copied whole. Rows of nobody (GiBleed has such observation periods) go by person_id mod n.
 */

import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { copyFile, mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { finished } from 'node:stream/promises';
import { type CsvRecord, CsvScanner, fieldText, PLAIN } from '#node/cdm/csv.ts';
import { type CdmFile, readCdmFile, readCdmFolder } from '#node/cdm/files.ts';
import { MoimError } from '#protocol/errors.ts';

/** Writes the tables of `from` into the folders `to`; gives `to`. Throws MoimError `cdm-bad-file`, `file-unreadable`. */
export async function dealCdm(from: string, to: readonly string[]): Promise<readonly string[]> {
  const { files } = await readCdmFolder(from, true);
  const person = files.find(({ table }) => table.name === 'person');
  if (!person) throw new MoimError('cdm-bad-file', `${from}: no person table`);
  for (const folder of to) await mkdir(folder, { recursive: true });
  const persons: bigint[] = [];
  const personId = personColumn(person);
  await eachRecord(person, (record) => void persons.push(numberOf(record, personId)));
  persons.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const places = new Map(persons.map((id, i) => [id, i % to.length]));
  for (const file of files) {
    if (personColumn(file) < 0)
      await Promise.all(to.map((folder) => copyFile(file.path, join(folder, basename(file.path)))));
    else await dealFile(file, to, places);
  }
  return to;
}

async function dealFile(
  file: CdmFile,
  to: readonly string[],
  places: ReadonlyMap<bigint, number>,
): Promise<void> {
  const column = personColumn(file);
  const outs = to.map((folder) => createWriteStream(join(folder, `${file.table.name}.csv`)));
  const held: Buffer[][] = to.map(() => []);
  const flush = async () => {
    for (const [i, out] of outs.entries()) {
      const chunk = Buffer.concat(held[i]?.splice(0) ?? []);
      if (chunk.length > 0 && !out.write(chunk)) await once(out, 'drain');
    }
  };
  await eachRecord(
    file,
    (record) => {
      const id = numberOf(record, column);
      put(
        held,
        places.get(id) ?? Number(((id % BigInt(to.length)) + BigInt(to.length)) % BigInt(to.length)),
        record,
      );
    },
    (header) => {
      for (const i of to.keys()) put(held, i, header);
    },
    flush,
  );
  await flush();
  await Promise.all(outs.map((out) => end(out)));
}

/** Calls `each` for every record after the header; `between` after every chunk. */
async function eachRecord(
  file: CdmFile,
  each: (record: CsvRecord) => void,
  header: (record: CsvRecord) => void = () => {},
  between: () => Promise<void> = async () => {},
): Promise<void> {
  const scanner = new CsvScanner(file.delimiter);
  let rest = Buffer.alloc(0);
  let skip = file.markBytes;
  let first = true;
  const take = (record: CsvRecord): boolean => {
    if (record.fault !== undefined)
      throw new MoimError('cdm-bad-row', `${file.name}:${record.line} ${record.fault}`);
    if (first) header(record);
    else each(record);
    first = false;
    return true;
  };
  for await (const chunk of readCdmFile(file.path)) {
    const bytes = Buffer.concat([rest, chunk.subarray(skip)]);
    skip = 0;
    rest = bytes.subarray(scanner.scan(bytes, false, take));
    await between();
  }
  scanner.scan(rest, true, take);
}

function put(held: Buffer[][], place: number, record: CsvRecord): void {
  const last = record.count - 1;
  const from = (record.starts[0] ?? 0) - (record.forms[0] === PLAIN ? 0 : 1);
  const to = (record.ends[last] ?? 0) + (record.forms[last] === PLAIN ? 0 : 1);
  held[place]?.push(Buffer.from(record.bytes.subarray(from, to)), newline);
}

const newline = Buffer.from('\n');

const personColumn = (file: CdmFile): number => file.plan.findIndex((column) => column?.name === 'person_id');

function numberOf(record: CsvRecord, column: number): bigint {
  const text = fieldText(record, column).trim();
  return /^-?\d{1,19}$/.test(text) ? BigInt(text) : 0n;
}

async function end(out: WriteStream): Promise<void> {
  out.end();
  await finished(out);
}
