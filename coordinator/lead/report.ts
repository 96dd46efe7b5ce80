/** PooledResult as a table for a terminal and as CSV. */

import { stringify } from 'csv-stringify/sync';
import type { Figure } from '#sql/analysis/count/pool.ts';
import type { PooledResult } from './pool.ts';

/** The table: every figure, how many sites it stands on, and what each site released. */
export function table(result: PooledResult): string {
  const lines = [
    `${result.title}`,
    `stands on ${result.standsOn} sites; minimum cell ${result.minCell}; ${result.counts}`,
    '',
  ];
  for (const cohort of result.cohorts) {
    lines.push(`cohort ${cohort.name}`);
    lines.push(
      ...rows([
        ['persons', figure(cohort.persons)],
        ['rows', figure(cohort.rows)],
      ]),
    );
    if (cohort.attrition.length > 0) {
      lines.push('  attrition (persons left)');
      lines.push(
        ...rows(cohort.attrition.map(({ step, name, persons }) => [`  ${step} ${name}`, figure(persons)])),
      );
    }
    const sexes = cohort.bySex.filter(({ persons }) => shown(persons));
    const bands = cohort.byAgeBand.filter(({ persons }) => shown(persons));
    const cell = (sex: string, band: string) =>
      cohort.strata.find((each) => each.sex === sex && each.ageBand === band)?.persons;
    if (bands.length > 0) {
      lines.push('  persons by sex and age at index');
      const body = bands.map(({ ageBand, persons }) => [
        `  ${ageBand}`,
        ...sexes.map(({ sex }) => figure(cell(sex, ageBand))),
        figure(persons),
      ]);
      lines.push(
        ...rows([
          ['', ...sexes.map(({ sex }) => sex), 'all'],
          ...body,
          ['  all', ...sexes.map(({ persons }) => figure(persons)), figure(cohort.persons)],
        ]),
      );
    }
    lines.push('  from');
    const from = result.sites.map((site) => {
      const own = site.cohorts?.find(({ name }) => name === cohort.name);
      const tail = site.code ? ` (${site.code})` : '';
      const name = site.pinned === false ? `${site.site} (key not pinned: the hub's word)` : site.site;
      return [
        `  ${name}`,
        own ? `${figure(own.persons)} persons` : `${site.state}${tail}`,
        own ? `${figure(own.rows)} rows` : '',
      ];
    });
    lines.push(...rows(from), '');
  }
  return lines.join('\n').trimEnd();
}

/** One line a figure, pooled first, then per site. */
export function csv(result: PooledResult): string {
  const out: unknown[][] = [
    ['cohort', 'site', 'measure', 'step', 'sex', 'age_band', 'state', 'value', 'low', 'high', 'sites'],
  ];
  const add = (place: readonly unknown[], { state, value, low, high, sites }: Figure) =>
    out.push([...place, state, value, low, high, sites]);
  for (const cohort of result.cohorts) {
    add([cohort.name, '', 'persons', '', '', ''], cohort.persons);
    add([cohort.name, '', 'rows', '', '', ''], cohort.rows);
    for (const { step, persons } of cohort.attrition)
      add([cohort.name, '', 'attrition', step, '', ''], persons);
    for (const { sex, persons } of cohort.bySex) add([cohort.name, '', 'persons', '', sex, ''], persons);
    for (const { ageBand, persons } of cohort.byAgeBand)
      add([cohort.name, '', 'persons', '', '', ageBand], persons);
    for (const { sex, ageBand, persons } of cohort.strata)
      add([cohort.name, '', 'persons', '', sex, ageBand], persons);
    for (const site of result.sites) {
      for (const own of site.cohorts?.filter(({ name }) => name === cohort.name) ?? []) {
        add([cohort.name, site.site, 'persons', '', '', ''], own.persons);
        add([cohort.name, site.site, 'rows', '', '', ''], own.rows);
      }
    }
  }
  // A cohort's name is a lead's own text: a spreadsheet must not run it as a formula.
  return stringify(out, { escape_formulas: true });
}

function figure(of: Figure | undefined): string {
  if (!of) return '';
  switch (of.state) {
    case 'value':
      return String(of.value);
    case 'zero':
      return '0';
    case 'range':
    case 'suppressed':
      return `${of.low}–${of.high}`;
    case 'not-applicable':
      return 'n/a';
    case 'error':
      return 'error';
  }
}

const shown = (of: Figure): boolean => of.state !== 'zero' && of.state !== 'not-applicable';

function rows(cells: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of cells)
    for (const [i, text] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, text.length);
  return cells.map((row) =>
    `  ${row.map((text, i) => (i === 0 ? text.padEnd(widths[i] ?? 0) : text.padStart(widths[i] ?? 0))).join('   ')}`.trimEnd(),
  );
}
