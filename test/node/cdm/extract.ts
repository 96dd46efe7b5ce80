/** Small whole extracts of a hospital for tests of the refresh. */

import assert from 'node:assert/strict';
import { MoimError } from '#protocol/errors.ts';
import type { Ending } from '#test/support/database.ts';
import { folderOf, personHeader } from './folder.ts';

export interface ExtractShape {
  /** What the source calls each person; ids are counted from `firstId`. */
  readonly sources: readonly string[];
  readonly firstId?: number;
  readonly year?: number;
  readonly extra?: Readonly<Record<string, string>>;
}

/** `person` and `observation_period`, and what else is given. */
export function extractOf(
  t: Ending,
  { sources, firstId = 1, year = 1950, extra = {} }: ExtractShape,
): string {
  const persons = sources.map((source, at) => `${firstId + at},8507,${year},0,0,${source}`);
  const periods = sources.map((_, at) => `${firstId + at},${firstId + at},2010-01-01,2020-01-01,32880`);
  return folderOf(t, {
    'person.csv': `${personHeader}\n${persons.join('\n')}\n`,
    'observation_period.csv': `observation_period_id,person_id,observation_period_start_date,observation_period_end_date,period_type_concept_id\n${periods.join('\n')}\n`,
    ...extra,
  });
}

export const named = (count: number, prefix = 'MRN'): string[] =>
  Array.from({ length: count }, (_, at) => `${prefix}-${at}`);

/** What a work says when it fails. */
export async function refused(work: Promise<unknown>): Promise<MoimError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof MoimError, String(error));
  return error;
}

/** Waits until `look` says so; fails after half a minute, telling what was waited for. */
export async function until(what: string, look: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 30_000;
  while (!(await look())) {
    if (performance.now() > end) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
}
