/**
 * From an expression to SQL: one chain of common table expressions, composable by whoever appends what to do with
 * them. Semantics are OHDSI Circe's; the shape is our own. Entry events are computed once and materialized, every
 * further criterion is a correlated probe of one person's rows: there is nothing for the planner to misjudge, where
 * Circe's inlined joins made some definitions run for hours (circe-be#192).
 */

import { combinedRows } from '#sql/circe/combine.ts';
import { conceptSetQuery } from '#sql/circe/concept-set.ts';
import type { Cte } from '#sql/circe/entry.ts';
import { cohortRows, finalCohort } from '#sql/circe/era.ts';
import type { CohortExpression, InclusionRule } from '#sql/circe/expression.ts';
import { cohortParts, memberParts } from '#sql/circe/members.ts';
import { pinnedSets } from '#sql/circe/pinned.ts';
import { askedEvents, includedEvents, isSingle, unaskedEvents, unaskedRows } from '#sql/circe/qualified.ts';
import { refusals } from '#sql/circe/refusal.ts';
import { type CompileOptions, createScope, type Scope } from '#sql/circe/scope.ts';

export interface CohortQuery {
  /** Text after WITH, comma-separated, no trailing comma. */
  readonly ctes: string;
  /** Name of the CTE of cohort rows: (person_id bigint, start_date, end_date). */
  readonly final: 'final_cohort';
  /**
   * Name of the materialized CTE of qualified events before ExpressionLimit: (person_id, event_id, start_date, …, mask bigint).
   * With `rowsOnly`, and where nothing is asked of entry events, it is not there.
   */
  readonly events: 'qualified_events';
  readonly ruleCount: number;
  readonly ruleNames: readonly string[];
  /** Whether no two rows of a person begin on one day: else their ends tell them apart. */
  readonly startsDiffer: boolean;
  /** The rows as one query: what `options.cohorts` takes of a cohort that others name. */
  readonly body: string;
  /** CDM tables read, sorted; vocabulary tables only with inline concept sets. */
  readonly tables: readonly string[];
}

/**
 * Takes an expression without `refusals` (throws RangeError otherwise: see check) and gives its query.
 * Pure: equal input gives equal text. Rules in `withoutRules` are left out and the others keep their order.
 */
export function compile(expression: CohortExpression, options: CompileOptions): CohortQuery {
  const [refusal] = refusals(expression);
  if (refusal !== undefined) throw new RangeError(`${refusal.path}: ${refusal.message}`);
  const without = new Set(options.withoutRules);
  const rules = expression.InclusionRules.filter((_rule, index) => !without.has(index));
  const scope = createScope(options);
  const cohorts = options.cohorts ?? [];
  const { Combination } = expression;
  const ctes: readonly Cte[] = Combination
    ? combinedRows(Combination, cohorts)
    : [
        ...(options.conceptSets === 'inline' ? [inlineSets(expression, options.cdmSchema)] : []),
        ...eventsOf(scope, expression, rules, options.rowsOnly ?? false),
        ...cohortRows(scope, expression),
        finalCohort(expression.CollapseSettings.EraPad, isSingle(expression), expression.CensorWindow),
      ];
  const own = [...memberParts(scope.probed), ...ctes];
  return {
    ctes: textOf([...cohortParts(cohorts), ...own]),
    body: `with ${textOf(own)}\nselect person_id, start_date, end_date from final_cohort`,
    final: 'final_cohort',
    events: 'qualified_events',
    ruleCount: rules.length,
    ruleNames: rules.map((rule) => rule.name),
    // Eras of a person begin one after the other, unless a negative pad lets them overlap; a window may cut two of them to one day.
    startsDiffer:
      Combination === undefined &&
      expression.CollapseSettings.EraPad >= 0 &&
      expression.CensorWindow?.StartDate === undefined,
    tables: [...new Set([...scope.tables, ...cohorts.flatMap(({ tables }) => tables)])].sort(),
  };
}

const textOf = (ctes: readonly Cte[]): string =>
  ctes.map((cte) => `${cte.name} as ${cte.materialized ? 'materialized ' : ''}(\n${cte.sql}\n)`).join(',\n');

function eventsOf(
  scope: Scope,
  expression: CohortExpression,
  rules: readonly InclusionRule[],
  rowsOnly: boolean,
): readonly Cte[] {
  const unasked = rules.length === 0 && expression.AdditionalCriteria === undefined;
  if (unasked && rowsOnly) return [unaskedRows(scope, expression)];
  const groups = rules.map((rule) => rule.expression);
  return [
    ...(unasked ? [unaskedEvents(scope, expression)] : askedEvents(scope, expression, groups, rowsOnly)),
    includedEvents(expression, rules.length),
  ];
}

function inlineSets(expression: CohortExpression, cdmSchema: string): Cte {
  return {
    name: 'concept_sets',
    materialized: true,
    sql: conceptSetQuery(pinnedSets(expression), { cdmSchema }),
  };
}
