/** What a site's coarse code means, and what the lead can do about it. */

import type { CommandContext } from '#host/command.ts';
import { type ErrorCode, errors } from '#protocol/errors.ts';

export function explain(context: CommandContext, site: string, code: string | undefined): void {
  if (code === undefined || !Object.hasOwn(errors, code)) return;
  const { text, remedy } = errors[code as ErrorCode];
  context.note(`${site}: ${text} ${remedy}`);
}
