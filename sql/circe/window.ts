/** Where an event must lie relative to its index event. */

import type { CorrelatedCriterion, Endpoint, Window } from '#sql/circe/expression.ts';
import { plusDays } from '#sql/circe/literal.ts';

interface Dates {
  readonly start: string;
  readonly end: string;
}

interface EventDates extends Dates {
  readonly visit: string;
  /** Days from start to end where they are the same for every event. */
  readonly length?: number;
}

interface IndexDates extends Dates {
  readonly opStart: string;
  readonly opEnd: string;
  readonly visit: string;
}

/**
 * Conditions to join with AND. Without `IgnoreObservationPeriod` the event must start within the index's observation
 * period, and an endpoint without days is that period's start or end; with it, no bound. A missing `UseEventEnd` means
 * true in an EndWindow and false in a StartWindow (Circe's backward compatibility).
 */
export function windowConditions(
  criterion: CorrelatedCriterion,
  event: EventDates,
  index: IndexDates,
): readonly string[] {
  const inside = !criterion.IgnoreObservationPeriod;
  return [
    ...(inside ? [`${event.start} between ${index.opStart} and ${index.opEnd}`] : []),
    ...boundsOf(criterion.StartWindow, criterion.StartWindow?.UseEventEnd ?? false, event, index, inside),
    ...boundsOf(criterion.EndWindow, criterion.EndWindow?.UseEventEnd ?? true, event, index, inside),
    ...(criterion.RestrictVisit ? [`${event.visit} = ${index.visit}`] : []),
  ];
}

function boundsOf(
  window: Window | undefined,
  useEventEnd: boolean,
  event: EventDates,
  index: IndexDates,
  inside: boolean,
): readonly string[] {
  if (window === undefined) return [];
  const from = window.UseIndexEnd ? index.end : index.start;
  // An end that is always n days after the start is asked of the start, where an index can answer.
  const length = useEventEnd ? event.length : undefined;
  const date = useEventEnd && length === undefined ? event.end : event.start;
  // The event start lies inside the observation period already: its own bound again is no news.
  const news = (endpoint: Endpoint, otherwise: number) =>
    endpoint.Days !== undefined || useEventEnd || (endpoint.Coeff === -1 ? -1 : 1) !== otherwise;
  const bound = ({ Days, Coeff }: Endpoint) => {
    if (Days !== undefined) return plusDays(from, Coeff * Days - (length ?? 0));
    if (!inside) return undefined;
    return plusDays(Coeff === -1 ? index.opStart : index.opEnd, -(length ?? 0));
  };
  const least = news(window.Start, -1) ? bound(window.Start) : undefined;
  const most = news(window.End, 1) ? bound(window.End) : undefined;
  return [
    ...(least === undefined ? [] : [`${date} >= ${least}`]),
    ...(most === undefined ? [] : [`${date} <= ${most}`]),
  ];
}
