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

/** Reads and checks a file, and tells it in words. Throws what `here` throws. */
export async function reportOf(definition: DefinitionFile, options: ReportOptions = {}): Promise<Report> {
  const { file } = definition;
  const { language = 'en' } = options;
  const result = resultOf(definition, language);
  if (!result.ok) return { file, findings: result.findings, words: [] };
  const { expression } = result;
  const findings = sorted([...result.warnings, ...check(expression, language)]);
  const lines = describe(expression, language);
  if (options.here === undefined || refusals(expression).length > 0) return { file, findings, words: lines };
  const { findings: shown, ...here } = await options.here(expression);
  const marked = sorted(shown).map((finding) => ({ ...finding, here: true as const }));
  const { stays } = words[language];
  return { file, findings: [...findings, ...marked], here: { stays, ...here }, words: lines };
}

/** True where something keeps a definition from running, here or anywhere. */
export function hasErrors({ findings }: Report): boolean {
  return findings.some(({ severity }) => severity === 'error');
}

const weights = { error: 0, warning: 1, info: 2 };

function sorted(findings: readonly HereFinding[]): readonly HereFinding[] {
  return [...findings].sort((one, other) => weights[one.severity] - weights[other.severity]);
}

/** What stands around findings. */
const words: Readonly<Record<LanguageCode, ReportWords>> = {
  en: {
    stays: 'figures of this hospital, which stay here',
    none: 'nothing found',
    here: 'here',
    severity: { error: 'error', warning: 'warning', info: 'info' },
    cost: ({ word, rows, plannerCost }) =>
      `cost: ${word} (about ${rows} rows looked at, planner cost ${plannerCost})`,
  },
  ko: {
    stays: '이 기관의 수치이며 기관 밖으로 나가지 않음',
    none: '발견된 문제 없음',
    here: '자료 확인 결과',
    severity: { error: '오류', warning: '경고', info: '참고' },
    cost: ({ word, rows, plannerCost }) =>
      `예상 비용: ${costWords[word]}(조회할 기록 약 ${rows}건, 실행 계획 비용 ${plannerCost})`,
  },
};

const costWords: Readonly<Record<Cost['word'], string>> = {
  trifling: '매우 작음',
  small: '작음',
  large: '큼',
  'very large': '매우 큼',
};

interface ReportWords {
  readonly stays: string;
  readonly none: string;
  readonly here: string;
  readonly severity: Readonly<Record<Finding['severity'], string>>;
  cost(cost: Cost): string;
}

/** For people: findings, what this CDM says, then the definition in words. */
export function reportText(
  { file, findings, here, words: lines }: Report,
  language: LanguageCode = 'en',
): string {
  const say = words[language];
  const own = findings.filter((finding) => finding.here !== true);
  const shown = findings.filter((finding) => finding.here === true);
  return [
    file,
    ...findingLines(own, say),
    ...(here === undefined
      ? []
      : [
          `  ${say.here} (${here.stays}):`,
          ...findingLines(shown, say),
          ...(here.cost === undefined ? [] : [`  ${say.cost(here.cost)}`]),
        ]),
    ...lines.map((line) => `  | ${line}`),
  ].join('\n');
}

function findingLines(findings: readonly Finding[], say: ReportWords): readonly string[] {
  if (findings.length === 0) return [`  ${say.none}`];
  return findings.map(
    ({ severity, code, path, message, remedy }) =>
      `  ${say.severity[severity]} ${code} ${path}\n    ${message}${remedy === undefined ? '' : `. ${remedy}`}`,
  );
}
