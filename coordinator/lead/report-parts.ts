/** The parts of a count that a study asked for besides, as tables and as lines of CSV. */

import type {
  Figure,
  PooledCount,
  PooledRules,
  PooledStarts,
  PooledYears,
} from '#sql/analysis/count/pool.ts';
import { figure, rows, shown } from './figure.ts';

export function partLines({ rules, years, starts, persons, bySex }: PooledCount): string[] {
  return [
    ...(rules ? ruleLines(rules) : []),
    ...(years ? yearLines(years, { persons, bySex }) : []),
    ...(starts ? startLines(starts) : []),
  ];
}

function ruleLines({ attrition, rules }: PooledRules): string[] {
  const byEvent = attrition.some((step) => step.byEvent);
  const lines = [
    '  attrition: persons by their best event (most rules, then the lowest rule, then the earliest)',
    ...rows([
      ['', 'persons', ...(byEvent ? ['events'] : [])],
      ...attrition.map((step) => [
        `  ${step.step} ${step.name}`,
        figure(step.byPerson),
        ...(byEvent ? [figure(step.byEvent)] : []),
      ]),
    ]),
  ];
  const columns = [
    ['gain, persons', 'gainByPerson'],
    ['gain, events', 'gainByEvent'],
    ['alone, persons', 'standaloneByPerson'],
  ] as const;
  const given = columns.filter(([, key]) => rules.some((rule) => rule[key]));
  if (given.length === 0) return lines;
  return [
    ...lines,
    '  per rule: gain (let in by all but this rule), alone (pass this rule, whatever the others say)',
    ...rows([
      ['', ...given.map(([name]) => name)],
      ...rules.map((rule) => [`  ${rule.rule} ${rule.name}`, ...given.map(([, key]) => figure(rule[key]))]),
    ]),
  ];
}

function yearLines(
  { byYear, strata }: PooledYears,
  { persons, bySex }: Pick<PooledCount, 'persons' | 'bySex'>,
): string[] {
  const sexes = bySex.filter((sex) => shown(sex.persons));
  const years = byYear.filter((year) => shown(year.persons));
  if (years.length === 0) return [];
  const cell = (sex: string, year: string) =>
    strata.find((each) => each.sex === sex && each.year === year)?.persons;
  return [
    '  persons by sex and calendar year of their first start',
    ...rows([
      ['', ...sexes.map(({ sex }) => sex), 'all'],
      ...years.map(({ year, persons: all }) => [
        `  ${year}`,
        ...sexes.map(({ sex }) => figure(cell(sex, year))),
        figure(all),
      ]),
      ['  all', ...sexes.map((sex) => figure(sex.persons)), figure(persons)],
    ]),
  ];
}

function startLines(starts: PooledStarts): string[] {
  const list = [
    ...starts.bySex.map((each) => [each.sex, each.rows] as const),
    ...starts.byAgeBand.map((each) => [each.ageBand, each.rows] as const),
    ...starts.byYear.map((each) => [each.year, each.rows] as const),
  ].filter(([, of]) => shown(of));
  if (list.length === 0) return [];
  return [
    '  rows, every start: by sex, by age at that start, by its year',
    ...rows(list.map(([name, of]) => [`  ${name}`, figure(of)])),
  ];
}

/** What a line of CSV says besides cohort, site and figure. */
interface Place {
  readonly measure: string;
  readonly step?: number;
  readonly sex?: string;
  readonly ageBand?: string;
  readonly year?: string;
}

export function partFigures({ rules, years, starts }: PooledCount): (readonly [Place, Figure])[] {
  const out: (readonly [Place, Figure])[] = [];
  const add = (place: Place, of: Figure | undefined) => {
    if (of) out.push([place, of]);
  };
  for (const { step, byPerson, byEvent } of rules?.attrition ?? []) {
    add({ measure: 'attrition-by-person', step }, byPerson);
    add({ measure: 'attrition-by-event', step }, byEvent);
  }
  for (const { rule, gainByPerson, gainByEvent, standaloneByPerson } of rules?.rules ?? []) {
    add({ measure: 'gain-by-person', step: rule }, gainByPerson);
    add({ measure: 'gain-by-event', step: rule }, gainByEvent);
    add({ measure: 'standalone-by-person', step: rule }, standaloneByPerson);
  }
  for (const { year, persons } of years?.byYear ?? []) add({ measure: 'persons', year }, persons);
  for (const { sex, year, persons } of years?.strata ?? []) add({ measure: 'persons', sex, year }, persons);
  for (const { sex, rows: of } of starts?.bySex ?? []) add({ measure: 'rows', sex }, of);
  for (const { ageBand, rows: of } of starts?.byAgeBand ?? []) add({ measure: 'rows', ageBand }, of);
  for (const { year, rows: of } of starts?.byYear ?? []) add({ measure: 'rows', year }, of);
  return out;
}
