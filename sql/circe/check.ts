/**
 * What a definition says that its author hardly meant, before any SQL exists: the checks of OHDSI's own checker
 * (circe-be `check/checkers`), what CDM 5.4 cannot answer, and where Circe's SQL is known to differ from the definition.
 */

import { conceptSetFindings } from '#sql/circe/check/concept-sets.ts';
import { criterionFindings } from '#sql/circe/check/criteria.ts';
import { defectFindings } from '#sql/circe/check/defects.ts';
import { exitFindings } from '#sql/circe/check/exits.ts';
import { groupFindings } from '#sql/circe/check/groups.ts';
import { neverFindings } from '#sql/circe/check/never.ts';
import { rangeFindings } from '#sql/circe/check/ranges.ts';
import { repeatFindings } from '#sql/circe/check/repeats.ts';
import { windowFindings } from '#sql/circe/check/windows.ts';
import type { LanguageCode } from '#sql/circe/describe/words.ts';
import type { CohortExpression, Finding } from '#sql/circe/expression.ts';
import { refusals } from '#sql/circe/refusal.ts';
import { type Found, tell } from '#sql/circe/told.ts';

/**
 * Takes an expression that reads; gives all findings in English or Korean, each with its JSON path, those that `compile` refuses (errors) first.
 * Pure, and never throws. docs/cohort-checks.md lists the codes.
 */
export function check(expression: CohortExpression, language: LanguageCode = 'en'): readonly Finding[] {
  const refused = refusals(expression, language);
  // A combination of cohorts has no criteria of its own.
  if (expression.Combination !== undefined) return refused;
  return [...refused, ...warnings(expression).map((found) => tell(found, language))];
}

function warnings(expression: CohortExpression): readonly Found[] {
  return [
    ...conceptSetFindings(expression),
    ...criterionFindings(expression),
    ...rangeFindings(expression),
    ...windowFindings(expression),
    ...groupFindings(expression),
    ...repeatFindings(expression),
    ...neverFindings(expression),
    ...exitFindings(expression),
    ...defectFindings(expression),
  ];
}
