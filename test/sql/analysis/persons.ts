/** Persons with events, rules and rows, and the exact counts of them, added up one person at a time. */

import fc from 'fast-check';
import type { CountAsked, CountPart } from '#protocol/analysis.ts';
import { ageBands, type CohortCounts, type StartCount } from '#sql/analysis/count/spec.ts';

export interface Person {
  readonly gender: number;
  readonly birth: number;
  /** The masks of the entry events, earliest first. */
  readonly masks: readonly number[];
  /** Years of the rows in the cohort, earliest first: none unless an event passes every rule, and never more than do. */
  readonly rows: readonly number[];
}

export const asking = (...parts: CountPart[]): CountAsked => ({
  parts: new Set(parts),
  years: parts.includes('year') ? { from: 2010, to: 2012 } : undefined,
});

interface Shape {
  readonly rules: number;
  readonly most: number;
  /** Whether a person can have a second event. */
  readonly repeats: boolean;
}

export function persons({ rules, most, repeats }: Shape): fc.Arbitrary<readonly Person[]> {
  const all = 2 ** rules - 1;
  // Masks that fail a rule or two are likelier than in a fair draw: that is where small figures hang together.
  const mask = fc.oneof(
    fc.constant(all),
    fc.nat(Math.max(rules - 1, 0)).map((rule) => (rules === 0 ? 0 : all - 2 ** rule)),
    fc.nat(all),
  );
  const person = fc
    .record({
      gender: fc.constantFrom(8532, 8507, 0),
      birth: fc.integer({ min: 1930, max: 1990 }),
      masks: fc.array(mask, { minLength: 1, maxLength: repeats ? 3 : 1 }),
      years: fc.array(fc.integer({ min: 2009, max: 2013 }), { minLength: 3, maxLength: 3 }),
      lost: fc.nat(9),
    })
    .map(({ gender, birth, masks, years, lost }): Person => {
      const full = masks.filter((one) => one === all).length;
      const rows = lost === 0 ? Math.max(full - 1, 0) : full;
      return { gender, birth, masks, rows: years.toSorted((a, b) => a - b).slice(0, rows) };
    });
  return fc.array(person, { minLength: 1, maxLength: most });
}

/** Which of a person's events is the best: most rules, then the lowest rule, then the earliest. */
function bestOf(masks: readonly number[]): number {
  const bits = (mask: number) => mask.toString(2).replaceAll('0', '').length;
  const ranked = masks.map((mask, at) => ({ mask, at }));
  ranked.sort(
    (a, b) => bits(b.mask) - bits(a.mask) || (a.mask & -a.mask) - (b.mask & -b.mask) || a.at - b.at,
  );
  return ranked[0]?.at ?? -1;
}

export function countsOf(people: readonly Person[], rules: number, outside = 50): CohortCounts {
  const all = 2 ** rules - 1;
  const members = people.filter(({ rows }) => rows.length > 0);
  const profiles = new Map<string, number>();
  const others = new Map<string, number>();
  const add = (map: Map<string, number>, key: string) => map.set(key, (map.get(key) ?? 0) + 1);
  for (const { masks } of people) {
    const best = bestOf(masks);
    const rest = masks.filter((_, at) => at !== best).map(String);
    add(profiles, JSON.stringify([String(masks[best]), [...new Set(rest)].sort()]));
    for (const mask of rest) add(others, mask);
  }
  const band = (person: Person, year: number) =>
    Math.min(ageBands.length - 1, Math.max(0, Math.floor((year - person.birth) / 10)));
  const folded = (year: number) => Math.min(Math.max(year, 2009), 2013);
  const first = (person: Person) => person.rows[0] ?? 0;
  const starts = (key: (person: Person, year: number) => number): StartCount[] => {
    const keys = new Set(members.flatMap((one) => one.rows.map((year) => key(one, year))));
    return [...keys].map((each) => {
      const of = (rows: (one: Person) => readonly number[]) =>
        members.map((one) => rows(one).filter((year) => key(one, year) === each).length);
      const [one, more] = [of(({ rows }) => rows.slice(0, 1)), of(({ rows }) => rows.slice(1))];
      return {
        key: each,
        first: total(one),
        further: total(more),
        furtherPersons: more.filter((n) => n > 0).length,
        persons: one.filter((n, at) => n + (more[at] ?? 0) > 0).length,
      };
    });
  };
  const prefix = (i: number) => 2 ** (i + 1) - 1;
  return {
    persons: members.length,
    rows: total(members.map(({ rows }) => rows.length)),
    repeatPersons: members.filter(({ rows }) => rows.length > 1).length,
    population: people.length + outside,
    strata: members.map((one) => ({ genderConceptId: one.gender, band: band(one, first(one)), persons: 1 })),
    entryPersons: people.length,
    rulePersons: Array.from(
      { length: rules },
      (_, i) => people.filter(({ masks }) => masks.some((mask) => (mask & prefix(i)) === prefix(i))).length,
    ),
    events: {
      ruleCount: rules,
      profiles: [...profiles].map(([key, n]) => [...(JSON.parse(key) as [string, string[]]), n] as const),
      others: [...others],
      mergedPersons: people.filter(
        ({ masks, rows }) => masks.filter((mask) => mask === all).length > rows.length,
      ).length,
    },
    starts: {
      years: members.map((one) => ({ genderConceptId: one.gender, year: folded(first(one)), persons: 1 })),
      byYear: starts((_, year) => folded(year)),
      bySex: starts(({ gender }) => gender),
      byBand: starts(band),
    },
  };
}

const total = (all: readonly number[]): number => all.reduce((sum, one) => sum + one, 0);
