/** Folders of CDM files for tests, and tables of the real ones with something changed. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Ending } from '#test/support/database.ts';
import { scratchFolder } from '#test/support/scratch.ts';

/** A folder with these files, removed when the test ends. */
export function folderOf(t: Ending, files: Readonly<Record<string, string | Buffer>>): string {
  const folder = mkdtempSync(join(scratchFolder(), 'moim-cdm-'));
  t.after(async () => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

/** Adds to `folder` one table of the folder `from` as plain CSV, its lines changed, and gives `folder`. */
export function copyWith(
  from: string,
  folder: string,
  table: string,
  change: (lines: string[]) => string[],
): string {
  writeFileSync(join(folder, `${table}.csv`), change(readTable(from, table)).join('\n'));
  return folder;
}

/** The lines of one gzipped table of a folder. */
export function readTable(folder: string, table: string): string[] {
  return gunzipSync(readFileSync(join(folder, `${table}.csv.gz`)))
    .toString()
    .split('\n');
}

/** The least a person's file needs. */
export const personHeader =
  'person_id,gender_concept_id,year_of_birth,race_concept_id,ethnicity_concept_id,person_source_value';
