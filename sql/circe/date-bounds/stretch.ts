/**
 * How many days a definition forces between dates: a window of 1000 days after the index date makes "from D" on the one and "up to
 * D + 1000" on the other the same single day. The most that anything asks is taken, whether or not it stands between the two.
 */

import { fixedLength, isLength } from '#sql/circe/date-bounds/bounds.ts';
import { inGroup, inOccurrence, type Polarity } from '#sql/circe/date-bounds/sides.ts';
import { groupsOf } from '#sql/circe/date-bounds/washout.ts';
import type { CohortExpression, CriteriaGroup, Criterion, Endpoint, Window } from '#sql/circe/expression.ts';
import { walk } from '#sql/circe/walk.ts';

export interface Stretch {
  /** Between the start and the end of one event, and by adjustment of its dates. */
  readonly length: number;
  /** Between the index event and another, by windows, in either direction. */
  readonly reach: number;
  /** That must have been observed after the index date. */
  readonly after: number;
}

export function stretchOf(expression: CohortExpression): Stretch {
  const { PriorDays, PostDays } = expression.PrimaryCriteria.ObservationWindow;
  const lengths = [0];
  const adjustments = [0];
  const observation = [0];
  walk(expression, {
    criterion(criterion) {
      lengths.push(
        fixedLength(criterion),
        ...criterion.filters.filter(isLength).map(({ range }) => most(range)),
      );
      const { StartOffset = 0, EndOffset = 0 } = criterion.DateAdjustment ?? {};
      adjustments.push(Math.abs(StartOffset), Math.abs(EndOffset));
      const dated = criterion.filters.some(({ kind }) => kind === 'dates');
      if (criterion.type === 'ObservationPeriod' && dated)
        observation.push(Math.abs(PriorDays), Math.abs(PostDays));
    },
  });
  const strategy = expression.EndStrategy;
  // Taken off an event's end, days drop the events that are shorter.
  if (strategy?.kind === 'DateOffset') lengths.push(Math.max(0, -strategy.Offset));
  const paths = [
    ...expression.PrimaryCriteria.CriteriaList.map((criterion) => ofCriterion(criterion, 'is')),
    ...groupsOf(expression).map((group) => ofGroup(group, 'is')),
  ];
  return {
    length: Math.max(...lengths) + Math.max(...adjustments) + Math.max(...observation),
    reach: Math.max(0, ...paths.map(({ reach }) => reach)),
    after: Math.max(0, ...paths.map(({ after }) => after)) + Math.max(0, PostDays),
  };
}

type Days = Pick<Stretch, 'reach' | 'after'>;
const none: Days = { reach: 0, after: 0 };

function ofCriterion({ CorrelatedCriteria }: Criterion, polarity: Polarity): Days {
  return CorrelatedCriteria ? ofGroup(CorrelatedCriteria, polarity) : none;
}

/** The farthest member; criteria nested in criteria reach on from where those lie. */
function ofGroup(group: CriteriaGroup, outer: Polarity): Days {
  const polarity = inGroup(outer, group);
  const members = [
    ...group.Groups.map((inner) => ofGroup(inner, polarity)),
    ...group.CriteriaList.map((correlated) => {
      const inside = inOccurrence(polarity, correlated);
      const windows = [correlated.StartWindow, correlated.EndWindow].map((window) =>
        ofWindow(window, inside),
      );
      return plus(windows.reduce(farther, none), ofCriterion(correlated.Criteria, inside));
    }),
  ];
  return members.reduce(farther, none);
}

/** What must lie in a window is at least as far as its near edge; what must not may push another past its far edge. */
function ofWindow(window: Window | undefined, polarity: Polarity): Days {
  if (window === undefined) return none;
  const [from, to] = [dayOf(window.Start), dayOf(window.End)];
  if (polarity === 'is') return { reach: Math.max(0, from, -to), after: Math.max(0, from) };
  const edges = [from, to].filter(Number.isFinite);
  return { reach: Math.max(0, ...edges.map(Math.abs)), after: Math.max(0, ...edges) };
}

/** An open end reaches to the end of observation; it forces no distance, whichever way it points. */
function dayOf({ Days, Coeff }: Endpoint): number {
  if (Days !== undefined) return Days * Coeff;
  return Coeff === -1 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

function most({ Value, Extent = 0 }: { readonly Value: number; readonly Extent?: number }): number {
  return Math.ceil(Math.max(Math.abs(Value), Math.abs(Extent))) + 1;
}

const farther = (one: Days, other: Days): Days => ({
  reach: Math.max(one.reach, other.reach),
  after: Math.max(one.after, other.after),
});

const plus = (one: Days, other: Days): Days => ({
  reach: one.reach + other.reach,
  after: one.after + other.after,
});
