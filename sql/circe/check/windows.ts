/** Windows that contradict themselves or look further back than anybody need be observed. */

import { info, warning } from '#sql/circe/check/warning.ts';
import { describeType } from '#sql/circe/criteria/types.ts';
import type {
  CohortExpression,
  CorrelatedCriterion,
  Endpoint,
  Finding,
  Window,
} from '#sql/circe/expression.ts';
import { walk } from '#sql/circe/walk.ts';

export function windowFindings(expression: CohortExpression): readonly Finding[] {
  const findings: Finding[] = [];
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

function ownFindings(path: string, window: Window): readonly Finding[] {
  const negative = (['Start', 'End'] as const).filter((name) => (window[name].Days ?? 0) < 0);
  return [
    ...(dayOf(window.Start, -Infinity) > dayOf(window.End, Infinity)
      ? [warning('contradictory-window', path, 'the window begins after its end, so no event can lie in it')]
      : []),
    ...negative.map((name) =>
      warning(
        'negative-days',
        `${path}.${name}.Days`,
        'days are counted from zero; Coeff says before or after',
      ),
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
): readonly Finding[] {
  const far = (side: 'Start' | 'End', sign: 1 | -1, asked: number) =>
    windows.flatMap(({ path, StartWindow, IgnoreObservationPeriod }) => {
      const days = StartWindow === undefined ? 0 : sign * dayOf(StartWindow[side], 0);
      if (IgnoreObservationPeriod || !Number.isFinite(days) || days <= asked) return [];
      return [{ path: `${path}.StartWindow.${side}`, days }];
    });
  const told = (
    found: readonly { readonly path: string; readonly days: number }[],
    where: string,
    asked: string,
  ) => {
    const [first] = found;
    if (first === undefined) return [];
    const most = found.reduce((days, one) => Math.max(days, one.days), 0);
    const who =
      found.length === 1
        ? `a window reaches ${most} days`
        : `${found.length} windows reach up to ${most} days`;
    return [info('longer-than-observation', first.path, `${who} ${where}, while entry events need ${asked}`)];
  };
  return [
    ...told(far('Start', -1, PriorDays), 'back', `${PriorDays} days of observation before`),
    ...told(far('End', 1, PostDays), 'ahead', `${PostDays} days of observation after`),
  ];
}

interface Start {
  readonly path: string;
  readonly day: number;
}

/** Windows that begin on another day than most do: one finding for all. */
function pattern(starts: readonly Start[]): readonly Finding[] {
  const counts = new Map<number, number>();
  for (const { day } of starts) counts.set(day, (counts.get(day) ?? 0) + 1);
  const most = Math.max(0, ...counts.values());
  const others = starts.filter(({ day }) => (counts.get(day) ?? 0) < most);
  const [first] = others;
  const common = starts.find(({ day }) => counts.get(day) === most);
  if (most < 2 || first === undefined || common === undefined) return [];
  const message = `of ${starts.length} windows ${others.length} do not begin on day ${common.day} of the index, as most do`;
  return [info('unlike-window', `${first.path}.StartWindow`, message)];
}

function hasFirst({ Criteria }: CorrelatedCriterion): boolean {
  return Object.hasOwn(describeType(Criteria.type).attributes, 'First');
}

function isBounded(window: Window | undefined): boolean {
  return window?.Start.Days !== undefined || window?.End.Days !== undefined;
}

function firstFindings(paths: readonly string[]): readonly Finding[] {
  const [first] = paths;
  if (first === undefined) return [];
  const who =
    paths.length === 1
      ? 'one criterion with a window of days takes'
      : `${paths.length} criteria with a window of days take`;
  const message = `${who} any event, not the first in the person's history`;
  return [info('not-first', first, message)];
}

/** At least one death before the index: nobody who dies comes back. */
function deathFindings(criterion: CorrelatedCriterion): readonly Finding[] {
  const { Criteria, Occurrence, StartWindow } = criterion;
  if (
    Criteria.type !== 'Death' ||
    Occurrence.Type === 1 ||
    Occurrence.Count === 0 ||
    StartWindow === undefined
  )
    return [];
  if (dayOf(StartWindow.End, Infinity) >= 0) return [];
  return [warning('death-before-index', criterion.path, 'asks for a death before the index event')];
}
