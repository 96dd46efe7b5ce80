/** Where an event must lie relative to its index event. */

import type { CorrelatedCriterion, Endpoint, Window } from '#sql/circe/expression.ts';
import { plusDays } from '#sql/circe/literal.ts';

interface Dates {
  readonly start: string;
  readonly end: string;
}

interface EventDates extends Dates {
  readonly visit: string;
  readonly image?: string | undefined;
  /** Days from start to end where they are the same for every event. */
  readonly length?: number;
}

interface IndexDates extends Dates {
  readonly opStart: string;
  readonly opEnd: string;
  readonly visit: string;
  readonly image?: string | undefined;
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
  const { StartWindow, EndWindow } = criterion;
  const bounds = [
    ...(inside
      ? [
          { date: event.start, is: '>=', limit: index.opStart, known: true } as const,
          { date: event.start, is: '<=', limit: index.opEnd, known: true } as const,
        ]
      : []),
    ...boundsOf(StartWindow, StartWindow?.UseEventEnd ?? false, event, index, inside),
    ...boundsOf(EndWindow, EndWindow?.UseEventEnd ?? true, event, index, inside),
  ];
  return [
    ...inFewest(bounds),
    ...(criterion.RestrictVisit ? [`${event.visit} = ${index.visit}`] : []),
    ...(criterion.RestrictImage ? [`${event.image ?? 'null'} = ${index.image ?? 'null'}`] : []),
  ];
}

interface Bound {
  readonly date: string;
  readonly is: '>=' | '<=';
  readonly limit: string;
  /** Never NULL: GREATEST and LEAST would pass over a NULL, which must be true of nothing. */
  readonly known: boolean;
}

/** One comparison for each side of a date: every further one costs planning, and a look into an index more. */
function inFewest(bounds: readonly Bound[]): readonly string[] {
  const groups = new Map<string, Bound[]>();
  for (const bound of bounds) {
    const key = bound.known ? `${bound.date} ${bound.is}` : `${bound.date} ${bound.is} ${bound.limit}`;
    groups.set(key, [...(groups.get(key) ?? []), bound]);
  }
  return [...groups.values()].map((group) => {
    const [{ date, is, limit } = { date: 'true', is: '>=', limit: 'true' }] = group;
    const limits = [...new Set(group.map((bound) => bound.limit))];
    if (limits.length === 1) return `${date} ${is} ${limit}`;
    return `${date} ${is} ${is === '>=' ? 'greatest' : 'least'}(${limits.join(', ')})`;
  });
}

function boundsOf(
  window: Window | undefined,
  useEventEnd: boolean,
  event: EventDates,
  index: IndexDates,
  inside: boolean,
): readonly Bound[] {
  if (window === undefined) return [];
  const from = window.UseIndexEnd ? index.end : index.start;
  // An end that is always n days after the start is asked of the start, where an index can answer.
  const length = useEventEnd ? event.length : undefined;
  const date = useEventEnd && length === undefined ? event.end : event.start;
  // The event start lies inside the observation period already: its own bound again is no news.
  const news = (endpoint: Endpoint, otherwise: number) =>
    endpoint.Days !== undefined || useEventEnd || (endpoint.Coeff === -1 ? -1 : 1) !== otherwise;
  const bound = (is: Bound['is'], { Days, Coeff }: Endpoint): readonly Bound[] => {
    if (Days !== undefined) {
      const limit = plusDays(from, Coeff * Days - (length ?? 0));
      return [{ date, is, limit, known: !window.UseIndexEnd }];
    }
    if (!inside) return [];
    const limit = plusDays(Coeff === -1 ? index.opStart : index.opEnd, -(length ?? 0));
    return [{ date, is, limit, known: true }];
  };
  return [
    ...(news(window.Start, -1) ? bound('>=', window.Start) : []),
    ...(news(window.End, 1) ? bound('<=', window.End) : []),
  ];
}
