/** The engine under test: compiled definitions, run together on a real PostgreSQL over one small CDM. */

import type { ClientBase, Pool } from 'pg';
import { findCdmTable } from '#sql/cdm/tables.ts';
import { type CohortQuery, compile } from '#sql/circe/compile.ts';
import { conceptSetQuery } from '#sql/circe/concept-set.ts';
import type { CohortExpression } from '#sql/circe/expression.ts';
import { imagingTables } from '#sql/circe/imaging-schema.ts';
import { read } from '#sql/circe/read.ts';
import { refusals } from '#sql/circe/refusal.ts';
import type { Plan } from '#sql/circe/scope.ts';
import { cohortStatement, type GenerateRow, generatedCohort, selectStatement } from '#sql/circe/statement.ts';
import type { Answer, Asked } from './cohort.ts';
import { type Cdm, dateOf, type Value } from './data.ts';

/** A definition and one way of compiling it; every way must give the same answer. */
export interface Way extends Asked {
  /** Concept sets inside the statement, or resolved before. */
  readonly inline: boolean;
  /** How many rows each concept set is said to have: it decides the plan, never the answer. */
  readonly rows: 'unknown' | 'none' | 'few' | 'many' | 'mixed';
  readonly plan: Plan;
  readonly rowsOnly: boolean;
  readonly persons?: number;
  /** Whether the engine is told which concepts of each set the data have. */
  readonly used: boolean;
}

/** What real data lack and CDM 5.4 requires: the answer must not depend on it. */
export async function loosen(pool: Pool): Promise<void> {
  for (const name of Object.keys(notNull)) {
    const columns =
      findCdmTable(name)?.columns.filter((column) => column.required && !kept(name, column.name)) ?? [];
    if (columns.length === 0) continue;
    const drops = columns.map((column) => `alter column ${column.name} drop not null`);
    await pool.query(`alter table cdm.${name} ${drops.join(', ')}`);
  }
}

/** As cohorts are run (node/cohort/session.ts): compiling a plan would cost more than running it. */
const settings =
  'set local jit = off; set local max_parallel_workers_per_gather = 0; set local random_page_cost = 1.1';

const notNull = Object.fromEntries(
  'person observation_period visit_occurrence visit_detail condition_occurrence drug_exposure procedure_occurrence device_exposure measurement observation specimen death condition_era drug_era dose_era payer_plan_period concept concept_ancestor concept_relationship'
    .split(' ')
    .map((name) => [name, true]),
);

/** Keys, persons and dates stay as the standard has them. */
function kept(table: string, column: string): boolean {
  const primaryKey = findCdmTable(table)?.primaryKey ?? [];
  return primaryKey.includes(column) || column === 'person_id';
}

/** Answers of all ways over the CDM, in one transaction that leaves nothing behind. */
export async function runAll(pool: Pool, cdm: Cdm, ways: readonly Way[]): Promise<readonly Answer[]> {
  const client = await pool.connect();
  try {
    await client.query(`begin; ${settings}; ${load(cdm)}`);
    const expressions = ways.map(({ definition }) => expressionOf(definition));
    const queries: CohortQuery[] = [];
    const sets = await resolved(client, expressions);
    for (const [at, expression] of expressions.entries()) {
      const { parity, withoutRules, inline, rows, plan, rowsOnly, persons, used } = ways[at] as Way;
      const own = sets[at] ?? new Map<number, number[]>();
      queries.push(
        compile(expression, {
          cdmSchema: 'cdm',
          parity,
          withoutRules,
          conceptSets: inline ? 'inline' : own,
          plan,
          rowsOnly,
          persons,
          ...estimated(rows),
          ...(used && !inline ? { used: usedIn(cdm, own) } : {}),
        }),
      );
    }
    const statements = queries.flatMap((query) => [cohortStatement(query), selectStatement(query)]);
    const results = (await client.query(statements.join(';\n'))) as unknown as readonly {
      readonly rows: unknown[];
    }[];
    return queries.map((query, at) => {
      const rows = results[2 * at]?.rows as readonly Record<string, unknown>[];
      const [summary] = (results[2 * at + 1]?.rows ?? []) as GenerateRow[];
      if (summary === undefined) throw new Error('no summary');
      return {
        rows: rows.map((row) => `${row.subject_id} ${row.cohort_start_date} ${row.cohort_end_date}`),
        masks: generatedCohort(summary, query.ruleCount).inclusionResult,
      };
    });
  } finally {
    await client.query('rollback').catch(() => {});
    client.release();
  }
}

function expressionOf(definition: unknown): CohortExpression {
  const result = read(JSON.stringify(definition));
  if (!result.ok) throw new Error(`refused: ${JSON.stringify(result.findings)}`);
  const refused = refusals(result.expression);
  if (refused.length > 0) throw new Error(`refused: ${JSON.stringify(refused)}`);
  return result.expression;
}

/** The sets of all definitions in one statement, each under an id of its own. */
async function resolved(client: ClientBase, expressions: readonly CohortExpression[]) {
  const sets = expressions.flatMap((expression, at) => expression.ConceptSets.map((set) => ({ at, set })));
  if (sets.length === 0) return [];
  const { rows } = await client.query<{ codeset_id: number; concept_ids: number[] }>(
    conceptSetQuery(
      sets.map(({ set }, id) => ({ ...set, id })),
      { cdmSchema: 'cdm' },
    ),
  );
  const found = expressions.map(() => new Map<number, number[]>());
  for (const row of rows) {
    const of = sets[row.codeset_id];
    if (of !== undefined) found[of.at]?.set(of.set.id, row.concept_ids);
  }
  return found;
}

function usedIn(cdm: Cdm, sets: ReadonlyMap<number, readonly number[]>) {
  return ({
    table,
    column,
    CodesetId,
  }: {
    readonly table: string;
    readonly column: string;
    readonly CodesetId: number;
  }) => {
    const there = new Set(cdm[table]?.map((row) => row[column]));
    return (sets.get(CodesetId) ?? []).filter((id) => there.has(id));
  };
}

function estimated(rows: Way['rows']) {
  const counts = { none: 0, few: 3, many: 100_000 };
  if (rows === 'unknown') return {};
  if (rows !== 'mixed') return { rows: () => counts[rows] };
  let asked = 0;
  return { rows: () => (asked++ % 2 === 0 ? 1 : 100_000) };
}

/** INSERTs of every row. */
function load(cdm: Cdm): string {
  return Object.entries(cdm)
    .filter(([, rows]) => rows.length > 0)
    .map(([name, rows]) => {
      const columns = Object.keys(rows[0] ?? {});
      const values = rows.map(
        (row) =>
          `(${columns.map((column) => literal(row[column] ?? null, column.endsWith('_date'))).join(', ')})`,
      );
      const schema = imagingTables.has(name) ? 'imaging' : 'cdm';
      return `insert into ${schema}.${name} (${columns.join(', ')}) values ${values.join(', ')}`;
    })
    .join('; ');
}

function literal(value: Value, isDate: boolean): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`;
  return isDate && typeof value === 'number' ? `'${dateOf(value)}'` : String(value);
}
