/** Combinations of cohorts against a model that counts days one by one. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compile } from '#sql/circe/compile.ts';
import type { Combination } from '#sql/circe/expression.ts';
import { readStudyCohorts } from '#sql/circe/read/study-cohorts.ts';
import { testDatabase } from '#test/support/database.ts';
import { cohort } from './definitions.ts';

/** Days are numbers from 2020-01-01. */
interface Stay {
  readonly person: number;
  readonly start: number;
  readonly end: number;
}

const names = ['a', 'b', 'c'] as const;

const stay = fc
  .record({ person: fc.integer({ min: 1, max: 3 }), start: fc.nat({ max: 12 }), length: fc.nat({ max: 5 }) })
  .map(({ person, start, length }) => ({ person, start, end: start + length }));
const cohorts = fc.tuple(...names.map(() => fc.array(stay, { maxLength: 5 })));
const { combination } = fc.letrec<{ combination: Combination; operand: string | Combination }>((tie) => ({
  operand: fc.oneof({ maxDepth: 2, withCrossShrink: true }, fc.constantFrom(...names), tie('combination')),
  combination: fc.record({
    op: fc.constantFrom('union', 'intersect', 'minus'),
    by: fc.constantFrom('days', 'persons'),
    of: fc.array(tie('operand'), { minLength: 2, maxLength: 3 }),
  }),
}));

function modelOf({ op, by, of }: Combination, given: ReadonlyMap<string, readonly Stay[]>): readonly Stay[] {
  const operands = of.map((operand) =>
    typeof operand === 'string' ? (given.get(operand) ?? []) : modelOf(operand, given),
  );
  const holds = (inEach: readonly boolean[]): boolean => {
    if (op === 'union') return inEach.includes(true);
    const [first = false, ...others] = inEach;
    return op === 'intersect' ? !inEach.includes(false) : first && !others.includes(true);
  };
  const persons = [...new Set(operands.flat().map(({ person }) => person))];
  return persons.flatMap((person) => {
    const own = operands.map((rows) => rows.filter((row) => row.person === person));
    if (by === 'persons') {
      const [rows = []] = own.filter((each) => each.length > 0);
      return holds(own.map((each) => each.length > 0)) ? rows : [];
    }
    const days = Array.from({ length: 20 }, (_, day) =>
      holds(own.map((rows) => rows.some(({ start, end }) => start <= day && day <= end))),
    );
    return days.flatMap((held, start) => {
      if (!held || days[start - 1]) return [];
      const after = days.indexOf(false, start);
      return [{ person, start, end: (after < 0 ? days.length : after) - 1 }];
    });
  });
}

const inOrder = (rows: readonly Stay[]): readonly string[] =>
  rows.map(({ person, start, end }) => `${person} ${start} ${end}`).sort();

function bodyOf(rows: readonly Stay[]): string {
  const values = rows.map(({ person, start, end }) => `(${person}, ${start}, ${end})`);
  const source = values.length === 0 ? 'select 0, 0, 0 where false' : `values ${values.join(', ')}`;
  return (
    "select p::bigint as person_id, date '2020-01-01' + s as start_date, date '2020-01-01' + e as end_date " +
    `from (${source}) v(p, s, e)`
  );
}

test('every combination gives the rows of the model', async (t) => {
  const { pool } = await testDatabase(t);
  const definition = cohort([{ Death: {} }]);
  await fc.assert(
    fc.asyncProperty(cohorts, combination, async (rows, expression) => {
      const read = readStudyCohorts([
        ...names.map((name) => ({ name, definition })),
        { name: 'it', expression },
      ]);
      assert.ok(read.ok);
      const it = read.cohorts.at(-1)?.expression;
      assert.ok(it);
      const given = names.map((name, i) => ({ name, body: bodyOf(rows[i] ?? []), tables: [] }));
      const query = compile(it, { cdmSchema: 'cdm', conceptSets: new Map(), cohorts: given });
      const found = await pool.query<{ person: number; start: number; end: number }>(
        `with ${query.ctes} select person_id::int as person, start_date - date '2020-01-01' as start,
           end_date - date '2020-01-01' as end from ${query.final}`,
      );
      const model = modelOf(expression, new Map(names.map((name, i) => [name, rows[i] ?? []])));
      assert.deepEqual(inOrder(found.rows), inOrder(model));
    }),
    { numRuns: 300 },
  );
});
