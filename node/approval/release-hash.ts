/**
 * The hash of what would leave: everything a site says of one job but when it says it and which roster it holds, so that two
 * computations on the same data under the same policy agree, and one cell more or less does not. Keyed: the audit log that names it may be
 * handed on, to readers who shall not guess figures from it.
 */

import { canonicalHash, type Json } from '#protocol/canonical.ts';
import { MoimError } from '#protocol/errors.ts';
import { ReleasedResult } from '../disclosure/release.ts';
import type { NodeIdentity } from '../identity.ts';
import { keyedHash } from '../keyed-hash.ts';

export function releaseHash(released: ReleasedResult, identity: Pick<NodeIdentity, 'archive'>): string {
  if (!ReleasedResult.is(released)) throw new MoimError('internal', 'a result that was not released');
  const { answeredAt: _at, roster: _roster, ...said } = released.answer;
  return keyedHash(identity, 'moim release hash 1')(canonicalHash(said as unknown as Json));
}
