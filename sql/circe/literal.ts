/** SQL text of values and names: the only place where a text of a definition becomes SQL. */

/** A quoted identifier; throws on an empty name, on NUL and beyond PostgreSQL's 63 bytes. */
export function identifier(name: string): string {
  if (name === '' || name.includes('\0') || new TextEncoder().encode(name).length > 63) {
    throw new RangeError('not a name PostgreSQL can hold');
  }
  return `"${name.replaceAll('"', '""')}"`;
}

/**
 * A text literal, safe whatever `standard_conforming_strings` is: a text with a backslash is written as E'…'.
 * Throws on NUL, which PostgreSQL cannot hold (reading refuses it before).
 */
export function textLiteral(value: string): string {
  if (value.includes('\0')) throw new RangeError('NUL in a text');
  const quoted = value.replaceAll("'", "''");
  return value.includes('\\') ? `E'${quoted.replaceAll('\\', '\\\\')}'` : `'${quoted}'`;
}

/** A date literal of `YYYY-MM-DD`; throws on anything else. */
export function dateLiteral(date: string): string {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date)) throw new RangeError('not a date');
  return `date '${date}'`;
}

const int4 = { least: -2147483648n, most: 2147483647n };

/** `'{1,2}'::int[]`; bigint[] where an id does not fit. Ids are numbers or bigints, nothing else gets in. */
export function idArray(ids: readonly (number | bigint)[]): string {
  const whole = ids.map((id) => BigInt(id));
  const type = whole.every((id) => id >= int4.least && id <= int4.most) ? 'int' : 'bigint';
  return `'{${whole.join(',')}}'::${type}[]`;
}

/** `column is one of the ids` as SQL; NULL is in no list, and outside an empty one only (as `not in` has it). */
export function inIds(column: string, ids: readonly (number | bigint)[], exclude = false): string {
  const [only] = ids;
  if (only === undefined) return exclude ? 'true' : 'false';
  if (ids.length === 1) return `${column} ${exclude ? '<>' : '='} ${BigInt(only)}`;
  return exclude ? `${column} <> all(${idArray(ids)})` : `${column} = any(${idArray(ids)})`;
}

/** A whole number as SQL; a negative one in parentheses, since `- -1` would begin a comment. */
export function wholeNumber(value: number): string {
  if (!Number.isSafeInteger(value)) throw new RangeError('not a whole number');
  return value < 0 ? `(${value})` : String(value);
}

/** `date + n` days, without a useless `+ 0`. */
export function plusDays(date: string, days: number): string {
  if (days === 0) return date;
  return days > 0 ? `${date} + ${wholeNumber(days)}` : `${date} - ${wholeNumber(-days)}`;
}

/**
 * A number with `decimals` places, rounded half up on its shortest decimal form, as Java's `%.4f` does
 * (Circe writes thresholds so: 1.00015 becomes 1.0002, where `toFixed` gives 1.0001).
 */
export function decimalNumber(value: number, decimals: number): string {
  const text = String(Math.abs(value));
  if (!Number.isFinite(value) || text.includes('e+')) throw new RangeError('number out of range');
  const [whole = '0', fraction = ''] = text.includes('e-') ? ['0'] : text.split('.');
  const digits = (fraction + '0'.repeat(decimals + 1)).slice(0, decimals + 1);
  const scaled = BigInt(whole + digits.slice(0, decimals)) + (digits.charCodeAt(decimals) >= 53 ? 1n : 0n);
  const padded = scaled.toString().padStart(decimals + 1, '0');
  const split = padded.length - decimals;
  const unsigned = decimals === 0 ? padded : `${padded.slice(0, split)}.${padded.slice(split)}`;
  return value < 0 ? `(-${unsigned})` : unsigned;
}

/** The same value, but no way into an index: where a look by this column as well would cost more than it spares. */
export function apart(column: string): string {
  return `greatest(${column})`;
}
