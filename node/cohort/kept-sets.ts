/**
 * Concept sets kept in `results.concept_set_cache` between commands: under the SHA-256 of what a set holds, the engine, and the version of
 * the vocabulary, which is the fingerprint of its tables as the last filling noted it (an empty one may never have been filled). Of an
 * attached CDM there is none: nothing is kept.
 */

import { createHash } from 'node:crypto';
import type { ClientBase } from 'pg';
import { identifier } from '#sql/circe/literal.ts';

type Client = Pick<ClientBase, 'query'>;
type Found = readonly (readonly [key: string, ids: readonly number[]])[];

export interface KeptSets {
  find(client: Client, keys: readonly string[]): Promise<Found>;
  keep(client: Client, found: Found): Promise<void>;
}

/** The kept sets for the vocabulary in force; undefined where nothing may be written or no version is noted. */
export async function findKept(
  client: Client,
  options: {
    readonly cdmSchema: string;
    readonly resultsSchema?: string | undefined;
    readonly tables: ReadonlySet<string>;
    /** What resolved them (engine.ts): no mended fault lives on in what was kept. */
    readonly engine?: string | undefined;
  },
): Promise<KeptSets | undefined> {
  const { cdmSchema, resultsSchema, tables, engine = '' } = options;
  if (resultsSchema === undefined || !tables.has('moim_cdm_version')) return undefined;
  const wanted = vocabulary.filter((table) => tables.has(table));
  const known = await vocabularyPrint(client, cdmSchema, wanted);
  if (known === undefined) return undefined;
  const table = `${identifier(resultsSchema)}.concept_set_cache`;
  const version = `${cdmSchema}:${sha256(`${engine} ${known}`)}`;
  return {
    async find(reader, keys) {
      const byHash = new Map(keys.map((key) => [sha256(key), key]));
      const { rows: found } = await reader.query<{ sha256: string; ids: number[] }>(
        `select sha256, concept_ids as ids from ${table} where vocabulary_version = $1 and sha256 = any($2)`,
        [version, [...byHash.keys()]],
      );
      return found.flatMap(({ sha256: hash, ids }) => {
        const key = byHash.get(hash);
        return key === undefined ? [] : [[key, ids] as const];
      });
    },
    async keep(writer, found) {
      await writer.query(
        `with old as (delete from ${table} where starts_with(vocabulary_version, $4) and vocabulary_version <> $1)
         insert into ${table} (sha256, vocabulary_version, concept_ids)
         select k.hash, $1, k.ids::int[] from unnest($2::text[], $3::text[]) k(hash, ids) on conflict do nothing`,
        [
          version,
          found.map(([key]) => sha256(key)),
          found.map(([, ids]) => `{${ids.join(',')}}`),
          `${cdmSchema}:`,
        ],
      );
    },
  };
}

const vocabulary = ['concept', 'concept_ancestor', 'concept_relationship'];

/** What the tables hold, as noted; undefined where one was filled by other hands, which note nothing. One never filled is empty. */
async function vocabularyPrint(
  client: Client,
  cdmSchema: string,
  tables: readonly string[],
): Promise<string | undefined> {
  const cdm = identifier(cdmSchema);
  const { rows: noted } = await client.query<{ name: string; print: string }>(
    `select table_name as name, rows || ' ' || fingerprint as print from ${cdm}.moim_cdm_version where table_name = any($1)`,
    [tables],
  );
  const prints = new Map(noted.map(({ name, print }) => [name, print]));
  for (const table of tables.filter((name) => !prints.has(name))) {
    const { rowCount } = await client.query(`select from ${cdm}.${identifier(table)} limit 1`);
    if (rowCount !== 0) return undefined;
    prints.set(table, '0 0');
  }
  return tables.map((table) => `${table} ${prints.get(table)}`).join(',');
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
