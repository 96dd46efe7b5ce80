/** A rule that is switched off by number and is not there, where one definition alone is asked for. */

import { MoimError } from '#protocol/errors.ts';
import { type DefinitionFile, resultOf } from './definitions.ts';
import { refuseMissingRules } from './missing-rules.ts';

/** Of a FILE given alone a rule that it does not have is a slip on the command line; of many definitions it is a line of each. */
export function refuseWithoutRules(
  args: readonly string[],
  files: readonly DefinitionFile[],
  rules: readonly number[],
): void {
  const [only, ...more] = files;
  if (only === undefined || more.length > 0 || (only.file !== args[0] && only.inStudy === undefined)) return;
  const read = resultOf(only);
  if (!read.ok) return;
  try {
    refuseMissingRules(read.expression, rules);
  } catch (cause) {
    if (!(cause instanceof MoimError)) throw cause;
    throw new MoimError('usage', `${only.file}: ${cause.message}`, { remedy: cause.remedy });
  }
}
