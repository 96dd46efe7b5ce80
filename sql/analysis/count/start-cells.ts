/** Cells of the calendar year of the first start, and of every start: first ones, one a person, and further ones. */

import type { CountAsked } from '#protocol/analysis.ts';
import type { CellVisibility, Link, RawCell, RawCells } from '#protocol/cell.ts';
import { ageBands, type StartCount, type StartCounts, sexes, sexOf } from './spec.ts';

/** The years told apart, with `before` and `after` them: always all of them, so that which are sent tells nothing. */
export function yearNames({ from, to }: NonNullable<CountAsked['years']>): string[] {
  const years = Array.from({ length: to - from + 1 }, (_, i) => String(from + i));
  return ['before', ...years, 'after'];
}

/**
 * `year:…` and `sex:…/year:…` split `persons` and `sex:…` once more (for any table by sex and age and any by sex and year
 * with the same persons of each sex there are persons who make both). `rows/…` adds the further starts to the persons;
 * by sex, age and year these share no more than their total.
 */
export function startCells(starts: StartCounts, { parts, years }: CountAsked): RawCells {
  const cells: RawCell[] = [];
  const links: Link[] = [];
  if (parts.has('year') && years) {
    const names = yearNames(years);
    const place = (year: number): number => Math.min(Math.max(year - years.from + 1, 0), names.length - 1);
    const inner = sexes.map((sex) =>
      names.map((_, i) =>
        sum(starts.years, (each) => sexOf(each.genderConceptId) === sex.id && place(each.year) === i),
      ),
    );
    const add = (id: string, value: number) => {
      cells.push({ id, kind: 'persons', visibility: 'published', n: value, value });
      return id;
    };
    sexes.forEach((sex, s) => {
      const row = names.map((name, i) => add(`sex:${sex.id}/year:${name}`, inner[s]?.[i] ?? 0));
      links.push({ total: `sex:${sex.id}`, parts: row });
    });
    names.forEach((name, i) => {
      const value = inner.reduce((total, row) => total + (row[i] ?? 0), 0);
      links.push({
        total: add(`year:${name}`, value),
        parts: sexes.map(({ id }) => `sex:${id}/year:${name}`),
      });
    });
    links.push({ total: 'persons', parts: names.map((name) => `year:${name}`) });
  }
  if (!parts.has('rows')) return { cells, links };
  // Where nobody has a second row a reader may know it, here as in the total.
  const visibility: CellVisibility = starts.bySex.every(({ further }) => further === 0) ? 'known' : 'derived';
  const dimension = (ids: readonly string[], counts: readonly StartCount[], at: (key: number) => number) => {
    const further = ids.map((id, i) => {
      const own = counts.filter(({ key }) => at(key) === i);
      const of = (what: (each: StartCount) => number) => own.reduce((total, each) => total + what(each), 0);
      const [first, more] = [of((each) => each.first), of((each) => each.further)];
      const repeat = `rows:repeat/${id}`;
      cells.push({ id: repeat, kind: 'rows', visibility, n: of((each) => each.furtherPersons), value: more });
      const n = of((each) => each.persons);
      cells.push({ id: `rows/${id}`, kind: 'rows', visibility: 'published', n, value: first + more });
      links.push({ total: `rows/${id}`, parts: [id, repeat] });
      return repeat;
    });
    links.push({ total: 'rows:repeat', parts: further });
  };
  dimension(
    sexes.map(({ id }) => `sex:${id}`),
    starts.bySex,
    (key) => sexes.findIndex(({ id }) => id === sexOf(key)),
  );
  dimension(
    ageBands.map((band) => `age:${band}`),
    starts.byBand,
    (key) => key,
  );
  if (parts.has('year') && years) {
    const names = yearNames(years);
    dimension(
      names.map((name) => `year:${name}`),
      starts.byYear,
      (key) => Math.min(Math.max(key - years.from + 1, 0), names.length - 1),
    );
  }
  return { cells, links };
}

function sum<T extends { readonly persons: number }>(all: readonly T[], is: (one: T) => boolean): number {
  return all.filter(is).reduce((total, { persons }) => total + persons, 0);
}
