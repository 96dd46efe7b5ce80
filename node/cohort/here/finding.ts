/** What checking on this hospital's CDM finds: figures of the hospital, which stay there. */

import type { Finding } from '#sql/circe/expression.ts';

export interface HereFinding extends Finding {
  /** The concepts that a finding speaks of, all of them; its message names the first few. */
  readonly concepts?: readonly number[];
}

/** A finding about concepts. */
export function conceptFinding(
  finding: Omit<Finding, 'message'> & { readonly message: (concepts: string) => string },
  concepts: readonly number[],
): HereFinding {
  return { ...finding, message: finding.message(listed(concepts)), concepts };
}

const mostListed = 10;

function listed(concepts: readonly number[]): string {
  const some = concepts.slice(0, mostListed).join(', ');
  return concepts.length > mostListed ? `${some} and ${concepts.length - mostListed} more` : some;
}
