/** What checking on this hospital's CDM finds: figures of the hospital, which stay there. */

import type { Finding } from '#sql/circe/expression.ts';
import type { Found, Told } from '#sql/circe/told.ts';
import { listed } from './messages.ts';

export interface HereFinding extends Finding {
  /** The concepts that a finding speaks of, all of them; its message names the first few. */
  readonly concepts?: readonly number[];
}

/** The same in every language. */
export interface HereFound extends Found {
  readonly concepts?: readonly number[];
}

/** A finding about concepts. */
export function conceptFinding(
  finding: Omit<Found, 'message'> & { readonly message: (concepts: Told) => Told },
  concepts: readonly number[],
): HereFound {
  return { ...finding, message: finding.message(listed(concepts)), concepts };
}
