/**
 * Which attributes' columns are read by something that is called otherwise: a ratio reads the value and the range, a distinct count
 * the column that it counts, an era of drugs the drug exposures. Worked out from the descriptions that the compiler itself uses.
 */

import type { Attribute } from '#sql/circe/criteria/attribute.ts';
import { type CriterionType, describeType } from '#sql/circe/criteria/types.ts';

/** What `abnormal` compiles to reads these (filter.ts). */
const abnormalColumns = ['value_as_number', 'range_low', 'range_high', 'value_as_concept_id'];

/** Columns of the row that an attribute reads; those of other tables and the event's own dates are not among them. */
export function columnsOf(attribute: Attribute): readonly string[] {
  switch (attribute.kind) {
    case 'codeset':
    case 'text':
    case 'flag':
      return [attribute.column];
    case 'concepts':
    case 'selection':
    case 'set-filter':
      return attribute.place.of === 'row' ? [attribute.place.column] : [];
    case 'number':
      return columnsIn(attribute.value);
    case 'abnormal':
      return abnormalColumns;
    case 'first':
    case 'exclude':
    case 'cohort':
    case 'dates':
    case 'age':
    case 'adjustment':
    case 'period':
    case 'group':
    case 'unanswerable':
      return [];
  }
}

/** Attributes that are nothing but one of those columns, or but a date of the event: the names that a column goes by. */
export function namesOf(type: CriterionType, columns: readonly string[]): readonly string[] {
  return Object.entries(describeType(type).attributes).flatMap(([name, attribute]) => {
    if (attribute.kind === 'dates') return columns.includes(`$${attribute.of}`) ? [name] : [];
    const [only, ...more] = columnsOf(attribute);
    return only !== undefined && more.length === 0 && columns.includes(only) ? [name] : [];
  });
}

/** The names of everything that an attribute reads beside itself. */
export function alsoRead(type: CriterionType, name: string): readonly string[] {
  const attribute = describeType(type).attributes[name];
  const columns = attribute === undefined ? [] : columnsOf(attribute);
  return columns.length > 1 ? namesOf(type, columns) : [];
}

/** The names of what a distinct count over `column` (`Occurrence.CountColumn`) reads. */
export function countedNames(type: CriterionType, column: string): readonly string[] {
  const { counts, attributes } = describeType(type);
  if (column === 'START_DATE') return dateNames(type, 'start');
  if (column === 'END_DATE') return dateNames(type, 'end');
  const template = counts[column];
  if (template === undefined) return [];
  const dates = ['start', 'end'] as const;
  return [
    ...namesOf(type, columnsIn(template)),
    ...dates.flatMap((of) => (template.includes(`$${of}`) ? dateNames(type, of) : [])),
    // Where an attribute asks for the very same, it is that one too (a length).
    ...Object.entries(attributes).flatMap(([name, attribute]) =>
      attribute.kind === 'number' && attribute.value.includes('$end') && template.includes('$end')
        ? [name]
        : [],
    ),
  ];
}

/** The attribute of a date; the end of an event of fixed length is its start and so many days. */
export function dateNames(type: CriterionType, of: 'start' | 'end'): readonly string[] {
  const fixed = typeof describeType(type).end === 'number';
  return namesOf(type, [fixed ? '$start' : `$${of}`]);
}

export function columnsIn(template: string): readonly string[] {
  return [...template.matchAll(/\$\.([a-z_]+)/g)].flatMap(([, column]) => column ?? []);
}
