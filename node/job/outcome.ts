/** What a fault means for a job: whether it passes by itself, and which coarse code may leave. */

import { type ErrorCode, errors, type MoimError } from '#protocol/errors.ts';

/** Faults that pass by themselves: the job stays waiting and is tried again. */
const passing: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'database-unavailable',
  'disk-full',
  'database-busy',
  'data-changed',
  'permission-changed',
  'set-back',
]);

export const isPassing = (error: MoimError): boolean => passing.has(error.code);

/** The coarse code that may leave: the error's own where the table allows it. */
export function wireCode(error: MoimError): ErrorCode {
  return 'wire' in errors[error.code] ? error.code : 'internal';
}

/** Where a job ends that met this fault: refused by the hospital, past its time, or failed. */
export function endState(error: MoimError): 'refused' | 'expired' | 'failed' {
  if (error.code === 'expired') return 'expired';
  const own = error.code === 'disclosure-failed' || error.code === 'database-permission';
  return errors[error.code].exit === 3 && !own ? 'refused' : 'failed';
}
