/** Ranges that can hold nothing, negative lengths, periods that end before they start. */

import { messages } from '#sql/circe/check/messages.ts';
import { info, warning } from '#sql/circe/check/warning.ts';
import type { CohortExpression, Filter, Period } from '#sql/circe/expression.ts';
import type { Found } from '#sql/circe/told.ts';
import { walk } from '#sql/circe/walk.ts';

export function rangeFindings(expression: CohortExpression): readonly Found[] {
  const findings: Found[] = [];
  walk(expression, {
    criterion(criterion) {
      findings.push(...criterion.filters.flatMap(filterFindings), ...datesFindings(criterion.filters));
      findings.push(...periodFindings(`${criterion.path}.UserDefinedPeriod`, criterion.UserDefinedPeriod));
    },
    demographic({ path, filters }) {
      findings.push(...filters.flatMap(filterFindings), ...datesFindings(filters));
      if (filters.length === 0)
        findings.push(warning('empty-demographic', path, messages['empty-demographic']));
    },
  });
  const { PriorDays, PostDays } = expression.PrimaryCriteria.ObservationWindow;
  const negative = [
    ['PriorDays', PriorDays],
    ['PostDays', PostDays],
  ] as const;
  for (const [name, days] of negative) {
    if (days >= 0) continue;
    const path = `$.PrimaryCriteria.ObservationWindow.${name}`;
    findings.push(warning('negative-days', path, messages['negative-days'].observation(name, days)));
  }
  findings.push(...periodFindings('$.CensorWindow', expression.CensorWindow));
  return findings;
}

function filterFindings(filter: Filter): readonly Found[] {
  if (filter.kind === 'presence')
    return [warning('empty-value', filter.path, messages['empty-value'].set(filter.exclude))];
  if (filter.kind === 'text' && filter.filter.Text.trim() === '')
    return [warning('empty-value', filter.path, messages['empty-value'].text)];
  if (filter.kind !== 'dates' && filter.kind !== 'number' && filter.kind !== 'age') return [];
  const { Op, Value, Extent } = filter.range;
  const findings: Found[] = [];
  if (Op.endsWith('bt') && Extent !== undefined && Value > Extent) {
    const { nothing, everything } = messages['empty-range'];
    findings.push(warning('empty-range', filter.path, Op === 'bt' ? nothing : everything));
  }
  if (typeof Value === 'number' && Value < 0) {
    const whole = filter.kind === 'age' || (filter.kind === 'number' && filter.decimals === 0);
    const found = whole ? warning : info;
    findings.push(
      found('negative-value', filter.path, messages['negative-value'][whole ? 'whole' : 'value']),
    );
  }
  if (
    filter.kind !== 'dates' &&
    (filter.kind === 'age' || filter.decimals === 0) &&
    !Number.isInteger(Value)
  ) {
    findings.push(warning('decimals-cut', filter.path, messages['decimals-cut']));
  }
  return findings;
}

function periodFindings(path: string, period: Period | undefined): readonly Found[] {
  const [start, end] = [period?.StartDate, period?.EndDate];
  if (start === undefined || end === undefined || start <= end) return [];
  return [warning('empty-period', path, messages['empty-period'])];
}

/** An event that must end before the day that it may start on at the earliest. */
function datesFindings(filters: readonly Filter[]): readonly Found[] {
  const least = filters.flatMap((filter) =>
    filter.kind === 'dates' && filter.of === 'start' && ['eq', 'gt', 'gte', 'bt'].includes(filter.range.Op)
      ? [filter.range.Value]
      : [],
  );
  return filters.flatMap((filter) => {
    if (filter.kind !== 'dates' || filter.of !== 'end') return [];
    const { Op, Value, Extent } = filter.range;
    const most = Op === 'bt' ? Extent : ['eq', 'lt', 'lte'].includes(Op) ? Value : undefined;
    if (most === undefined || !least.some((date) => date > most)) return [];
    return [warning('dates-exclude', filter.path, messages['dates-exclude'])];
  });
}
