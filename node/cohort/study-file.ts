/** Cohorts that stand together in a study file (`study.json`, or any JSON with `cohorts` and `pinned` as there). */

import { existsSync } from 'node:fs';
import { readStudyFile } from '#host/study-file.ts';
import { MoimError } from '#protocol/errors.ts';
import { readCohortList } from '#protocol/study-cohort.ts';
import type { LanguageCode } from '#sql/circe/describe.ts';
import type { CohortExpression, Finding } from '#sql/circe/expression.ts';
import { readMessages } from '#sql/circe/read/messages.ts';
import { type ReadCohorts, readStudyCohorts } from '#sql/circe/read/study-cohorts.ts';
import type { ReadResult } from '#sql/circe/read.ts';

/** One cohort of a study file. */
export interface CohortInFile {
  readonly name: string;
  /** The file and the cohort in it, as messages name it. */
  readonly file: string;
  readonly inStudy: {
    /** Everything that its rows depend on beside data and engine: its own definition and all that it names. */
    readonly text: string;
    readonly result: ReadResult;
  };
}

/**
 * The cohorts of `study.json`, or of `study.json#NAME` that one. Undefined where the file is no study. Throws MoimError
 * `bad-input` for a study that cannot be read, `usage` for a name that it does not have.
 */
export function cohortsInFile(
  path: string,
  text: (path: string) => string,
  language: LanguageCode = 'en',
): readonly CohortInFile[] | undefined {
  const [, before = path, wanted] = existsSync(path) ? [] : (/^(.+?)#(.+)$/s.exec(path) ?? []);
  if (!/"cohorts"\s*:/.test(text(before))) {
    if (wanted !== undefined) throw new MoimError('usage', `${before} is no study file`);
    return undefined;
  }
  const { cohorts, pinned } = readCohortList(readStudyFile(before));
  const read = readStudyCohorts(cohorts, pinned, language);
  const all = cohorts.map(({ name }, at) => ({
    name,
    file: `${before}#${name}`,
    inStudy: cohortAt(read, at, language),
  }));
  if (wanted === undefined) return all;
  const found = all.filter(({ name }) => name === wanted);
  if (found.length === 0) throw new MoimError('usage', `${before} has no cohort of that name`);
  return found;
}

function cohortAt(read: ReadCohorts, at: number, language: LanguageCode): CohortInFile['inStudy'] {
  if (read.ok) {
    const expression = read.cohorts[at]?.expression;
    if (expression === undefined) throw new MoimError('internal', 'a study without one of its cohorts');
    return { text: textOf(expression), result: { ok: true, expression, warnings: [] } };
  }
  const own = read.findings.filter(({ cohort }) => cohort === at || cohort < 0);
  const others: Finding = {
    code: 'other-cohort',
    severity: 'error',
    path: '$',
    message: readMessages.otherCohort[language],
  };
  return { text: '', result: { ok: false, findings: own.length > 0 ? own : [others] } };
}

const textOf = (expression: CohortExpression): string =>
  JSON.stringify(expression, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value));
