/** A definition in plain English, line by line, for people who decide whether it is what they meant. */

import type {
  CohortExpression,
  CorrelatedCriterion,
  CriteriaGroup,
  Criterion,
  Endpoint,
  Filter,
  Limit,
  Operator,
  Window,
} from '#sql/circe/expression.ts';

type Names = ReadonlyMap<number, string>;

/** Lines without line ends; nested ones are indented by two spaces. */
export function describe(expression: CohortExpression): readonly string[] {
  const names: Names = new Map(expression.ConceptSets.map((set) => [set.id, set.name]));
  const { CriteriaList, ObservationWindow, PrimaryCriteriaLimit } = expression.PrimaryCriteria;
  const additional = expression.AdditionalCriteria;
  return [
    `Entry: ${limitText(PrimaryCriteriaLimit)} of`,
    ...indent(CriteriaList.flatMap((criterion) => describeCriterion(criterion, names))),
    `  observed for at least ${ObservationWindow.PriorDays} days before and ${ObservationWindow.PostDays} days after`,
    ...(additional === undefined
      ? []
      : [
          `Of these, ${limitText(expression.QualifiedLimit)} that meets`,
          ...indent(describeGroup(additional, names)),
        ]),
    ...expression.InclusionRules.flatMap((rule, index) => [
      `Rule ${index} "${rule.name}":`,
      ...indent(describeGroup(rule.expression, names)),
    ]),
    ...(expression.ExpressionLimit === 'All'
      ? []
      : [
          `Keep the ${expression.ExpressionLimit === 'Last' ? 'latest' : 'earliest'} event of each person that meets all rules.`,
        ]),
    ...describeExit(expression, names),
  ];
}

function indent(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `  ${line}`);
}

function limitText(limit: Limit): string {
  if (limit === 'All') return 'every event';
  return limit === 'First' ? "a person's earliest event" : "a person's latest event";
}

function describeCriterion(criterion: Criterion, names: Names): readonly string[] {
  const set = criterion.filters.find((filter) => filter.name === 'CodesetId');
  const others = criterion.filters.filter((filter) => filter !== set);
  const adjustment = criterion.DateAdjustment;
  const period = criterion.UserDefinedPeriod;
  const parts = [
    ...(criterion.First ? ['the first in the person’s history'] : []),
    ...others.map((filter) => describeFilter(filter, names)),
    ...(adjustment === undefined
      ? []
      : [
          `taken from ${word(adjustment.StartWith)} ${signed(adjustment.StartOffset)} to ${word(adjustment.EndWith)} ${signed(adjustment.EndOffset)}`,
        ]),
    ...(period === undefined
      ? []
      : [`cut to ${period.StartDate ?? 'its start'} … ${period.EndDate ?? 'its end'}`]),
  ];
  const of = set?.kind === 'codeset' ? ` of ${setName(set.CodesetId, names)}` : '';
  const group = criterion.CorrelatedCriteria;
  return [
    `${spaced(criterion.type)}${of}${parts.length === 0 ? '' : ` (${parts.join('; ')})`}`,
    ...(group === undefined ? [] : ['  that itself meets', ...indent(indent(describeGroup(group, names)))]),
  ];
}

function describeGroup(group: CriteriaGroup, names: Names): readonly string[] {
  const members = [
    ...group.CriteriaList.flatMap((criterion) => describeCorrelated(criterion, names)),
    ...group.DemographicCriteriaList.map(
      (person) => `the person: ${person.filters.map((filter) => describeFilter(filter, names)).join('; ')}`,
    ),
    ...group.Groups.flatMap((inner) => describeGroup(inner, names)),
  ];
  if (members.length === 0) return ['nothing (always true)'];
  const head = {
    ALL: 'all of',
    ANY: 'any of',
    AT_LEAST: `at least ${group.Count} of`,
    AT_MOST: `at most ${group.Count} of`,
  };
  return [head[group.Type], ...indent(members)];
}

function describeCorrelated(criterion: CorrelatedCriterion, names: Names): readonly string[] {
  const { Type, Count, IsDistinct, CountColumn } = criterion.Occurrence;
  const distinct = IsDistinct
    ? ` distinct ${(CountColumn ?? 'DOMAIN_CONCEPT').toLowerCase().replaceAll('_', ' ')} of`
    : '';
  const [first = '', ...rest] = describeCriterion(criterion.Criteria, names);
  const where = [
    ...windowText(criterion.StartWindow, criterion.StartWindow?.UseEventEnd ?? false),
    ...windowText(criterion.EndWindow, criterion.EndWindow?.UseEventEnd ?? true),
    ...(criterion.RestrictVisit ? ['in the same visit'] : []),
    ...(criterion.IgnoreObservationPeriod ? ['also outside the observation period'] : []),
  ];
  const times = `${['exactly', 'at most', 'at least'][Type]} ${Count}${distinct}`;
  return [`${times} ${first}${where.length === 0 ? '' : `, ${where.join(', ')}`}`, ...rest];
}

