/** From a site's exact counts to raw cells and every link by which one could be computed from others. */

import type { CellVisibility, Link, RawCell, RawCells } from '#protocol/cell.ts';
import { ageBands, type CohortCounts, sexes } from './spec.ts';

/**
 * Published: `persons`, `rows`, `sex:*`, `age:*`, `sex:*` + `/age:*`, and with inclusion rules `attrition:0` (entry events) to
 * `attrition:n`. Derived, never sent: the rows beyond the first of a person, the persons lost at each step, the persons outside.
 * Known: the hospital's population.
 */
export function countCells(counts: CohortCounts): RawCells {
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

  // The chain population ≥ entry ≥ rule 1 ≥ … ≥ cohort: each step's difference can be computed by subtraction.
  const steps = counts.rulePersons.length === 0 ? [] : [counts.entryPersons, ...counts.rulePersons];
  const chain = [
    persons('population', counts.population, 'known'),
    ...steps.map((value, i) => persons(`attrition:${i}`, value)),
    'persons',
  ];
  const values = [counts.population, ...steps, counts.persons];
  for (let i = 1; i < chain.length; i += 1) {
    const lost = persons(`lost:${i - 1}`, (values[i - 1] ?? 0) - (values[i] ?? 0), 'derived');
    links.push({ total: chain[i - 1] ?? '', parts: [chain[i] ?? '', lost] });
  }
  return { cells, links };
}

function sexOf(concept: number): 'f' | 'm' | 'o' {
  return sexes.find((sex) => sex.concept === concept)?.id ?? 'o';
}
