/** What random rows are made of: few values, so that they coincide, and NULL wherever a column may be empty. */

import fc from 'fast-check';
import { dayOf, type Row, type Value } from './data.ts';

/** About three weeks around a new year, so that ages change within. */
export const firstDay = dayOf('2009-12-22');
export const days = 22;

export const day = fc.integer({ min: firstDay, max: firstDay + days - 1 });
export const texts = ['a', 'ab', 'A%b', 'a_b', 'a\\b', ''] as const;

export const concept = fc.constantFrom<number[]>(1, 1, 1, 2, 2, 3, 4, 5, 6, 0);
export const small = fc.constantFrom<number[]>(1, 2, 3);
export const orNull = <Kind>(arbitrary: fc.Arbitrary<Kind>) => fc.option(arbitrary, { freq: 4 });
export const amount = orNull(fc.constantFrom<number[]>(0, 1, 2, 4, 5, 0.5));
export const count = orNull(fc.constantFrom<number[]>(0, 1, 2, 3, 5));
export const text = orNull(fc.constantFrom<string[]>(...texts));
export const gender = fc.constantFrom<number[]>(8507, 8532);
export const valueConcept = orNull(fc.constantFrom<number[]>(1, 2, 4155142, 4155143));

type Columns = Readonly<Record<string, fc.Arbitrary<Value>>>;
export type Rows = fc.Arbitrary<readonly Row[]>;

/** Rows with ids from 1, of persons 1 to 4. */
export function rows(
  id: string | undefined,
  most: number,
  columns: Columns,
  more: (row: Row) => Row = (row) => row,
): Rows {
  const row = fc.record({ person_id: fc.constantFrom(1, 1, 1, 2, 2, 3, 4), ...columns });
  return fc
    .array(row, { maxLength: most, size: 'max' })
    .map((list) =>
      list.map((one, at) => more(id === undefined ? (one as Row) : ({ ...one, [id]: at + 1 } as Row))),
    );
}

/** An end is counted from the start; it may lie before it, as it does in real data. */
export const after = (start: string, end: string) => (row: Row) => {
  const length = row[end];
  return { ...row, [end]: typeof length === 'number' ? Number(row[start]) + length : null };
};
export const length = fc.constantFrom<number[]>(0, 0, 1, 2, 3, 5, 9, -1);
/** Of visits, eras and periods; now and then it is not known, as of a patient who is still there. */
export const proper = fc.constantFrom<(number | null)[]>(0, 1, 1, 2, 3, 5, 9, null);
export const visited = {
  visit_occurrence_id: orNull(fc.constantFrom<number[]>(1, 2, 3, 4)),
  provider_id: orNull(small),
};
export const kinds = (stem: string, source = true): Columns => ({
  [`${stem}_concept_id`]: concept,
  [`${stem}_type_concept_id`]: orNull(small),
  ...(source ? { [`${stem}_source_concept_id`]: orNull(concept) } : {}),
});
