/** Counts of cohorts at random, small numbers and small differences more often than in life. */

import fc from 'fast-check';
import type { CohortCounts } from '#sql/analysis/count/spec.ts';

export interface Shape {
  /** The bands and sex concepts that the cohort's definition lets in. */
  readonly bands: readonly number[];
  readonly sexes: readonly number[];
  /** Whether a person can have a second row. */
  readonly repeats: boolean;
}

const inner = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 7 }), fc.nat(60));
const step = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 6 }), fc.nat(60));

export function counts({ bands, sexes, repeats }: Shape): fc.Arbitrary<CohortCounts> {
  const size = bands.length * sexes.length;
  return fc
    .record({
      strata: fc.array(inner, { minLength: size, maxLength: size }),
      lost: fc.array(step, { maxLength: 3 }),
      outside: fc.tuple(step, fc.constantFrom(0, 500)),
      more: repeats ? fc.tuple(step, fc.nat(9)) : fc.constant([0, 0] as const),
    })
    .map(({ strata, lost, outside, more: [again, further] }) => {
      const persons = strata.reduce((sum, value) => sum + value, 0);
      const chain = [persons];
      for (const value of lost) chain.unshift(chain[0]! + value);
      const repeatPersons = Math.min(persons, again);
      return {
        persons,
        rows: persons + repeatPersons + (repeatPersons === 0 ? 0 : further),
        repeatPersons,
        population: chain[0]! + outside[0] + outside[1],
        strata: sexes.flatMap((genderConceptId, row) =>
          bands.map((band, column) => ({
            genderConceptId,
            band,
            persons: strata[row * bands.length + column]!,
          })),
        ),
        entryPersons: chain[0]!,
        rulePersons: lost.length === 0 ? [] : chain,
      };
    });
}
