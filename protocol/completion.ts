/**
 * When a pool is complete: all sites, any k of n (by a day, where one is given), or whoever answered by a day. Late is what its site sealed
 * after that day (UTC). The site's own signed instant counts and not when a hub says that it came: a hub could otherwise shut an answer out by
 * keeping it back, or let one in.
 */

import Type, { type Static } from 'typebox';
import { CalendarDate } from './ids.ts';

const closed = { additionalProperties: false } as const;

export const CompletionRule = Type.Union([
  Type.Object({ kind: Type.Literal('all') }, closed),
  Type.Object(
    {
      kind: Type.Literal('at-least'),
      sites: Type.Integer({ minimum: 1, maximum: 10_000 }),
      by: Type.Optional(CalendarDate),
    },
    { ...closed, description: 'any so many of the sites, all by the end of a day (UTC) where one is given' },
  ),
  Type.Object(
    { kind: Type.Literal('by-date'), date: CalendarDate },
    {
      ...closed,
      description:
        'whoever answers by the end of this day (UTC); what comes later is marked late and left out of the pool unless asked for',
    },
  ),
]);
export type CompletionRule = Static<typeof CompletionRule>;

/** The last day (UTC) on which an answer counts, where the rule has one. */
export function lastDay(rule: CompletionRule): string | undefined {
  if (rule.kind === 'all') return undefined;
  return rule.kind === 'by-date' ? rule.date : rule.by;
}

/** `sealedAt`: the instant in the header that the site signed. */
export function isLate(rule: CompletionRule, sealedAt: string): boolean {
  const day = lastDay(rule);
  return day !== undefined && sealedAt.slice(0, 10) > day;
}

/** True once no answer can be in time any more; always false where the rule names no day. */
export function isOver(rule: CompletionRule, now: number): boolean {
  return isLate(rule, new Date(now).toISOString());
}

/** `inTime`: answers that are not late. */
export function isComplete(
  rule: CompletionRule,
  counts: { readonly sites: number; readonly inTime: number },
  now: number,
): boolean {
  switch (rule.kind) {
    case 'all':
      return counts.inTime >= counts.sites;
    case 'at-least':
      return counts.inTime >= rule.sites;
    case 'by-date':
      return counts.inTime >= counts.sites || (isOver(rule, now) && counts.inTime > 0);
  }
}

/** The rule in words. */
export function completionInWords(rule: CompletionRule): string {
  switch (rule.kind) {
    case 'all':
      return 'all sites';
    case 'at-least':
      return `any ${rule.sites} of the sites${rule.by === undefined ? '' : ` by the end of ${rule.by} (UTC)`}`;
    case 'by-date':
      return `whoever answers by the end of ${rule.date} (UTC)`;
  }
}
