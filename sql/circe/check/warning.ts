import type { CheckCode } from '#sql/circe/check/codes.ts';
import type { Finding } from '#sql/circe/expression.ts';

/** A finding that does not keep a definition from running: its author hardly meant it. */
export function warning(code: CheckCode, path: string, message: string, remedy?: string): Finding {
  return { code, severity: 'warning', path, message, ...(remedy === undefined ? {} : { remedy }) };
}

/** A finding that is worth a thought and often meant. */
export function info(code: CheckCode, path: string, message: string): Finding {
  return { code, severity: 'info', path, message };
}
