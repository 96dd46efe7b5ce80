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
import { cdmTables, findCdmTable } from '#sql/cdm/tables.ts';
import { copyInto, fillTables, qualify } from './fill.ts';
import { asOnlyFiller, settleSession, withDataAlone } from './hold.ts';
import { noteImages, truncateImages } from './images.ts';
import { withSession } from './session.ts';
import { imageConcepts } from './synth/image-concepts.ts';
import { ImageRows, imageColumns, imageTables } from './synth/images.ts';
import { makeLife } from './synth/life.ts';
import { findMix, type Mix, mixNames } from './synth/mixes.ts';
import { personColumns, personTables } from './synth/person-tables.ts';
import { Random } from './synth/random.ts';
import { RowWriter } from './synth/rows.ts';
import {
  drugIngredients,
  imagingVocabularyVersion,
  type SynthTable,
  surroundings,
  toCsv,
} from './synth/vocabulary.ts';

export interface SynthOptions {
  readonly persons: number;
  /** Any text; the same seed, mix and density give the same persons. */
  readonly seed: string;
  /** One of `mixNames`; `general` unless said otherwise. */
  readonly mix?: string;
  /** About 500 rows a person instead of about 30. */
  readonly dense?: boolean;
  /** Images as well, in the tables of the schema `imaging` (which must be migrated); into a database only. */
  readonly imaging?: boolean;
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
  readonly imaging?: true;
  readonly rows: number;
  readonly tables: Readonly<Record<string, number>>;
  /** SHA-256 (hex) over the rows of every table as CSV. */
  readonly hash: string;
}

/** One piece of one table's rows. */
interface Piece {
  /** Of the CDM, or with `imaging.` before it. */
  readonly table: string;
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
      if (options.imaging) await truncateImages(client);
      for await (const { table, columns, csv } of made.pieces()) {
        const ofCdm = findCdmTable(table);
        if (ofCdm !== undefined) await copy(ofCdm, columns, 'format csv', [csv]);
        else await copyInto(client, table, columns, 'format csv', [csv]);
      }
      if (options.imaging) await noteImages(client, options.schema);
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
  if (options.imaging) throw new MoimError('usage', '--imaging fills a database, not files');
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
      let stream = streams.get(table);
      if (stream === undefined) {
        stream = createWriteStream(join(options.directory, `${table}.csv`));
        streams.set(table, stream);
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
    for (const { table } of this.#surroundings()) this.tables.add(table);
  }

  #surroundings(): readonly SynthTable[] {
    const { summary } = this.#mix;
    return this.#options.imaging
      ? surroundings(summary, imageConcepts, imagingVocabularyVersion)
      : surroundings(summary);
  }

  async *pieces(): AsyncGenerator<Piece> {
    for (const { table, columns, rows } of this.#surroundings()) {
      yield this.#piece(table, columns, Buffer.from(toCsv(rows)), rows.length);
    }
    const { persons, seed, dense = false, signal, onProgress } = this.#options;
    const images = this.#options.imaging ? new ImageRows() : undefined;
    const writer = new RowWriter(drugIngredients(), images);
    const each = dense ? chunkPersons / 10 : chunkPersons;
    for (let from = 1; from <= persons; from += each) {
      const to = Math.min(from + each - 1, persons);
      for (let person = from; person <= to; person++) {
        const life = makeLife(new Random(seed, person, 1), { mix: this.#mix, dense });
        writer.write(person, life, images && new Random(seed, person, 2));
      }
      if (signal?.aborted) throw new MoimError('interrupted');
      for (const table of personTables) {
        const csv = writer.take(table);
        if (csv.length > 0) yield this.#piece(table, personColumns[table], csv, 0);
      }
      for (const table of images === undefined ? [] : imageTables) {
        const csv = images?.take(table);
        if (csv?.length) yield this.#piece(`imaging.${table}`, imageColumns[table], csv, 0);
      }
      onProgress?.(to);
    }
    Object.assign(this.#rows, writer.rows);
    for (const table of imageTables)
      if (images !== undefined) this.#rows[`imaging.${table}`] = images.rows[table];
  }

  summary(): SynthSummary {
    const { persons, seed, mix = 'general', dense = false, imaging = false } = this.#options;
    const hash = createHash('sha256');
    for (const [table, each] of [...this.#hashes].sort(([a], [b]) => (a < b ? -1 : 1))) {
      hash.update(`${table} ${each.copy().digest('hex')}\n`);
    }
    const rows = Object.values(this.#rows).reduce((sum, each) => sum + each, 0);
    const with_ = imaging ? { imaging } : {};
    return { persons, seed, mix, dense, ...with_, rows, tables: this.#rows, hash: hash.digest('hex') };
  }

  #piece(name: string, columns: readonly string[], csv: Buffer, rows: number): Piece {
    const hash = this.#hashes.get(name) ?? createHash('sha256');
    this.#hashes.set(name, hash.update(csv));
    this.#rows[name] = (this.#rows[name] ?? 0) + rows;
    return { table: name, columns, csv };
  }
}

async function filledTables(client: ClientBase, schema: string): Promise<string[]> {
  const asked = cdmTables.map(
    (table) => `select '${table.name}' as name where exists (select 1 from ${qualify(schema, table.name)})`,
  );
  const found = await client.query<{ name: string }>(asked.join(' union all '));
  return found.rows.map((row) => row.name);
}
