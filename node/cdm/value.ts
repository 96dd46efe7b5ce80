/**
 * Does a field hold a value of its column's type? Byte-level checks, stricter than PostgreSQL's own reading: no `now`, no
 * `infinity`, no `NaN`, no month names, so that what COPY is given it takes, and means the same on every server.
 */

const ZERO = 48;
const DASH = 45;
const PLUS = 43;
const DOT = 46;
const COLON = 58;

/** A whole number of 32 (`integer`) or 64 bits. */
export function isWhole(bytes: Buffer, start: number, end: number, wide: boolean): boolean {
  let at = start;
  if (bytes[at] === DASH || bytes[at] === PLUS) at++;
  if (at >= end) return false;
  const digitsFrom = at;
  for (; at < end; at++) if (!isDigit(bytes[at]!)) return false;
  const digits = end - digitsFrom;
  if (digits <= 9 || (wide && digits <= 18)) return true;
  if (digits > 40) return false;
  const value = BigInt(bytes.toString('latin1', digitsFrom, end)) * (bytes[start] === DASH ? -1n : 1n);
  const bits = wide ? 64 : 32;
  return value === BigInt.asIntN(bits, value);
}

/** A decimal number, with or without exponent. */
export function isDecimal(bytes: Buffer, start: number, end: number): boolean {
  let at = start;
  if (bytes[at] === DASH || bytes[at] === PLUS) at++;
  const wholeFrom = at;
  while (at < end && isDigit(bytes[at]!)) at++;
  let digits = at - wholeFrom;
  if (at < end && bytes[at] === DOT) {
    const fractionFrom = ++at;
    while (at < end && isDigit(bytes[at]!)) at++;
    digits += at - fractionFrom;
  }
  if (digits === 0 || digits > 1000) return false;
  if (at === end) return true;
  if ((bytes[at]! | 32) !== 101) return false; // e or E
  return isWhole(bytes, at + 1, end, false) && end - at <= 5;
}

/** A day of the calendar, `YYYY-MM-DD` or `YYYYMMDD`, years 1 to 9999; a time of day after it is allowed. */
export function isDate(bytes: Buffer, start: number, end: number): boolean {
  const after = dateEnd(bytes, start, end);
  return after === end || (after > 0 && isTime(bytes, after, end));
}

/** Where the day that begins at `start` ends, or -1. */
function dateEnd(bytes: Buffer, start: number, end: number): number {
  const dashed = bytes[start + 4] === DASH;
  const after = start + (dashed ? 10 : 8);
  if (after > end || (dashed && bytes[start + 7] !== DASH)) return -1;
  const monthFrom = start + (dashed ? 5 : 4);
  const dayFrom = start + (dashed ? 8 : 6);
  const high = pair(bytes, start);
  const low = pair(bytes, start + 2);
  const month = pair(bytes, monthFrom);
  const day = pair(bytes, dayFrom);
  if (high < 0 || low < 0 || month < 1 || month > 12 || day < 1) return -1;
  const year = high * 100 + low;
  return year >= 1 && day <= daysIn(year, month) ? after : -1;
}

/** `[ T]HH:MM[:SS[.f…]]` and, as PostgreSQL allows and ignores, a zone. */
function isTime(bytes: Buffer, start: number, end: number): boolean {
  let at = start;
  if (bytes[at] !== 32 && bytes[at] !== 84) return false;
  const hour = pair(bytes, at + 1);
  const minute = pair(bytes, at + 4);
  if (at + 6 > end || hour < 0 || hour > 23 || bytes[at + 3] !== COLON || minute < 0 || minute > 59)
    return false;
  at += 6;
  if (at < end && bytes[at] === COLON) {
    const second = at + 3 <= end ? pair(bytes, at + 1) : -1;
    if (second < 0 || second > 59) return false;
    at += 3;
    if (at < end && bytes[at] === DOT) {
      const fractionFrom = ++at;
      while (at < end && isDigit(bytes[at]!)) at++;
      if (at === fractionFrom) return false;
    }
  }
  if (at === end) return true;
  if ((bytes[at]! | 32) === 122) return at + 1 === end; // Z
  if (bytes[at] !== PLUS && bytes[at] !== DASH) return false;
  const zone = bytes.toString('latin1', at + 1, end);
  return /^(0\d|1[0-4])(:?[0-5]\d)?$/.test(zone);
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Two digits as a number, or -1. */
function pair(bytes: Buffer, at: number): number {
  const tens = bytes[at]! - ZERO;
  const ones = bytes[at + 1]! - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1;
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= 57;
}
