/**
 * What a definition says that its author hardly meant, before any SQL exists: the checks of OHDSI's own checker
 * (circe-be `check/checkers`), what CDM 5.4 cannot answer, and where Circe's SQL is known to differ from the definition.
 */

import { conceptSetFindings } from '#sql/circe/check/concept-sets.ts';
import { defectFindings } from '#sql/circe/check/defects.ts';
import { exitFindings } from '#sql/circe/check/exits.ts';
import { groupFindings } from '#sql/circe/check/groups.ts';
import { rangeFindings } from '#sql/circe/check/ranges.ts';
import { windowFindings } from '#sql/circe/check/windows.ts';
import type { CohortExpression, Finding } from '#sql/circe/expression.ts';
import { refusals } from '#sql/circe/refusal.ts';

/** All findings, errors first; an error means that `compile` refuses the definition. */
export function check(expression: CohortExpression): readonly Finding[] {
  return [
    ...refusals(expression),
    ...conceptSetFindings(expression),
    ...rangeFindings(expression),
    ...windowFindings(expression),
    ...groupFindings(expression),
    ...exitFindings(expression),
    ...defectFindings(expression),
  ];
}
