/**
 * Our own synthetic hospital: persons made one by one from a seed, so that the same seed gives the same rows on every
 * machine, and a larger hospital holds the smaller one's persons unchanged. Into a database, or as CSV files.
 */

import { createHash, type Hash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClientBase, Pool } from 'pg';
import { MoimError } from '#protocol/errors.ts';
import { type CdmTable, cdmTables, findCdmTable } from '#sql/cdm/tables.ts';
import { fillTables, qualify } from './fill.ts';
import { asOnlyFiller, settleSession, withDataAlone } from './hold.ts';
import { withSession } from './session.ts';
import { makeLife } from './synth/life.ts';
import { findMix, type Mix, mixNames } from './synth/mixes.ts';
import { personColumns, personTables } from './synth/person-tables.ts';
import { Random } from './synth/random.ts';
import { RowWriter } from './synth/rows.ts';
import { drugIngredients, surroundings, toCsv } from './synth/vocabulary.ts';

export interface SynthOptions {
  readonly persons: number;
  /** Any text; the same seed, mix and density give the same persons. */
  readonly seed: string;
  /** One of `mixNames`; `general` unless said otherwise. */
  readonly mix?: string;
  /** About 500 rows a person instead of about 30. */
  readonly dense?: boolean;
  readonly signal?: AbortSignal;
  /** Hears when running jobs are waited for. */
  readonly onWait?: (() => void) | undefined;
  /** Hears how many persons are made. */
  readonly onProgress?: (persons: number) => void;
}

export interface SynthSummary {
  readonly persons: number;
  readonly seed: string;
  readonly mix: string;
  readonly dense: boolean;
  readonly rows: number;
  readonly tables: Readonly<Record<string, number>>;
  /** SHA-256 (hex) over the rows of every table as CSV. */
  readonly hash: string;
}

/** One piece of one table's rows. */
interface Piece {
  readonly table: CdmTable;
  readonly columns: readonly string[];
  readonly csv: Buffer;
}

/**
 * Fills the CDM of `schema` (which must be migrated) with a synthetic hospital, in one transaction: every table of the CDM
 * is emptied first, so that nothing of an earlier hospital is left. Throws MoimError `usage` on an unknown mix,
 * `cdm-filled` where there are rows and `replace` is not given, `interrupted`.
 */
export async function synthesiseInto(
  database: { readonly pool: Pool },
  options: SynthOptions & { readonly schema: string; readonly replace?: boolean },
): Promise<SynthSummary> {
  const made = new Hospital(options);
  return withSession(database.pool, options.signal, async (client) => {
    await settleSession(client);
    return asOnlyFiller(client, options.schema, () =>
      withDataAlone(client, options.schema, options.onWait, () => fill(client)),
    );
  });
  async function fill(client: ClientBase): Promise<SynthSummary> {
    const filled = await filledTables(client, options.schema);
    if (filled.length > 0 && !options.replace)
      throw new MoimError('cdm-filled', `${filled.join(', ')}: filled already`);
    const touched = cdmTables.filter((table) => made.tables.has(table.name) || filled.includes(table.name));
    await fillTables(client, options.schema, touched, async ({ copy }) => {
      for await (const piece of made.pieces())
        await copy(piece.table, piece.columns, 'format csv', [piece.csv]);
    });
    return made.summary();
  }
}

/**
 * Writes the synthetic hospital as `<table>.csv` into `directory` (made where missing). Throws MoimError `usage` on an
 * unknown mix, `cdm-filled` where such files are there and `replace` is not given, `interrupted`.
 */
export async function synthesiseFiles(
  options: SynthOptions & { readonly directory: string; readonly replace?: boolean },
): Promise<SynthSummary> {
  const made = new Hospital(options);
  await mkdir(options.directory, { recursive: true });
  const there = (await readdir(options.directory)).filter((name) =>
    made.tables.has(name.replace(/\.csv(\.gz)?$/, '')),
  );
  if (there.length > 0 && !options.replace)
    throw new MoimError('cdm-filled', `${there.join(', ')}: there already`);
  const streams = new Map<string, ReturnType<typeof createWriteStream>>();
  try {
    for await (const { table, columns, csv } of made.pieces()) {
      let stream = streams.get(table.name);
      if (stream === undefined) {
        stream = createWriteStream(join(options.directory, `${table.name}.csv`));
        streams.set(table.name, stream);
        stream.write(`${columns.join(',')}\n`);
      }
      if (!stream.write(csv)) await once(stream, 'drain');
    }
  } finally {
    await Promise.all([...streams.values()].map((stream) => new Promise((done) => stream.end(done))));
  }
  return made.summary();
}

/** Persons written together: enough that a COPY is worth its round trip, few enough to hold in memory. */
const chunkPersons = 4_000;

class Hospital {
  readonly tables = new Set<string>(personTables);
  readonly #options: SynthOptions;
  readonly #mix: Mix;
  readonly #hashes = new Map<string, Hash>();
  readonly #rows: Record<string, number> = {};

  constructor(options: SynthOptions) {
    const mix = findMix(options.mix ?? 'general');
    if (mix === undefined) throw new MoimError('usage', `--mix is one of ${mixNames.join(', ')}`);
    this.#options = options;
    this.#mix = mix;
    for (const { table } of surroundings(mix.summary)) this.tables.add(table);
  }

  async *pieces(): AsyncGenerator<Piece> {
    for (const { table, columns, rows } of surroundings(this.#mix.summary)) {
      yield this.#piece(table, columns, Buffer.from(toCsv(rows)), rows.length);
    }
    const { persons, seed, dense = false, signal, onProgress } = this.#options;
    const writer = new RowWriter(drugIngredients());
    const each = dense ? chunkPersons / 10 : chunkPersons;
    for (let from = 1; from <= persons; from += each) {
      const to = Math.min(from + each - 1, persons);
      for (let person = from; person <= to; person++) {
        writer.write(person, makeLife(new Random(seed, person, 1), { mix: this.#mix, dense }));
      }
      if (signal?.aborted) throw new MoimError('interrupted');
      for (const table of personTables) {
        const csv = writer.take(table);
        if (csv.length > 0) yield this.#piece(table, personColumns[table], csv, 0);
      }
      onProgress?.(to);
    }
    Object.assign(this.#rows, writer.rows);
  }

  summary(): SynthSummary {
    const { persons, seed, mix = 'general', dense = false } = this.#options;
    const hash = createHash('sha256');
    for (const [table, each] of [...this.#hashes].sort(([a], [b]) => (a < b ? -1 : 1))) {
      hash.update(`${table} ${each.copy().digest('hex')}\n`);
    }
    const rows = Object.values(this.#rows).reduce((sum, each) => sum + each, 0);
    return { persons, seed, mix, dense, rows, tables: this.#rows, hash: hash.digest('hex') };
  }

  #piece(name: string, columns: readonly string[], csv: Buffer, rows: number): Piece {
    const hash = this.#hashes.get(name) ?? createHash('sha256');
    this.#hashes.set(name, hash.update(csv));
    this.#rows[name] = (this.#rows[name] ?? 0) + rows;
    return { table: findCdmTable(name)!, columns, csv };
  }
}

async function filledTables(client: ClientBase, schema: string): Promise<string[]> {
  const asked = cdmTables.map(
    (table) => `select '${table.name}' as name where exists (select 1 from ${qualify(schema, table.name)})`,
  );
  const found = await client.query<{ name: string }>(asked.join(' union all '));
  return found.rows.map((row) => row.name);
}
