/** What `moim cohort check` says of a definition. */

import { check } from '#sql/circe/check.ts';
import { describe } from '#sql/circe/describe.ts';
import type { CohortExpression, Finding } from '#sql/circe/expression.ts';
import { read } from '#sql/circe/read.ts';
import { refusals } from '#sql/circe/refusal.ts';
import { type DefinitionFile, readDefinitionText } from './definitions.ts';

export interface Report {
  readonly file: string;
  readonly findings: readonly Finding[];
  /** The definition in words, a line each; empty where it cannot be read. */
  readonly words: readonly string[];
}

/** Reads and checks a file. `more` adds what only a database can say, of a definition that can run. */
export async function reportOf(
  { file }: DefinitionFile,
  more?: (expression: CohortExpression) => Promise<readonly Finding[]>,
): Promise<Report> {
  const result = read(readDefinitionText(file));
  if (!result.ok) return { file, findings: result.findings, words: [] };
  const { expression } = result;
  const runs = more !== undefined && refusals(expression).length === 0;
  const found = runs ? await more(expression) : [];
  return { file, findings: [...check(expression), ...found], words: describe(expression) };
}

export function hasErrors(report: Report): boolean {
  return report.findings.some((finding) => finding.severity === 'error');
}

/** For people: findings, then the definition in words. */
export function reportText(report: Report): string {
  const lines = report.findings.map(
    ({ severity, code, path, message, remedy }) =>
      `  ${severity} ${code} ${path}\n    ${message}${remedy === undefined ? '' : ` ${remedy}`}`,
  );
  const found = lines.length === 0 ? ['  nothing found'] : lines;
  return [report.file, ...found, ...report.words.map((line) => `  | ${line}`)].join('\n');
}
