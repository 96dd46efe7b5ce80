/** From a site's exact counts to raw cells and every link by which one could be computed from others. */

import type { CountAsked } from '#protocol/analysis.ts';
import type { CellVisibility, Link, RawCell, RawCells } from '#protocol/cell.ts';
import { ruleCells } from './rule-cells.ts';
import { ageBands, type CohortCounts, sexes, sexOf } from './spec.ts';
import { startCells } from './start-cells.ts';

/**
 * Published: `persons`, `rows`, `sex:*`, `age:*`, `sex:*` + `/age:*`, and with inclusion rules `attrition:0` (entry events) to
 * `attrition:n`. Derived, never sent: the rows beyond the first of a person, the persons lost at each step, the persons outside.
 * Known: the hospital's population.
 *
 * With a part that speaks of events the chain is `by-person/step:…` (each person by their best event, Circe's mode 1) in
 * place of `attrition:…` (any event of a person): the two beside each other would tell who has which.
 */
export function countCells(counts: CohortCounts, asked?: CountAsked): RawCells {
  const cells: RawCell[] = [];
  const links: Link[] = [];
  const persons = (id: string, value: number, visibility: CellVisibility = 'published') => {
    cells.push({ id, kind: 'persons', visibility, n: value, value });
    return id;
  };

  persons('persons', counts.persons);
  cells.push({ id: 'rows', kind: 'rows', visibility: 'published', n: counts.persons, value: counts.rows });
  cells.push({
    id: 'rows:repeat',
    kind: 'rows',
    // Where nobody has a second row a reader may know it (a definition that keeps the first event alone says so): then rows
    // are persons, and the one must not tell what the other withholds.
    visibility: counts.repeatPersons === 0 ? 'known' : 'derived',
    n: counts.repeatPersons,
    value: counts.rows - counts.persons,
  });
  links.push({ total: 'rows', parts: ['persons', 'rows:repeat'] });

  const add = (more: RawCells) => {
    cells.push(...more.cells);
    links.push(...more.links);
  };

  const grid = (sex: (typeof sexes)[number], band: number) =>
    counts.strata
      .filter((row) => row.band === band && sexOf(row.genderConceptId) === sex.id)
      .reduce((sum, row) => sum + row.persons, 0);
  for (const sex of sexes) {
    const parts = ageBands.map((band, i) => persons(`sex:${sex.id}/age:${band}`, grid(sex, i)));
    const total = ageBands.reduce((sum, _, i) => sum + grid(sex, i), 0);
    links.push({ total: persons(`sex:${sex.id}`, total), parts });
  }
  for (const [i, band] of ageBands.entries()) {
    const parts = sexes.map((sex) => `sex:${sex.id}/age:${band}`);
    const total = sexes.reduce((sum, sex) => sum + grid(sex, i), 0);
    links.push({ total: persons(`age:${band}`, total), parts });
  }
  links.push({ total: 'persons', parts: sexes.map((sex) => `sex:${sex.id}`) });
  links.push({ total: 'persons', parts: ageBands.map((band) => `age:${band}`) });

  persons('population', counts.population, 'known');
  const difference = (id: string, total: readonly [string, number], part: readonly [string, number]) => {
    persons(id, total[1] - part[1], 'derived');
    links.push({ total: total[0], parts: [part[0], id] });
  };
  if (asked && counts.starts) add(startCells(counts.starts, asked));
  if (asked && counts.events) {
    const { ruleCount, mergedPersons } = counts.events;
    add(ruleCells(counts.events, asked));
    const value = new Map(cells.map((cell) => [cell.id, cell.value]));
    const of = (id: string) => [id, value.get(id) ?? 0] as const;
    const last = `step:${ruleCount}`;
    difference('outside', ['population', counts.population], of('by-person/step:0'));
    difference('dropped', of(`by-person/${last}`), of('persons'));
    if (asked.parts.has('events')) {
      // A limit, an era or an exit makes fewer rows than events; where it makes none fewer, a reader may know it.
      const visibility = mergedPersons === 0 ? 'known' : 'derived';
      const merged = of(`by-event/${last}`)[1] - counts.rows;
      cells.push({ id: 'merged', kind: 'rows', visibility, n: mergedPersons, value: merged });
      links.push({ total: `by-event/${last}`, parts: ['rows', 'merged'] });
      links.push({ total: `others/${last}`, parts: ['rows:repeat'], relation: 'at-least' });
    }
    return { cells, links };
  }
  // The chain population ≥ entry ≥ rule 1 ≥ … ≥ cohort: each step's difference can be computed by subtraction.
  const steps = counts.rulePersons.length === 0 ? [] : [counts.entryPersons, ...counts.rulePersons];
  const chain = [
    ['population', counts.population] as const,
    ...steps.map((value, i) => [persons(`attrition:${i}`, value), value] as const),
    ['persons', counts.persons] as const,
  ];
  for (const [i, part] of chain.slice(1).entries()) difference(`lost:${i}`, chain[i] ?? part, part);
  return { cells, links };
}
