/**
 * The hash of what would leave: everything a site says of one job but when it says it and which roster it holds, so that two
 * computations on the same data under the same policy agree, and one cell more or less does not.
 */

import { canonicalHash, type Json } from '#protocol/canonical.ts';
import { MoimError } from '#protocol/errors.ts';
import { ReleasedResult } from '../disclosure/release.ts';

export function releaseHash(released: ReleasedResult): string {
  if (!ReleasedResult.is(released)) throw new MoimError('internal', 'a result that was not released');
  const { answeredAt: _at, roster: _roster, ...said } = released.answer;
  return canonicalHash(said as unknown as Json);
}
