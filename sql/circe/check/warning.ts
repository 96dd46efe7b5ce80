import type { CheckCode } from '#sql/circe/check/codes.ts';
import type { Found, Told } from '#sql/circe/told.ts';

/** A finding that does not keep a definition from running: its author hardly meant it. */
export function warning(code: CheckCode, path: string, message: Told, remedy?: Told): Found {
  return { code, severity: 'warning', path, message, ...(remedy === undefined ? {} : { remedy }) };
}

/** A finding that is worth a thought and often meant. */
export function info(code: CheckCode, path: string, message: Told): Found {
  return { code, severity: 'info', path, message };
}
