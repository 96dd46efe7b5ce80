/** The CDM's tables and indexes as PostgreSQL statements: what the migrations were written from, and drills still use. */

import type { CdmIndex } from './indexes.ts';
import type { CdmColumn, CdmTable } from './table.ts';

/** `create table …` with NOT NULL and the primary key; unqualified, so that `search_path` decides the schema. */
export function createTable(table: CdmTable): string {
  const lines = table.columns.map(
    (column) => `  ${quoteName(column.name)} ${columnType(column)}${column.required ? ' not null' : ''}`,
  );
  if (table.primaryKey.length > 0) {
    lines.push(`  constraint ${table.name}_key primary key (${table.primaryKey.map(quoteName).join(', ')})`);
  }
  return `create table ${quoteName(table.name)} (\n${lines.join(',\n')}\n);`;
}

/** `create index …`, unqualified. */
export function createIndex(index: CdmIndex): string {
  const include = index.include.length > 0 ? ` include (${index.include.map(quoteName).join(', ')})` : '';
  return `create index ${index.name} on ${quoteName(index.table)} (${index.columns.map(quoteName).join(', ')})${include};`;
}

/** The PostgreSQL name of a column's type, as `format_type` prints it. */
export function columnType(column: CdmColumn): string {
  switch (column.type) {
    case 'varchar':
      return `character varying(${column.length})`;
    case 'timestamp':
      return 'timestamp without time zone';
    case 'integer':
    case 'bigint':
    case 'numeric':
    case 'date':
    case 'text':
      return column.type;
  }
}

/** A name as SQL writes it: quoted always, since `offset`, `domain` and `vocabulary` are names too. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
