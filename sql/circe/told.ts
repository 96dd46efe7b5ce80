/**
 * Findings in every language. Where one is made its words stand in all of them (`check/messages.ts`, `read/messages.ts`), so that none can
 * lack its translation; the faces (`read`, `check`, `refusals`) give them in the one that is asked for.
 */

import type { LanguageCode } from '#sql/circe/describe/words.ts';
import type { Finding } from '#sql/circe/expression.ts';

export type Told = Readonly<Record<LanguageCode, string>>;

/** A message of a table, or one that is made of what it speaks of. */
export type Message = Told | ((...given: never[]) => Told);

export interface Found extends Omit<Finding, 'message' | 'remedy'> {
  readonly message: Told;
  readonly remedy?: Told;
}

/** The finding in one language, with all that it holds besides. */
export function tell<Kind extends Found>(
  found: Kind,
  language: LanguageCode,
): Omit<Kind, 'message' | 'remedy'> & Finding {
  const { message, remedy, ...rest } = found;
  return {
    ...rest,
    message: message[language],
    ...(remedy === undefined ? {} : { remedy: remedy[language] }),
  };
}
