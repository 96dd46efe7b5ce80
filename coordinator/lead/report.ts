/** PooledResult as a table for a terminal and as CSV. */

import { stringify } from 'csv-stringify/sync';
import { boundsOf, type SiteVocabulary } from '#protocol/vocabulary.ts';
import type { Figure } from '#sql/analysis/count/pool.ts';
import { figure, rows, shown } from './figure.ts';
import type { PooledResult, SiteLine } from './pool.ts';
import { partFigures, partLines } from './report-parts.ts';

/** The table: every figure, how many sites it stands on, and what each site released. */
export function table(result: PooledResult): string {
  const lines = [
    `${result.title}`,
    `version ${result.version}, ${result.state}; stands on ${result.standsOn} sites; minimum cell ${result.minCell}; ${result.counts}`,
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
    lines.push(...partLines(cohort));
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
      return [
        `  ${site.site}${marks(site)}`,
        own ? `${figure(own.persons)} persons` : siteWords(site),
        own ? `${figure(own.rows)} rows` : '',
      ];
    });
    lines.push(...rows(from), '');
  }
  lines.push(...vocabularies(result.sites));
  return lines.join('\n').trimEnd();
}

/** One line a site that said so, behind the figures: of no cohort, in the columns of a figure, beside the version. */
function vocabularyRow(site: string, { version, unresolved }: SiteVocabulary, late: string): unknown[] {
  const [low, high] = boundsOf(unresolved);
  const [state, value] = low === high ? ['zero', 0] : ['range'];
  const bounds = state === 'range' ? [low, high] : ['', ''];
  return ['', site, 'concepts-not-found', '', '', '', state, value, ...bounds, '', late, '', version];
}

/** What each site's vocabulary is, and how it meets the study. */
function vocabularies(sites: readonly SiteLine[]): string[] {
  const known = sites.flatMap(({ site, vocabulary }) =>
    vocabulary ? [[`  ${site}`, vocabulary.version, vocabulary.unresolved]] : [],
  );
  if (known.length === 0) return [];
  return ['vocabularies', ...rows([['  ', 'version', 'concepts not found'], ...known])];
}

/** A site's state with what stands beside it: "refused (hospital-refused, scope)". */
export function siteWords({ state, code, reason, late, left }: SiteLine): string {
  const beside = [code, reason, late ? 'late' : undefined, left && state !== 'left' ? 'left' : undefined];
  const said = beside.filter((word) => word !== undefined).join(', ');
  return said === '' ? state : `${state} (${said})`;
}

function marks({ pinned, late, left, despite }: SiteLine): string {
  const said = [
    pinned === false ? "key not pinned: the hub's word" : undefined,
    late ? 'late' : undefined,
    left ? 'left the network since' : undefined,
    despite === undefined ? undefined : `after the order to ${despite}`,
  ].filter((word) => word !== undefined);
  return said.length === 0 ? '' : ` (${said.join('; ')})`;
}

/** One line a figure, pooled first, then per site. */
export function csv(result: PooledResult): string {
  const out: unknown[][] = [
    [
      'cohort',
      'site',
      'measure',
      'step',
      'sex',
      'age_band',
      'state',
      'value',
      'low',
      'high',
      'sites',
      'late',
      'year',
      'vocabulary',
    ],
  ];
  const add = (
    place: readonly unknown[],
    { state, value, low, high, sites }: Figure,
    { late = '', year = '' } = {},
  ) => out.push([...place, state, value, low, high, sites, late, year, '']);
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
    for (const [{ measure, step = '', sex = '', ageBand = '', year = '' }, of] of partFigures(cohort))
      add([cohort.name, '', measure, step, sex, ageBand], of, { year });
    for (const site of result.sites) {
      for (const own of site.cohorts?.filter(({ name }) => name === cohort.name) ?? []) {
        const late = site.late ? 'late' : '';
        add([cohort.name, site.site, 'persons', '', '', ''], own.persons, { late });
        add([cohort.name, site.site, 'rows', '', '', ''], own.rows, { late });
      }
    }
  }
  for (const { site, late, vocabulary } of result.sites)
    if (vocabulary) out.push(vocabularyRow(site, vocabulary, late ? 'late' : ''));
  // A cohort's name is a lead's own text: a spreadsheet must not run it as a formula.
  return stringify(out, { escape_formulas: true });
}
