/** What `moim cohort check` says of a definition. */

import { check } from '#sql/circe/check.ts';
import { describe, type LanguageCode } from '#sql/circe/describe.ts';
import type { CohortExpression, Finding } from '#sql/circe/expression.ts';
import { refusals } from '#sql/circe/refusal.ts';
import { type DefinitionFile, resultOf } from './definitions.ts';
import type { Cost } from './here/cost.ts';
import type { HereFinding } from './here/finding.ts';
import type { Here } from './here.ts';

export interface Report {
  readonly file: string;
  /** Those of the definition first; `here` marks what this CDM showed. */
  readonly findings: readonly ReportFinding[];
  /** Only where this CDM was asked: the sentence that its figures stay there, and what the cohort is likely to cost. */
  readonly here?: { readonly stays: string; readonly cost?: Cost };
  /** The definition in words, a line each; empty where it cannot be read. */
  readonly words: readonly string[];
}

interface ReportFinding extends HereFinding {
  readonly here?: true;
}

export interface ReportOptions {
  readonly language?: LanguageCode;
  /** Adds what only a database can say, of a definition that can run. */
  readonly here?: (expression: CohortExpression) => Promise<Here>;
}

const stays = 'figures of this hospital, which stay here';

/** Reads and checks a file, and tells it in words. Throws what `here` throws. */
export async function reportOf(definition: DefinitionFile, options: ReportOptions = {}): Promise<Report> {
  const { file } = definition;
  const result = resultOf(definition);
  if (!result.ok) return { file, findings: result.findings, words: [] };
  const { expression } = result;
  const findings = sorted([...result.warnings, ...check(expression)]);
  const words = describe(expression, options.language);
  if (options.here === undefined || refusals(expression).length > 0) return { file, findings, words };
  const { findings: shown, ...here } = await options.here(expression);
  const marked = sorted(shown).map((finding) => ({ ...finding, here: true as const }));
  return { file, findings: [...findings, ...marked], here: { stays, ...here }, words };
}

/** True where something keeps a definition from running, here or anywhere. */
export function hasErrors({ findings }: Report): boolean {
  return findings.some(({ severity }) => severity === 'error');
}

const weights = { error: 0, warning: 1, info: 2 };

function sorted(findings: readonly HereFinding[]): readonly HereFinding[] {
  return [...findings].sort((one, other) => weights[one.severity] - weights[other.severity]);
}

/** For people: findings, what this CDM says, then the definition in words. */
export function reportText({ file, findings, here, words }: Report): string {
  const own = findings.filter((finding) => finding.here !== true);
  const shown = findings.filter((finding) => finding.here === true);
  return [
    file,
    ...findingLines(own),
    ...(here === undefined
      ? []
      : [`  here (${here.stays}):`, ...findingLines(shown), ...costLines(here.cost)]),
    ...words.map((line) => `  | ${line}`),
  ].join('\n');
}

function findingLines(findings: readonly Finding[]): readonly string[] {
  if (findings.length === 0) return ['  nothing found'];
  return findings.map(
    ({ severity, code, path, message, remedy }) =>
      `  ${severity} ${code} ${path}\n    ${message}${remedy === undefined ? '' : `. ${remedy}`}`,
  );
}

function costLines(cost: Cost | undefined): readonly string[] {
  if (cost === undefined) return [];
  return [`  cost: ${cost.word} (about ${cost.rows} rows looked at, planner cost ${cost.plannerCost})`];
}
