/** The tables that criteria ask and that are not the CDM's: those of images, in a schema of their own in the same database. */

import { identifier } from '#sql/circe/literal.ts';

export interface Schemas {
  readonly cdmSchema: string;
  /** `imaging` unless said otherwise. */
  readonly imagingSchema?: string;
}

export const imagingTables: ReadonlySet<string> = new Set(['image_occurrence', 'image_feature']);

/** The schema, not quoted, that a table of a criterion lies in. */
export function schemaOf(table: string, { cdmSchema, imagingSchema = 'imaging' }: Schemas): string {
  return imagingTables.has(table) ? imagingSchema : cdmSchema;
}

/** `"schema".table`. */
export function qualifiedTable(table: string, schemas: Schemas): string {
  return `${identifier(schemaOf(table, schemas))}.${table}`;
}
