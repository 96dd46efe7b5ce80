/** Tables, columns, types, keys and indexes of a schema against OMOP CDM 5.4. */

import { cdmIndexes } from '#sql/cdm/indexes.ts';
import { type CdmColumn, type CdmTable, cdmTables } from '#sql/cdm/tables.ts';
import type { FoundTable } from './catalog.ts';
import type { Finding, Severity } from './finding.ts';

/** Without these no cohort can be made. */
const needed: ReadonlySet<string> = new Set([
  'person',
  'observation_period',
  'concept',
  'concept_ancestor',
  'concept_relationship',
]);

/** What the schema lacks or has otherwise; nothing is read but the catalogue. */
export function checkStructure(catalog: ReadonlyMap<string, FoundTable>): Finding[] {
  const findings: Finding[] = [];
  for (const table of cdmTables) {
    const found = catalog.get(table.name);
    const add = (code: string, severity: Severity, columns: readonly string[], remedy: string) => {
      if (columns.length > 0)
        findings.push({
          code,
          severity,
          table: table.name,
          count: columns.length,
          remedy: `${remedy}: ${columns.join(', ')}.`,
        });
    };
    if (found === undefined) {
      const severity = needed.has(table.name) ? 'error' : table.group === 'cohort' ? 'info' : 'warning';
      findings.push({
        code: 'table-missing',
        severity,
        table: table.name,
        count: 1,
        remedy:
          severity === 'error'
            ? 'No cohort can be made without it: add it.'
            : 'Add it, empty if need be: definitions that use it are refused.',
      });
      continue;
    }
    const missing = table.columns.filter((column) => !found.columns.has(column.name));
    const name = (column: CdmColumn) => column.name;
    add(
      'column-missing',
      'error',
      missing.filter((column) => column.required).map(name),
      'Add the required columns',
    );
    add(
      'column-missing',
      'warning',
      missing.filter((column) => !column.required).map(name),
      'Add the columns, NULL if need be',
    );
    const typed = (verdict: 'wrong' | 'odd') =>
      table.columns.filter((column) => judge(column, found.columns.get(column.name)) === verdict).map(name);
    add('column-type', 'error', typed('wrong'), 'Change the type to that of OMOP CDM 5.4');
    add('column-type', 'warning', typed('odd'), 'Compares, but is not the type of OMOP CDM 5.4');
    if (!found.plain) continue;
    if (table.primaryKey.length > 0 && !hasKey(table, found)) {
      add('primary-key-missing', 'warning', table.primaryKey, 'Add the primary key');
    }
    const slow = cdmIndexes.filter((index) => index.table === table.name && !isServed(index.columns, found));
    add(
      'index-missing',
      'info',
      slow.map((index) => `(${index.columns.join(' ')})`),
      'Cohorts would run faster with indexes on',
    );
  }
  return findings;
}

export function hasKey(table: CdmTable, found: FoundTable): boolean {
  return found.indexes.some(
    (index) => index.unique && index.columns.every((column) => table.primaryKey.includes(column)),
  );
}

/** An index that begins with the same two columns serves nearly as well. */
function isServed(columns: readonly string[], found: FoundTable): boolean {
  const lead = columns.slice(0, 2);
  return found.indexes.some((index) => lead.every((column, place) => index.columns[place] === column));
}

const whole = ['smallint', 'integer', 'bigint'];
const families: Readonly<
  Record<CdmColumn['type'], { readonly good: readonly string[]; readonly odd: readonly string[] }>
> = {
  integer: { good: whole, odd: ['numeric'] },
  bigint: { good: whole, odd: ['numeric'] },
  numeric: { good: [...whole, 'numeric', 'real', 'double precision'], odd: [] },
  date: { good: ['date'], odd: ['timestamp without time zone', 'timestamp with time zone'] },
  timestamp: { good: ['timestamp without time zone', 'timestamp with time zone'], odd: ['date'] },
  text: { good: ['text', 'character varying', 'character'], odd: [] },
  varchar: { good: ['text', 'character varying', 'character'], odd: ['integer', 'time without time zone'] },
};

/** Whether a column's type is OMOP's, compares with it all the same, or breaks every question; absent columns are good. */
export function judge(column: CdmColumn, type: string | undefined): 'good' | 'odd' | 'wrong' {
  const family = families[column.type];
  if (type === undefined || family.good.includes(type)) return 'good';
  return family.odd.includes(type) ? 'odd' : 'wrong';
}
