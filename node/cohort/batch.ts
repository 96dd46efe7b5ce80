/**
 * Several definitions in one message and one transaction: a round trip, a commit and the note of a run cost about as much as a small
 * cohort does. Where one of them fails nothing of the group is kept, and the caller runs its members one by one.
 */

import type { ClientBase, QueryResult } from 'pg';
import { databaseError } from '#host/postgres/error.ts';
import { MoimError } from '#protocol/errors.ts';
import type { CohortQuery } from '#sql/circe/compile.ts';
import {
  type GeneratedCohort,
  type GenerateRow,
  generatedCohort,
  generateStatement,
  noteStatement,
  type Recording,
  removeStatement,
  selectStatement,
} from '#sql/circe/statement.ts';

/** A definition ready to run; `recording` is absent where it is only looked at. */
export interface Prepared {
  readonly query: CohortQuery;
  readonly recording: Recording | undefined;
}

export interface Ran {
  readonly summary: GeneratedCohort;
  readonly ms: number;
}

/** The answers in order; undefined where one of them failed (then nothing is written). Throws where going on makes no sense. */
export async function runGroup(
  client: ClientBase,
  group: readonly Prepared[],
  signal: AbortSignal | undefined,
): Promise<readonly Ran[] | undefined> {
  const recordings = group.flatMap(({ recording }) => recording ?? []);
  const replaced = recordings.filter(({ replaces }) => replaces);
  const [first] = recordings;
  const statements = group.map(({ query, recording }) =>
    recording === undefined ? selectStatement(query) : generateStatement(query, recording),
  );
  const opening = [
    'begin',
    ...(first !== undefined && replaced.length > 0 ? [removeStatement(first.resultsSchema, replaced)] : []),
    clock,
  ];
  try {
    const results = await ask(client, [...opening, ...statements.flatMap((statement) => [statement, clock])]);
    const ran = answersOf(results.slice(opening.length - 1), group);
    const notes = group.flatMap(({ recording, query }, at) => {
      const { row, ms } = ran[at] ?? missing();
      return recording === undefined ? [] : [{ ...recording, ms, summary: row, ruleCount: query.ruleCount }];
    });
    await ask(client, [...(notes.length > 0 ? [noteStatement(notes)] : []), 'commit']);
    return ran.map(({ row, ms }, at) => ({
      summary: generatedCohort(row, group[at]?.query.ruleCount ?? 0),
      ms,
    }));
  } catch (cause) {
    const error = databaseError(cause, signal);
    if (error.code === 'interrupted' || error.code === 'database-unavailable') throw error;
    await client.query('rollback');
    return undefined;
  }
}

/** Stands between the statements, for how long each of them took: the time of a message is one for all. */
const clock = 'select extract(epoch from clock_timestamp())::float8 * 1000 as at';

async function ask(client: ClientBase, statements: readonly string[]): Promise<readonly QueryResult[]> {
  const results: unknown = await client.query(statements.join(';\n'));
  return Array.isArray(results) ? results : [results as QueryResult];
}

function answersOf(results: readonly QueryResult[], group: readonly Prepared[]) {
  const times = group.map((_, at) => timeOf(results[2 * at + 2]) - timeOf(results[2 * at]));
  return group.map((_, at) => {
    const row = results[2 * at + 1]?.rows[0] as GenerateRow | undefined;
    return { row: row ?? missing(), ms: Math.round((times[at] ?? 0) * 1000) / 1000 };
  });
}

function timeOf(result: QueryResult | undefined): number {
  return (result?.rows[0] as { at: number } | undefined)?.at ?? missing();
}

function missing(): never {
  throw new MoimError('internal', 'the cohort gave no row');
}
