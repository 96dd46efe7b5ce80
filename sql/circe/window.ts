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
  const bounds = boundsOf(criterion, event).map((bound) => ({
    ...bound,
    limit: plusDays(index[bound.from], bound.days),
  }));
  return [
    ...inFewest(bounds),
    ...(criterion.RestrictVisit ? [`${event.visit} = ${index.visit}`] : []),
    ...(criterion.RestrictImage ? [`${event.image ?? 'null'} = ${index.image ?? 'null'}`] : []),
  ];
}

/** A date of the event against one of the index event (or of its observation period) and so many days. */
export interface Bound {
  readonly date: string;
  readonly is: '>=' | '<=';
  readonly from: 'start' | 'end' | 'opStart' | 'opEnd';
  readonly days: number;
}

/** What the windows and the observation period ask of the dates. */
export function boundsOf(criterion: CorrelatedCriterion, event: EventDates): readonly Bound[] {
  const inside = !criterion.IgnoreObservationPeriod;
  const { StartWindow, EndWindow } = criterion;
  return [
    ...(inside
      ? [
          { date: event.start, is: '>=', from: 'opStart', days: 0 } as const,
          { date: event.start, is: '<=', from: 'opEnd', days: 0 } as const,
        ]
      : []),
    ...windowBounds(StartWindow, StartWindow?.UseEventEnd ?? false, event, inside),
    ...windowBounds(EndWindow, EndWindow?.UseEventEnd ?? true, event, inside),
  ];
}

/**
 * One comparison for each side of a date: every further one costs planning, and a look into an index more. The index event's end may be NULL:
 * GREATEST and LEAST would pass over it, and it must be true of nothing.
 */
function inFewest(bounds: readonly (Bound & { readonly limit: string })[]): readonly string[] {
  const groups = new Map<
    string,
    { readonly limit: string; readonly date: string; readonly is: Bound['is'] }[]
  >();
  for (const bound of bounds) {
    const key =
      bound.from === 'end' ? `${bound.date} ${bound.is} ${bound.limit}` : `${bound.date} ${bound.is}`;
    groups.set(key, [...(groups.get(key) ?? []), bound]);
  }
  return [...groups.values()].map((group) => {
    const [{ date, is, limit } = { date: 'true', is: '>=', limit: 'true' }] = group;
    const limits = [...new Set(group.map((bound) => bound.limit))];
    if (limits.length === 1) return `${date} ${is} ${limit}`;
    return `${date} ${is} ${is === '>=' ? 'greatest' : 'least'}(${limits.join(', ')})`;
  });
}

function windowBounds(
  window: Window | undefined,
  useEventEnd: boolean,
  event: EventDates,
  inside: boolean,
): readonly Bound[] {
  if (window === undefined) return [];
  // An end that is always n days after the start is asked of the start, where an index can answer.
  const length = useEventEnd ? event.length : undefined;
  const date = useEventEnd && length === undefined ? event.end : event.start;
  // The event start lies inside the observation period already: its own bound again is no news.
  const news = (endpoint: Endpoint, otherwise: number) =>
    endpoint.Days !== undefined || useEventEnd || (endpoint.Coeff === -1 ? -1 : 1) !== otherwise;
  const bound = (is: Bound['is'], { Days, Coeff }: Endpoint): readonly Bound[] => {
    const later = -(length ?? 0);
    if (Days !== undefined)
      return [{ date, is, from: window.UseIndexEnd ? 'end' : 'start', days: Coeff * Days + later }];
    if (!inside) return [];
    return [{ date, is, from: Coeff === -1 ? 'opStart' : 'opEnd', days: later }];
  };
  return [
    ...(news(window.Start, -1) ? bound('>=', window.Start) : []),
    ...(news(window.End, 1) ? bound('<=', window.End) : []),
  ];
}
