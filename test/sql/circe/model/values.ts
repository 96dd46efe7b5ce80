/** Single conditions of the model. A missing value meets none of them, negated or not, as SQL has it. */

import type { Json } from './data.ts';

/** A range of numbers or days; `round` is what a threshold goes through first. */
export function inRange(value: number | null, range: Json, round: (threshold: number) => number): boolean {
  if (value === null || Number.isNaN(value)) return false;
  const least = round(range.Value);
  const between = () => value >= least && value <= round(range.Extent);
  switch (range.Op) {
    case 'lt':
      return value < least;
    case 'lte':
      return value <= least;
    case 'eq':
      return value === least;
    case '!eq':
      return value !== least;
    case 'gt':
      return value > least;
    case 'gte':
      return value >= least;
    case 'bt':
      return between();
    case '!bt':
      return !between();
    default:
      throw new Error(`no such operator: ${range.Op}`);
  }
}

/** Decimal thresholds are written to four places. */
export const fourPlaces = (threshold: number): number => Number(threshold.toFixed(4));

/** LIKE: `%` any text, `_` any sign, `\` takes the next as it is; one at the very end stands for itself. */
export function meetsText(
  value: string | null,
  { Op, Text }: { readonly Op: string; readonly Text: string },
): boolean {
  if (value === null) return false;
  const word = Op.replace('!', '');
  const pattern = `${word === 'startsWith' || word === 'eq' ? '' : '%'}${Text}${word === 'endsWith' || word === 'eq' ? '' : '%'}`;
  return like([...value], [...pattern]) !== Op.startsWith('!');
}

function like(value: readonly string[], pattern: readonly string[]): boolean {
  const [sign, ...rest] = pattern;
  if (sign === undefined) return value.length === 0;
  if (sign === '%') return like(value, rest) || (value.length > 0 && like(value.slice(1), pattern));
  if (value.length === 0) return false;
  if (sign === '_') return like(value.slice(1), rest);
  if (sign === '\\' && rest.length > 0) return value[0] === rest[0] && like(value.slice(1), rest.slice(1));
  return value[0] === sign && like(value.slice(1), rest);
}

/** A concept in a list of them, or in none of the list. */
export function inConcepts(value: number | null, ids: ReadonlySet<number>, excluded: boolean): boolean {
  if (ids.size === 0) return excluded;
  return value !== null && ids.has(value) !== excluded;
}
