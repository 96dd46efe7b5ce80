/** What one date range leaves, and what the negations around it make of that. */

import type { CorrelatedCriterion, CriteriaGroup, DateRange } from '#sql/circe/expression.ts';

/** The event whose date is bound: how far it can lie from the index date depends on it. */
export type Subject = 'index-start' | 'index-end' | 'other';

export interface Bound {
  /** `low`: the first day that is left; `high`: the last one. Days since 1970-01-01. */
  readonly side: 'low' | 'high';
  readonly day: number;
  readonly subject: Subject;
  readonly path: string;
}

/** Whether what is inside must hold, must not, or either (exactly two of three). */
export type Polarity = 'is' | 'not' | 'both';

export function inGroup(polarity: Polarity, { Type }: CriteriaGroup): Polarity {
  return Type === 'AT_MOST' ? negated(polarity) : polarity;
}

export function inOccurrence(
  polarity: Polarity,
  { Occurrence: { Type, Count } }: CorrelatedCriterion,
): Polarity {
  if (Type === 2) return polarity;
  return Type === 1 || Count === 0 ? negated(polarity) : 'both';
}

function negated(polarity: Polarity): Polarity {
  if (polarity === 'both') return 'both';
  return polarity === 'is' ? 'not' : 'is';
}

type Side = readonly [side: Bound['side'], day: number];

export function sidesOf({ Op, Value, Extent }: DateRange): readonly Side[] {
  const day = dayNumber(Value);
  const last = Extent === undefined ? day : dayNumber(Extent);
  switch (Op) {
    case 'eq':
      return [
        ['low', day],
        ['high', day],
      ];
    case 'bt':
      return [
        ['low', day],
        ['high', last],
      ];
    case 'gt':
      return [['low', day + 1]];
    case 'gte':
      return [['low', day]];
    case 'lt':
      return [['high', day - 1]];
    case 'lte':
      return [['high', day]];
    case '!eq':
      return [
        ['high', day - 1],
        ['low', day + 1],
      ];
    case '!bt':
      return [
        ['high', day - 1],
        ['low', last + 1],
      ];
  }
}

/** What is not from a day on ends the day before. */
export function underPolarity(side: Bound['side'], day: number, polarity: Polarity): readonly Side[] {
  const turned: Side = side === 'low' ? ['high', day - 1] : ['low', day + 1];
  if (polarity === 'both') return [[side, day], turned];
  return [polarity === 'is' ? [side, day] : turned];
}

export const dayNumber = (date: string): number =>
  Math.round(Date.parse(`${date.slice(0, 10)}T00:00:00Z`) / 86_400_000);
