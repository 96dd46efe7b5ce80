/** From pooled cells to what a study lead reads. */

import type { CountAsked } from '#protocol/analysis.ts';
import type { PooledCell } from '#protocol/cell.ts';
import { ageBands, sexes } from './spec.ts';
import { yearNames } from './start-cells.ts';

/** A pooled figure as it is written: state, value or bounds, and how many sites it stands on. */
export interface Figure {
  readonly state: PooledCell['state'];
  readonly value?: number;
  readonly low?: number;
  readonly high?: number;
  readonly sites: number;
}

export interface PooledCount {
  readonly name: string;
  readonly persons: Figure;
  readonly rows: Figure;
  /** Step 0 is the entry events; step i the inclusion rule i. Empty where the definition has no inclusion rule. */
  readonly attrition: readonly { readonly step: number; readonly name: string; readonly persons: Figure }[];
  readonly bySex: readonly { readonly sex: string; readonly persons: Figure }[];
  readonly byAgeBand: readonly { readonly ageBand: string; readonly persons: Figure }[];
  readonly strata: readonly { readonly sex: string; readonly ageBand: string; readonly persons: Figure }[];
  /** What the study asked for besides (protocol/analysis.ts); left out where it did not. */
  readonly rules?: PooledRules;
  readonly years?: PooledYears;
  readonly starts?: PooledStarts;
}

/** By person: each by their best event (most rules, then the lowest rule, then the earliest). By event: every entry event. */
export interface PooledRules {
  /** Step 0 is everybody; step i those that pass rules 1 … i. */
  readonly attrition: readonly {
    readonly step: number;
    readonly name: string;
    readonly byPerson: Figure;
    readonly byEvent?: Figure;
  }[];
  readonly rules: readonly {
    readonly rule: number;
    readonly name: string;
    /** Let in by every rule but this one. */
    readonly gainByPerson?: Figure;
    readonly gainByEvent?: Figure;
    /** Pass this rule, whatever the others say. */
    readonly standaloneByPerson?: Figure;
  }[];
}

/** Persons by calendar year of their first start; `before` and `after` the years told apart. */
export interface PooledYears {
  readonly byYear: readonly { readonly year: string; readonly persons: Figure }[];
  readonly strata: readonly { readonly sex: string; readonly year: string; readonly persons: Figure }[];
}

/** Every start: rows by sex, by age at the start, by its year. */
export interface PooledStarts {
  readonly bySex: readonly { readonly sex: string; readonly rows: Figure }[];
  readonly byAgeBand: readonly { readonly ageBand: string; readonly rows: Figure }[];
  readonly byYear: readonly { readonly year: string; readonly rows: Figure }[];
}

/** `ruleNames` come from the study's own definition, in order. */
export function pooledCount(
  name: string,
  ruleNames: readonly string[],
  cells: readonly PooledCell[],
  asked?: CountAsked,
): PooledCount {
  const byId = new Map(cells.map((cell) => [cell.id, cell]));
  const figure = (id: string): Figure => {
    const cell = byId.get(id);
    if (!cell) return { state: 'not-applicable', sites: 0 };
    const { id: _, kind: __, ...rest } = cell;
    return rest;
  };
  const parts = asked?.parts ?? new Set();
  const isByBest = parts.has('events') || parts.has('gain') || parts.has('standalone');
  const steps = ruleNames.length === 0 || isByBest ? [] : ['Entry events', ...ruleNames];
  return {
    name,
    persons: figure('persons'),
    rows: figure('rows'),
    attrition: steps.map((step, i) => ({ step: i, name: step, persons: figure(`attrition:${i}`) })),
    bySex: sexes.map((sex) => ({ sex: sex.name, persons: figure(`sex:${sex.id}`) })),
    byAgeBand: ageBands.map((ageBand) => ({ ageBand, persons: figure(`age:${ageBand}`) })),
    strata: sexes.flatMap((sex) =>
      ageBands.map((ageBand) => ({
        sex: sex.name,
        ageBand,
        persons: figure(`sex:${sex.id}/age:${ageBand}`),
      })),
    ),
    ...(isByBest ? { rules: rulesOf(ruleNames, parts, figure) } : {}),
    ...(asked?.years ? { years: yearsOf(yearNames(asked.years), figure) } : {}),
    ...(parts.has('rows') ? { starts: startsOf(asked?.years ? yearNames(asked.years) : [], figure) } : {}),
  };
}

type FigureOf = (id: string) => Figure;

function rulesOf(ruleNames: readonly string[], parts: CountAsked['parts'], figure: FigureOf): PooledRules {
  const [events, gain] = [parts.has('events'), parts.has('gain')];
  return {
    attrition: ['Entry events', ...ruleNames].map((name, step) => ({
      step,
      name,
      byPerson: figure(`by-person/step:${step}`),
      ...(events ? { byEvent: figure(`by-event/step:${step}`) } : {}),
    })),
    rules: ruleNames.map((name, i) => ({
      rule: i + 1,
      name,
      ...(gain ? { gainByPerson: figure(`by-person/gain:${i}`) } : {}),
      ...(gain && events ? { gainByEvent: figure(`by-event/gain:${i}`) } : {}),
      ...(parts.has('standalone') ? { standaloneByPerson: figure(`by-person/pass:${i}`) } : {}),
    })),
  };
}

function yearsOf(names: readonly string[], figure: FigureOf): PooledYears {
  return {
    byYear: names.map((year) => ({ year, persons: figure(`year:${year}`) })),
    strata: sexes.flatMap((sex) =>
      names.map((year) => ({ sex: sex.name, year, persons: figure(`sex:${sex.id}/year:${year}`) })),
    ),
  };
}

function startsOf(years: readonly string[], figure: FigureOf): PooledStarts {
  return {
    bySex: sexes.map((sex) => ({ sex: sex.name, rows: figure(`rows/sex:${sex.id}`) })),
    byAgeBand: ageBands.map((ageBand) => ({ ageBand, rows: figure(`rows/age:${ageBand}`) })),
    byYear: years.map((year) => ({ year, rows: figure(`rows/year:${year}`) })),
  };
}