function windowText(window: Window | undefined, eventEnd: boolean): readonly string[] {
  if (window === undefined) return [];
  const index = window.UseIndexEnd ? 'the end of the index event' : 'the index date';
  return [
    `${eventEnd ? 'ending' : 'starting'} from ${dayText(window.Start)} to ${dayText(window.End)} of ${index}`,
  ];
}

function dayText({ Days, Coeff }: Endpoint): string {
  if (Days === undefined) return `any time ${Coeff === -1 ? 'before' : 'after'}`;
  return Days === 0 ? 'the day' : `${Days} days ${Coeff < 0 ? 'before' : 'after'}`;
}

function describeFilter(filter: Filter, names: Names): string {
  const name = spaced(filter.name.replace(/CS$/, ''));
  switch (filter.kind) {
    case 'codeset':
      return `${name} in ${setName(filter.CodesetId, names)}`;
    case 'selection':
      return `${name} ${filter.exclude ? 'not ' : ''}in ${setName(filter.CodesetId, names)}`;
    case 'concepts': {
      const list = filter.concepts.map((concept) => concept.CONCEPT_NAME ?? `${concept.CONCEPT_ID}`);
      return `${name} ${filter.exclude ? 'none of' : 'is'} ${list.join(' or ')}`;
    }
    case 'dates':
    case 'number':
    case 'age':
      return `${name} ${rangeText(filter.range.Op, filter.range.Value, filter.range.Extent)}`;
    case 'text':
      return `${name} ${filter.filter.Op.startsWith('!') ? 'not ' : ''}${spaced(filter.filter.Op.replace('!', ''))} "${filter.filter.Text}"`;
    case 'abnormal':
      return 'abnormal';
    case 'unanswerable':
      return `${name} (cannot be answered: ${filter.reason})`;
  }
}

function rangeText(op: Operator, value: number | string, extent: number | string | undefined): string {
  if (op === 'bt') return `from ${value} to ${extent}`;
  if (op === '!bt') return `outside ${value} to ${extent}`;
  return `${{ lt: '<', lte: '≤', eq: '=', '!eq': '≠', gt: '>', gte: '≥' }[op]} ${value}`;
}

function describeExit(expression: CohortExpression, names: Names): readonly string[] {
  const strategy = expression.EndStrategy;
  const pad = expression.CollapseSettings.EraPad;
  const window = expression.CensorWindow;
  const exit =
    strategy === undefined
      ? 'the end of the observation period'
      : strategy.kind === 'DateOffset'
        ? `${strategy.Offset} days after the event ${strategy.DateField === 'StartDate' ? 'starts' : 'ends'}, at most the end of observation`
        : `the end of continuous exposure to ${setName(strategy.DrugCodesetId ?? -1, names)} (gaps up to ${strategy.GapDays} days, ${strategy.Offset} days added${
            strategy.DaysSupplyOverride === undefined
              ? ''
              : `, each exposure taken as ${strategy.DaysSupplyOverride} days`
          }), at most the end of observation`;
  return [
    `Exit: ${exit}.`,
    ...(expression.CensoringCriteria.length === 0
      ? []
      : [
          'Or earlier, at the first',
          ...indent(expression.CensoringCriteria.flatMap((one) => describeCriterion(one, names))),
        ]),
    `Stays of a person ${pad === 0 ? 'that touch or overlap' : `at most ${pad} days apart`} are joined.`,
    ...(window === undefined
      ? []
      : [`Stays are cut to ${window.StartDate ?? 'any time'} … ${window.EndDate ?? 'any time'}.`]),
  ];
}

function setName(id: number, names: Names): string {
  const name = names.get(id);
  return name === undefined ? `concept set ${id} (missing)` : `"${name}"`;
}

function spaced(name: string): string {
  return name.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
}

function word(date: 'START_DATE' | 'END_DATE'): string {
  return date === 'START_DATE' ? 'start' : 'end';
}

function signed(days: number): string {
  return days < 0 ? `− ${-days} days` : `+ ${days} days`;
}
