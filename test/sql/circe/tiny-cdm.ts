/** A CDM of a few hand-made rows, and cohorts asked of it: prepare, run, verify. */

import assert from 'node:assert/strict';
import type { ClientBase, Pool } from 'pg';
import { resolveConceptSets } from '#node/cohort/concept-sets.ts';
import { cdmTablesOf, prepareCohort, writeCohort } from '#node/cohort/generate.ts';
import { withSession } from '#node/cohort/session.ts';
import { findCdmTable } from '#sql/cdm/tables.ts';
import { compile } from '#sql/circe/compile.ts';
import type { CohortExpression } from '#sql/circe/expression.ts';
import { read } from '#sql/circe/read.ts';
import { cohortStatement } from '#sql/circe/statement.ts';
import { type Ending, testDatabase } from '#test/support/database.ts';
import { findImagingTable } from './imaging-tables.ts';

export type Row = Readonly<Record<string, string | number | null>>;

export interface TinyCdm {
  readonly pool: Pool;
  /** Inserts rows; required columns that are not given get 0, an empty text or 2000-01-01. */
  add(table: string, ...rows: readonly Row[]): Promise<void>;
  /** A person (born 1980 unless said otherwise) observed from 2000 to 2020. */
  person(id: number, extra?: Row): Promise<void>;
  /** Rows `person start end` of the cohort, in order; compiled in several ways, which must agree. */
  rows(definition: object, options?: { readonly parity?: boolean }): Promise<readonly string[]>;
  /** The inclusion table [mode, mask, count] of the cohort. */
  masks(definition: object): Promise<readonly (readonly (number | bigint)[])[]>;
}

export async function tinyCdm(t: Ending): Promise<TinyCdm> {
  const { pool } = await testDatabase(t, { streams: ['cdm', 'results'] });
  // CDM 5.4 requires it; older data, which a hospital may attach, leave it out, and Circe knows what to do then.
  await pool.query('alter table cdm.drug_exposure alter column drug_exposure_end_date drop not null');
  let next = 1;
  const add = async (name: string, ...rows: readonly Row[]) => {
    const images = findImagingTable(name);
    const table = images ?? findCdmTable(name);
    assert.ok(table, name);
    const schema = images === undefined ? 'cdm' : 'imaging';
    for (const given of rows) {
      const row: Record<string, string | number | null> = { ...given };
      for (const column of table.columns) {
        if (column.name in row) continue;
        if (table.primaryKey.includes(column.name)) row[column.name] = next++;
        else if (column.required) row[column.name] = placeholder(column.type);
      }
      const names = Object.keys(row);
      const places = names.map((_, at) => `$${at + 1}`);
      await pool.query(
        `insert into ${schema}.${name} (${names.join(', ')}) values (${places.join(', ')})`,
        Object.values(row),
      );
    }
  };
  return {
    pool,
    add,
    async person(id, extra = {}) {
      await add('person', { person_id: id, gender_concept_id: 8532, year_of_birth: 1980, ...extra });
      await add('observation_period', {
        person_id: id,
        observation_period_start_date: '2000-01-01',
        observation_period_end_date: '2020-12-31',
      });
    },
    async rows(definition, { parity = false } = {}) {
      const [first = [], ...others] = await run(pool, { definition, parity }, everyWay);
      for (const other of others)
        assert.deepEqual(other, first, 'every way of compiling gives the same rows');
      return first;
    },
    masks: (definition) =>
      run(pool, { definition, parity: false }, async (client, expression) => {
        const query = await prepareCohort(client, expression, { cdmSchema: 'cdm' });
        return (await writeCohort(client, query, undefined)).inclusionResult;
      }),
  };
}

/**
 * Rows as prepared for real; with a list of persons before every probe; with every criterion joined to all events or made days of, where
 * nothing but the rows is asked for; and with the concept sets inside the statement.
 */
async function everyWay(
  client: ClientBase,
  expression: CohortExpression,
  options: { readonly cdmSchema: string; readonly parity: boolean },
): Promise<readonly (readonly string[])[]> {
  const tables = await cdmTablesOf(client, 'cdm');
  const absent = new Set(['concept_ancestor', 'concept_relationship'].filter((table) => !tables.has(table)));
  const conceptSets = await resolveConceptSets(client, expression.ConceptSets, { cdmSchema: 'cdm', absent });
  const queries = [
    await prepareCohort(client, expression, options),
    compile(expression, { ...options, conceptSets, rows: () => 5000, plan: 'list' }),
    compile(expression, { ...options, conceptSets, plan: 'join', rowsOnly: true }),
    compile(expression, { ...options, conceptSets, plan: 'cover', rowsOnly: true }),
    ...(absent.size === 0 ? [compile(expression, { ...options, conceptSets: 'inline' as const })] : []),
  ];
  const answers: (readonly string[])[] = [];
  for (const query of queries) {
    const { rows } = await client.query<{ line: string }>(
      `select concat_ws(' ', subject_id, cohort_start_date, cohort_end_date) as line from (${cohortStatement(query)}) c`,
    );
    answers.push(rows.map((row) => row.line));
  }
  return answers;
}

type Work<Result> = (
  client: ClientBase,
  expression: CohortExpression,
  options: { readonly cdmSchema: string; readonly parity: boolean },
) => Promise<Result>;

async function run<Result>(
  pool: Pool,
  { definition, parity }: { readonly definition: object; readonly parity: boolean },
  work: Work<Result>,
): Promise<Result> {
  const result = read(JSON.stringify(definition));
  assert.ok(result.ok, JSON.stringify(result));
  const { expression } = result;
  return withSession(pool, { readOnly: true }, (client) =>
    work(client, expression, { cdmSchema: 'cdm', parity }),
  );
}

function placeholder(type: string): string | number {
  if (type === 'date' || type === 'timestamp') return '2000-01-01';
  return type === 'text' || type === 'varchar' ? '' : 0;
}
