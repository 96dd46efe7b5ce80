/**
 * What a language must be able to say. The walk over a definition (describe.ts) is one for all languages and hands over
 * words, numbers and ranges; word order and grammar are the language's own.
 */

import type { LanguageCode } from '#sql/circe/describe/words.ts';
import type {
  ConceptSetItem,
  DateAdjustment,
  EndStrategy,
  Limit,
  Occurrence,
  Operator,
  Period,
  TextFilter,
} from '#sql/circe/expression.ts';

/** One side of a window, where the index lies at 0. */
export type Bound =
  | { readonly kind: 'days'; readonly days: number }
  | { readonly kind: 'observation-start' | 'observation-end' | 'none' };

export interface WindowWords {
  readonly from: Bound;
  readonly to: Bound;
  /** What of the event lies in the window. */
  readonly event: 'start' | 'end';
  /** What of the index event the days are counted from. */
  readonly index: 'start' | 'end';
}

export interface RangeWords {
  readonly op: Operator;
  readonly value: string;
  readonly extent: string;
}

export interface Language {
  readonly code: LanguageCode;
  readonly entry: string;
  readonly qualifying: string;
  readonly rules: string;
  readonly limit: string;
  readonly exit: string;
  readonly eras: string;
  readonly conceptSets: string;
  readonly none: string;
  readonly always: string;
  readonly person: string;
  readonly first: string;
  readonly abnormal: string;
  readonly nested: string;
  readonly sameVisit: string;
  readonly sameImage: string;
  readonly outsideObservation: string;
  readonly censoring: string;
  readonly noConcepts: string;
  readonly combination: string;
  entryOf(criteria: number): string;
  kept(limit: Limit, of: 'entry' | 'qualifying' | 'rules'): string;
  observed(prior: number, post: number): string;
  rule(index: number, name: string): string;
  group(type: 'ALL' | 'ANY' | 'AT_LEAST' | 'AT_MOST', count: number): string;
  /** `set` absent: rows of any concept, or of one that a line below asks for. */
  criterion(type: string, set: string | undefined): string;
  correlated(type: string, set: string | undefined, occurrence: Occurrence, countedBy: string): string;
  window(window: WindowWords): string;
  adjusted(adjustment: DateAdjustment): string;
  period(period: Period): string;
  setName(id: number, name: string | undefined): string;
  oneOf(attribute: string, concepts: readonly string[], exclude: boolean): string;
  inSet(attribute: string, set: string, exclude: boolean): string;
  dates(attribute: string, range: RangeWords): string;
  numbers(attribute: string, range: RangeWords): string;
  text(attribute: string, filter: TextFilter): string;
  flag(attribute: string, value: boolean): string;
  /** Any concept is recorded, or none. */
  known(attribute: string, known: boolean): string;
  cohort(attribute: string, name: string): string;
  combined(op: 'union' | 'intersect' | 'minus', by: 'days' | 'persons'): string;
  pinned(concepts: number): string;
  unanswerable(attribute: string, reason: string): string;
  endOf(strategy: EndStrategy | undefined, drugs: string): string;
  joined(pad: number): string;
  censored(window: Period): string;
  set(id: number, name: string): string;
  item(item: ConceptSetItem, concept: string): string;
}
