/** Windows that contradict themselves or look further back than anybody need be observed. */

import { messages } from '#sql/circe/check/messages.ts';
import { info, warning } from '#sql/circe/check/warning.ts';
import { describeType } from '#sql/circe/criteria/types.ts';
import type { CohortExpression, CorrelatedCriterion, Endpoint, Window } from '#sql/circe/expression.ts';
import type { Found } from '#sql/circe/told.ts';
import { walk } from '#sql/circe/walk.ts';

export function windowFindings(expression: CohortExpression): readonly Found[] {
  const findings: Found[] = [];
  const correlated: CorrelatedCriterion[] = [];
  const starts: Start[] = [];
  const notFirst: string[] = [];
  walk(expression, {
    correlated(criterion) {
      const windows = [
        ['StartWindow', criterion.StartWindow],
        ['EndWindow', criterion.EndWindow],
      ] as const;
      for (const [name, window] of windows) {
        if (window === undefined) continue;
        findings.push(...ownFindings(`${criterion.path}.${name}`, window));
      }
      correlated.push(criterion);
      findings.push(...deathFindings(criterion));
      const window = criterion.StartWindow;
      if (window?.Start.Days !== undefined)
        starts.push({ path: criterion.path, day: dayOf(window.Start, 0) });
      if (!criterion.Criteria.First && hasFirst(criterion) && isBounded(window))
        notFirst.push(criterion.path);
    },
  });
  const { ObservationWindow } = expression.PrimaryCriteria;
  return [
    ...findings,
    ...outlook(correlated, ObservationWindow),
    ...pattern(starts),
    ...firstFindings(notFirst),
  ];
}

function ownFindings(path: string, window: Window): readonly Found[] {
  const negative = (['Start', 'End'] as const).filter((name) => (window[name].Days ?? 0) < 0);
  return [
    ...(dayOf(window.Start, -Infinity) > dayOf(window.End, Infinity)
      ? [warning('contradictory-window', path, messages['contradictory-window'])]
      : []),
    ...negative.map((name) =>
      warning('negative-days', `${path}.${name}.Days`, messages['negative-days'].window),
    ),
  ];
}

/** Days from the index; an open endpoint is as far as its Coeff points. */
function dayOf({ Days, Coeff }: Endpoint, otherwise: number): number {
  if (Days !== undefined) return Days * Coeff;
  return Coeff === -1 ? -Infinity : Coeff === 1 ? Infinity : otherwise;
}

/** Windows that reach further than the required observation find less in people who came late or left early: one finding a side. */
function outlook(
  windows: readonly CorrelatedCriterion[],
  { PriorDays, PostDays }: { readonly PriorDays: number; readonly PostDays: number },
): readonly Found[] {
  const far = (side: 'Start' | 'End', sign: 1 | -1, asked: number) =>
    windows.flatMap(({ path, StartWindow, IgnoreObservationPeriod }) => {
      const days = StartWindow === undefined ? 0 : sign * dayOf(StartWindow[side], 0);
      if (IgnoreObservationPeriod || !Number.isFinite(days) || days <= asked) return [];
      return [{ path: `${path}.StartWindow.${side}`, days }];
    });
  const told = (
    found: readonly { readonly path: string; readonly days: number }[],
    side: 'before' | 'after',
    asked: number,
  ) => {
    const [first] = found;
    if (first === undefined) return [];
    const most = found.reduce((days, one) => Math.max(days, one.days), 0);
    const message = messages['longer-than-observation'](found.length, most, side, asked);
    return [info('longer-than-observation', first.path, message)];
  };
  return [
    ...told(far('Start', -1, PriorDays), 'before', PriorDays),
    ...told(far('End', 1, PostDays), 'after', PostDays),
  ];
}

interface Start {
  readonly path: string;
  readonly day: number;
}

/** Windows that begin on another day than most do: one finding for all. */
function pattern(starts: readonly Start[]): readonly Found[] {
  const counts = new Map<number, number>();
  for (const { day } of starts) counts.set(day, (counts.get(day) ?? 0) + 1);
  const most = Math.max(0, ...counts.values());
  const others = starts.filter(({ day }) => (counts.get(day) ?? 0) < most);
  const [first] = others;
  const common = starts.find(({ day }) => counts.get(day) === most);
  if (most < 2 || first === undefined || common === undefined) return [];
  const message = messages['unlike-window'](starts.length, others.length, common.day);
  return [info('unlike-window', `${first.path}.StartWindow`, message)];
}

function hasFirst({ Criteria }: CorrelatedCriterion): boolean {
  return Object.hasOwn(describeType(Criteria.type).attributes, 'First');
}

function isBounded(window: Window | undefined): boolean {
  return window?.Start.Days !== undefined || window?.End.Days !== undefined;
}

function firstFindings(paths: readonly string[]): readonly Found[] {
  const [first] = paths;
  if (first === undefined) return [];
  return [info('not-first', first, messages['not-first'](paths.length))];
}

/** At least one death before the index: nobody who dies comes back. */
function deathFindings(criterion: CorrelatedCriterion): readonly Found[] {
  const { Criteria, Occurrence, StartWindow } = criterion;
  if (
    Criteria.type !== 'Death' ||
    Occurrence.Type === 1 ||
    Occurrence.Count === 0 ||
    StartWindow === undefined
  )
    return [];
  if (dayOf(StartWindow.End, Infinity) >= 0) return [];
  return [warning('death-before-index', criterion.path, messages['death-before-index'])];
}
