/** Windows that contradict themselves or look further back than anybody need be observed. */

import { warning } from '#sql/circe/check/warning.ts';
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
  const prior = expression.PrimaryCriteria.ObservationWindow.PriorDays;
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
      findings.push(...lookback(criterion, prior), ...deathFindings(criterion));
    },
  });
  return findings;
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

/** A look back longer than the required observation finds less in people who came late. */
function lookback(criterion: CorrelatedCriterion, prior: number): readonly Finding[] {
  const start = criterion.StartWindow?.Start;
  if (
    criterion.IgnoreObservationPeriod ||
    start?.Days === undefined ||
    start.Coeff !== -1 ||
    start.Days <= prior
  )
    return [];
  const message = `looks ${start.Days} days back, while entry events need ${prior} days of observation before`;
  return [warning('longer-than-observation', `${criterion.path}.StartWindow.Start`, message)];
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
