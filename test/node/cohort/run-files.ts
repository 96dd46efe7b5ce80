/** Definitions written as files and run as `moim cohort generate` does. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RunOptions, runCohorts } from '#node/cohort/run.ts';
import type { GeneratedLine } from '#node/cohort/work.ts';
import type { TinyCdm } from '../../sql/circe/tiny-cdm.ts';
import { options, plain } from './three-persons.ts';

/** The lines of the definitions, written into the folder under their names, and how many were not ok. */
export async function runFiles(
  cdm: TinyCdm,
  files: Readonly<Record<string, object | string>>,
  home: string,
  more: Partial<RunOptions> = {},
): Promise<{ readonly failed: number; readonly lines: readonly GeneratedLine[] }> {
  mkdirSync(home, { recursive: true });
  const list = Object.entries(files).map(([name, definition]) => {
    const file = join(home, `${name}.json`);
    writeFileSync(file, typeof definition === 'string' ? definition : JSON.stringify(definition));
    return { name, file };
  });
  const lines: GeneratedLine[] = [];
  const failed = await runCohorts(cdm.pool, list, {
    ...options,
    resultsSchema: 'results',
    dataVersion: 'cdm:v1',
    now: () => new Date('2030-01-01T00:00:00Z'),
    onLine: (line) => lines.push(line),
    ...more,
  });
  return { failed, lines };
}

/** The lines alone. */
export async function run(...asked: Parameters<typeof runFiles>): Promise<readonly GeneratedLine[]> {
  return (await runFiles(...asked)).lines;
}

export const women = {
  ...plain,
  InclusionRules: [
    {
      name: 'women',
      expression: {
        Type: 'ALL',
        CriteriaList: [],
        DemographicCriteriaList: [{ Gender: [{ CONCEPT_ID: 8532 }] }],
        Groups: [],
      },
    },
  ],
};
