/**
 * A criterion asked of all index events at once: the events that have such rows, as a list that is hashed. Where events and rows are many
 * this reads each row once, where probes would look into an index for every event.
 */

import type { CorrelatedCriterion, Occurrence } from '#sql/circe/expression.ts';
import type { FindEvents, IndexEvent } from '#sql/circe/group.ts';
import type { Scope } from '#sql/circe/scope.ts';
import { windowConditions } from '#sql/circe/window.ts';

/** All index events of the surrounding query under another alias, and what tells them apart. */
export interface EventList {
  readonly from: string;
  readonly where: readonly string[];
  readonly event: IndexEvent;
  readonly key: readonly string[];
}

/** The condition of a correlated criterion on the event with this `key`, over the same events as a list. */
export function joinedCondition(
  scope: Scope,
  criterion: CorrelatedCriterion,
  key: readonly string[],
  list: EventList,
  find: FindEvents,
): string {
  const rows = find(scope, criterion.Criteria);
  const where = [
    ...list.where,
    `${rows.person} = ${list.event.person}`,
    ...rows.where,
    ...windowConditions(criterion, rows, list.event),
  ];
  const tail = `from ${list.from}, ${rows.from} where ${where.join(' and ')}`;
  const keys = list.key.join(', ');
  const counted = countedIn(criterion.Occurrence, (column) => rows.count(column));
  const having = counted.having === undefined ? '' : ` group by ${keys} having ${counted.having}`;
  // `is true` keeps it a hashed list: as a join of the surrounding query it would be planned by the events' estimate, which may be far too low.
  return `${counted.not ? 'not ' : ''}(((${key.join(', ')}) in (select ${keys} ${tail}${having})) is true)`;
}

/** Events without a row are not in the list: at most, and a count of zero, are asked by what they must not be. */
function countedIn(
  { Type, Count, IsDistinct, CountColumn }: Occurrence,
  column: (name: string) => string,
): { readonly not: boolean; readonly having?: string } {
  const count = IsDistinct ? `count(distinct ${column(CountColumn ?? 'DOMAIN_CONCEPT')})` : 'count(*)';
  if (Type === 2)
    return Count === 1 && !IsDistinct ? { not: false } : { not: false, having: `${count} >= ${Count}` };
  if (Count === 0) return IsDistinct ? { not: true, having: `${count} > 0` } : { not: true };
  return Type === 1
    ? { not: true, having: `${count} > ${Count}` }
    : { not: false, having: `${count} = ${Count}` };
}
