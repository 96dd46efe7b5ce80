import type { Finding } from '#sql/circe/expression.ts';

/** A finding that does not keep a definition from running. */
export function warning(code: string, path: string, message: string, remedy?: string): Finding {
  return { code, severity: 'warning', path, message, ...(remedy === undefined ? {} : { remedy }) };
}
