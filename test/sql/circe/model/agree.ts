/** Model and engine, asked the same. */

import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Pool } from 'pg';
import { cdms } from './arbitrary-cdm.ts';
import { definitions } from './arbitrary-definition.ts';
import { type Answer, answerOf } from './cohort.ts';
import type { Cdm, Json } from './data.ts';
import { runAll, type Way } from './engine.ts';

export interface Fuzz {
  /** How many definitions in all. */
  readonly runs: number;
  readonly seed: number;
  /** How many of them share a CDM and a round trip. */
  readonly batch?: number;
  /** Whether a disagreement is made as small as it can be. */
  readonly shrink?: boolean;
  /** Changes what the engine is asked, never what the model is: the difference must be found. */
  readonly plant?: (definition: Json) => Json;
  /** Told of every answer, before it is judged. */
  readonly onAnswer?: (answer: Answer) => void;
}

const way = fc.record({
  definition: definitions,
  parity: fc.constantFrom(false, false, false, true),
  inline: fc.boolean(),
  rows: fc.constantFrom('unknown', 'none', 'few', 'many', 'mixed'),
  withoutRules: fc.constantFrom<number[][]>([], [], [], [0], [1, 2]),
  plan: fc.constantFrom('cheaper', 'probe', 'join', 'cover'),
  rowsOnly: fc.boolean(),
  persons: fc.constantFrom(undefined, 4, 1_000_000),
  used: fc.boolean(),
}) as fc.Arbitrary<Way>;

/** Runs machine-made definitions over machine-made data; throws the smallest case in which the two disagree. */
export async function agree(
  pool: Pool,
  { runs, seed, batch = 10, shrink = true, plant = (same) => same, onAnswer }: Fuzz,
): Promise<void> {
  const cases = fc.record({
    cdm: cdms,
    ways: fc.array(way, { minLength: 1, maxLength: batch, size: 'max' }),
  });
  await fc.assert(
    fc.asyncProperty(cases, async ({ cdm, ways }) => {
      const answers = await runAll(
        pool,
        cdm,
        ways.map((one) => ({ ...one, definition: plant(one.definition) })),
      );
      for (const [at, one] of ways.entries()) {
        const expected = answerOf(cdm, one);
        onAnswer?.(expected);
        compare(one, answers[at], expected);
      }
    }),
    {
      seed,
      unbiased: true,
      endOnFailure: !shrink,
      numRuns: Math.ceil((2 * runs) / batch),
      reporter: (details) => report(details),
    },
  );
}

/** One definition of a case in which the two differ; its neighbours have nothing to do with it. */
class Disagreement extends Error {
  readonly way: Way;
  constructor(way: Way, message: string) {
    super(message);
    this.name = 'Disagreement';
    this.way = way;
  }
}

function compare(way: Way, actual: Answer | undefined, expected: Answer): void {
  try {
    assert.deepEqual(actual, expected);
  } catch (error) {
    throw new Disagreement(way, error instanceof Error ? error.message : String(error));
  }
}

function report(details: fc.RunDetails<[{ cdm: Cdm; ways: Way[] }]>): void {
  if (!details.failed) return;
  const { cdm = {}, ways = [] } = details.counterexample?.[0] ?? {};
  const error = details.errorInstance;
  const differing = error instanceof Disagreement ? [error.way] : ways;
  throw new Error(
    [
      `seed ${details.seed}: ${details.numRuns} runs, ${details.numShrinks} shrinks`,
      ...differing.map((way) => JSON.stringify(way)),
      ...Object.entries(cdm).flatMap(([table, rows]) =>
        rows.length === 0 ? [] : [`${table}: ${JSON.stringify(rows)}`],
      ),
      error instanceof Error ? error.message : String(error),
    ].join('\n'),
  );
}
