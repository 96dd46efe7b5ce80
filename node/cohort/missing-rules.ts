/** `--without-rule N` names rules by number: one that the definition does not have leaves nothing out, which nobody meant. */

import { MoimError } from '#protocol/errors.ts';
import type { CohortExpression } from '#sql/circe/expression.ts';

/** Throws MoimError `definition-refused` that says which rules there are. */
export function refuseMissingRules(
  { InclusionRules, Combination }: CohortExpression,
  withoutRules: readonly number[] = [],
): void {
  const count = InclusionRules.length;
  const missing = [...new Set(withoutRules)].filter((rule) => rule >= count);
  if (missing.length === 0) return;
  const [what, verb] = missing.length === 1 ? ['inclusion rule', 'is'] : ['inclusion rules', 'are'];
  const who = Combination === undefined ? 'the definition' : 'a combination of cohorts';
  throw new MoimError(
    'definition-refused',
    `there ${verb} no ${what} ${missing.join(', ')}: ${who} has ${inWords(count)}`,
    {
      remedy:
        count === 0
          ? 'Leave --without-rule out.'
          : 'Give --without-rule the number of one of them; rules are numbered from 0.',
    },
  );
}

function inWords(count: number): string {
  if (count === 0) return 'none';
  return count === 1 ? 'one, rule 0' : `${count}, rules 0 to ${count - 1}`;
}
