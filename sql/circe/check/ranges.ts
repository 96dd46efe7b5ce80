/** Ranges that can hold nothing, negative lengths, periods that end before they start. */

import { warning } from '#sql/circe/check/warning.ts';
import type { CohortExpression, Filter, Finding, Period } from '#sql/circe/expression.ts';
import { walk } from '#sql/circe/walk.ts';

export function rangeFindings(expression: CohortExpression): readonly Finding[] {
  const findings: Finding[] = [];
  walk(expression, {
    criterion(criterion) {
      findings.push(...criterion.filters.flatMap(filterFindings));
      findings.push(...periodFindings(`${criterion.path}.UserDefinedPeriod`, criterion.UserDefinedPeriod));
    },
    demographic: (criterion) => findings.push(...criterion.filters.flatMap(filterFindings)),
  });
  const { PriorDays, PostDays } = expression.PrimaryCriteria.ObservationWindow;
  const negative = [
    ['PriorDays', PriorDays],
    ['PostDays', PostDays],
  ] as const;
  for (const [name, days] of negative) {
    if (days >= 0) continue;
    const path = `$.PrimaryCriteria.ObservationWindow.${name}`;
    findings.push(
      warning('negative-days', path, `${name} is ${days}: an observation cannot be shorter than nothing`),
    );
  }
  findings.push(...periodFindings('$.CensorWindow', expression.CensorWindow));
  return findings;
}

function filterFindings(filter: Filter): readonly Finding[] {
  if (filter.kind !== 'dates' && filter.kind !== 'number' && filter.kind !== 'age') return [];
  const { Op, Value, Extent } = filter.range;
  const findings: Finding[] = [];
  if (Op.endsWith('bt') && Extent !== undefined && Value > Extent) {
    const meaning = Op === 'bt' ? 'nothing lies in it' : 'everything lies outside it';
    findings.push(warning('empty-range', filter.path, `the range begins after its end: ${meaning}`));
  }
  if (filter.kind === 'age' && typeof Value === 'number' && Value < 0) {
    findings.push(warning('negative-value', filter.path, 'an age below zero'));
  }
  if (
    filter.kind !== 'dates' &&
    (filter.kind === 'age' || filter.decimals === 0) &&
    !Number.isInteger(Value)
  ) {
    findings.push(
      warning('decimals-cut', filter.path, 'the decimals are cut off: this attribute is a whole number'),
    );
  }
  return findings;
}

function periodFindings(path: string, period: Period | undefined): readonly Finding[] {
  const [start, end] = [period?.StartDate, period?.EndDate];
  if (start === undefined || end === undefined || start <= end) return [];
  return [warning('empty-period', path, 'the period ends before it starts')];
}
