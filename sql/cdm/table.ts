/** What a table of the OMOP CDM is, as data, and the small notation the tables are written in. */

export type CdmType = 'integer' | 'bigint' | 'numeric' | 'date' | 'timestamp' | 'text' | 'varchar';

export interface CdmColumn {
  readonly name: string;
  readonly type: CdmType;
  /** Most characters a `varchar` holds. */
  readonly length?: number;
  readonly required: boolean;
}

export type CdmGroup =
  | 'clinical'
  | 'health system'
  | 'economics'
  | 'derived'
  | 'metadata'
  | 'vocabulary'
  | 'cohort';

export interface CdmTable {
  readonly name: string;
  readonly group: CdmGroup;
  readonly columns: readonly CdmColumn[];
  /** Empty where OMOP names no primary key. */
  readonly primaryKey: readonly string[];
  /** The column that names the person, where there is one. */
  readonly personKey?: string;
}

/**
 * Reads one table written as lines of `name type [required]`, with `text(n)` for a varchar of n characters.
 * Throws a plain Error on a line that does not fit: the notation is ours, so that is a mistake in our source.
 */
export function cdmTable(
  group: CdmGroup,
  name: string,
  primaryKey: readonly string[],
  lines: string,
): CdmTable {
  const columns = lines
    .trim()
    .split('\n')
    .map((line) => readColumn(name, line.trim()));
  for (const key of primaryKey) {
    if (!columns.some((column) => column.name === key)) throw new Error(`${name} has no key column ${key}`);
  }
  const personKey = ['person_id', 'subject_id'].find((key) => columns.some((column) => column.name === key));
  return Object.freeze({
    name,
    group,
    columns: Object.freeze(columns),
    primaryKey,
    ...(personKey === undefined ? {} : { personKey }),
  });
}

function readColumn(table: string, line: string): CdmColumn {
  const match =
    /^([a-z][a-z0-9_]*)\s+(integer|bigint|numeric|date|timestamp|text)(?:\((\d+)\))?(\s+required)?$/.exec(
      line,
    );
  const [, name, type, length, required] = match ?? [];
  if (name === undefined || type === undefined) throw new Error(`${table}: cannot read the column "${line}"`);
  return Object.freeze({
    name,
    type: length === undefined ? (type as CdmType) : 'varchar',
    ...(length === undefined ? {} : { length: Number(length) }),
    required: required !== undefined,
  });
}
