/** Cohorts that stand on other cohorts, as a policy looks at them. */

import type { CohortExpression } from '#sql/circe/expression.ts';
import { walk } from '#sql/circe/walk.ts';
import { once } from './once.ts';

/**
 * Gives a function that is true where a cohort stands on others and it or one of them speaks of calendar dates: two wide windows may
 * share a single day, and what they leave of one another may be as short. A cohort that many others name is looked at once.
 */
export function combinesDates(): (expression: CohortExpression) => boolean {
  const dated = once(namesDates);
  return (expression) => {
    const inner = expression.Cohorts ?? [];
    return inner.length > 0 && [expression, ...inner.map((each) => each.expression)].some(dated);
  };
}

function namesDates(expression: CohortExpression): boolean {
  let found = expression.CensorWindow !== undefined;
  walk(expression, {
    criterion({ filters, UserDefinedPeriod }) {
      found ||= UserDefinedPeriod !== undefined || filters.some(({ kind }) => kind === 'dates');
    },
    demographic({ filters }) {
      found ||= filters.some(({ kind }) => kind === 'dates');
    },
  });
  return found;
}
