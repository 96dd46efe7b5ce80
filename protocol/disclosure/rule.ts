import type { RawCell } from '../cell.ts';

/** The two settings of the rule that a hospital and a study each make. */
export interface DisclosureRule {
  /** k: no number of persons from 1 to k − 1 is released. 1 withholds nothing. */
  readonly minimumCell: number;
  /** Whether a reader may learn that a cell is empty. */
  readonly showZero: boolean;
}

/** The stricter of two rules, setting by setting: what holds where a hospital and a study meet. */
export function stricter(a: DisclosureRule, b: DisclosureRule): DisclosureRule {
  return { minimumCell: Math.max(a.minimumCell, b.minimumCell), showZero: a.showZero && b.showZero };
}

/** Whether the cell's own number must not be learnt: 1 ≤ n < k, or n = 0 where zeros are not shown. Never for k = 1. */
export function isSensitive(cell: RawCell, rule: DisclosureRule): boolean {
  if (cell.visibility === 'known' || rule.minimumCell === 1) return false;
  return cell.n === 0 ? !rule.showZero : cell.n < rule.minimumCell;
}
