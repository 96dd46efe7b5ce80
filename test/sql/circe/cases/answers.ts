/** Asks many definitions in few round trips: each costs its planning alone, so that thousands of cases take seconds. */

import type { Pool } from 'pg';
import { compile } from '#sql/circe/compile.ts';
import type { CohortExpression } from '#sql/circe/expression.ts';
import { read } from '#sql/circe/read.ts';
import type { Plan } from '#sql/circe/scope.ts';
import { cohortStatement } from '#sql/circe/statement.ts';
import type { TinyCdm } from '../tiny-cdm.ts';
import { type Case, conceptsOf, type Feature } from './case.ts';

/** Rows `person start end` in order, or why there are none. */
export type Answer = readonly string[] | Error;

const atOnce = 100;

/** The expression of a definition; throws with all findings where it does not read. */
export function expressionOf(definition: object): CohortExpression {
  const result = read(JSON.stringify(definition));
  if (!result.ok) throw new Error(JSON.stringify(result.findings));
  return result.expression;
}

/** The statement of an expression whose concept sets list single concepts, which all stand in CONCEPT. */
export function statementOf(expression: CohortExpression, parity = false, plan: Plan = 'cheaper'): string {
  const conceptSets = new Map(
    expression.ConceptSets.map((set) => [set.id, set.items.map((one) => Number(one.concept.CONCEPT_ID))]),
  );
  const query = compile(expression, { cdmSchema: 'cdm', conceptSets, parity, plan });
  return `select concat_ws(' ', subject_id, cohort_start_date, cohort_end_date) as line from (${cohortStatement(query)}) c`;
}

/** The answers in the order of the questions; a question that cannot be compiled or run is answered by its error. */
export async function answersTo(
  pool: Pool,
  statements: readonly (() => string)[],
): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  for (let at = 0; at < statements.length; at += atOnce)
    answers.push(...(await some(pool, statements.slice(at, at + atOnce))));
  return answers;
}

async function some(pool: Pool, statements: readonly (() => string)[]): Promise<readonly Answer[]> {
  const compiled = statements.map((statement) => {
    try {
      return statement();
    } catch (error) {
      return error as Error;
    }
  });
  const texts = compiled.filter((one) => typeof one === 'string');
  const results = await run(pool, texts);
  let next = 0;
  return compiled.map((one) => (typeof one === 'string' ? (results[next++] ?? new Error('no answer')) : one));
}

async function run(pool: Pool, texts: readonly string[]): Promise<readonly Answer[]> {
  if (texts.length === 0) return [];
  try {
    const results: unknown = await pool.query(['set jit = off', ...texts].join(';\n'));
    return (results as { rows: { line: string }[] }[])
      .slice(1)
      .map(({ rows }) => rows.map(({ line }) => line));
  } catch (error) {
    if (texts.length === 1) return [error as Error];
    const half = Math.ceil(texts.length / 2);
    return [...(await run(pool, texts.slice(0, half))), ...(await run(pool, texts.slice(half)))];
  }
}

/** Empties the CDM and inserts the rows of a feature. */
export async function fill(cdm: TinyCdm, feature: Feature): Promise<void> {
  const { rows } = await cdm.pool.query<{ statement: string }>(
    `select format('delete from %I.%I', schemaname, tablename) as statement from pg_tables where schemaname in ('cdm', 'imaging')`,
  );
  await cdm.pool.query(rows.map(({ statement }) => statement).join(';'));
  await cdm.add('concept', ...conceptsOf(feature));
  for (const [table, list] of Object.entries(feature.rows)) await cdm.add(table, ...list);
}

/** What each case of a feature gives. */
export async function answersOf(
  cdm: TinyCdm,
  cases: readonly Case[],
  plan?: Plan,
): Promise<readonly Answer[]> {
  return answersTo(
    cdm.pool,
    cases.map(
      ({ definition, parity }) =>
        () =>
          statementOf(expressionOf(definition), parity, plan),
    ),
  );
}
