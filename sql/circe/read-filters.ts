/** Reads the attributes of a criterion, each by the kind its description gives it. */

import type { Attribute } from '#sql/circe/criteria/attribute.ts';
import type {
  DateAdjustment,
  DateRange,
  Filter,
  NumericRange,
  Operator,
  Period,
  TextFilter,
} from '#sql/circe/expression.ts';
import type { Json } from '#sql/circe/json.ts';
import { expected, readMessages } from '#sql/circe/read/messages.ts';
import { readConcept } from '#sql/circe/read-concepts.ts';
import {
  booleanOf,
  dateOf,
  daysOf,
  integerOf,
  listOf,
  type ObjectReader,
  openObject,
  type Reader,
  textOf,
  wordOf,
} from '#sql/circe/reader.ts';

/** One attribute of the object as a filter; undefined where it is absent, empty, or read elsewhere. */
export function readFilter(
  reader: Reader,
  object: ObjectReader,
  name: string,
  attribute: Attribute,
): Filter | undefined {
  const path = object.at(name);
  const base = { name, path };
  switch (attribute.kind) {
    case 'codeset':
    case 'set-filter': {
      const id = integerOf(reader, path, object.take(name));
      if (id === undefined) return undefined;
      if (attribute.kind === 'codeset')
        return { ...base, kind: 'codeset', column: attribute.column, CodesetId: id };
      return { ...base, kind: 'selection', place: attribute.place, CodesetId: id, exclude: false };
    }
    case 'concepts': {
      const given = object.take(name);
      const list = listOf(reader, path, given);
      const flag = attribute.excludedBy;
      const exclude = flag === undefined ? undefined : booleanOf(reader, object.at(flag), object.take(flag));
      if (list.length === 0) return saysNothing(reader, path, given);
      const concepts = list.map(([at, item]) => readConcept(reader, at, item));
      return { ...base, kind: 'concepts', place: attribute.place, concepts, exclude: exclude ?? false };
    }
    case 'selection': {
      const json = object.take(name);
      if (json === undefined) return undefined;
      const inner = openObject(reader, path, json);
      const given = inner.take('CodesetId');
      const id = integerOf(reader, inner.at('CodesetId'), given);
      const exclude = booleanOf(reader, inner.at('IsExclusion'), inner.take('IsExclusion')) ?? false;
      inner.done();
      // ATLAS leaves the set out where none was chosen: Circe then asks for any concept, or for none.
      if (given === undefined) return { ...base, kind: 'presence', place: attribute.place, exclude };
      return id === undefined
        ? undefined
        : { ...base, kind: 'selection', place: attribute.place, CodesetId: id, exclude };
    }
    case 'dates': {
      const range = readRange(reader, path, object.take(name), dateOf);
      return range && { ...base, kind: 'dates', of: attribute.of, range: range satisfies DateRange };
    }
    case 'number': {
      const range = readRange(reader, path, object.take(name), numberOf);
      return (
        range && { ...base, kind: 'number', value: attribute.value, decimals: attribute.decimals, range }
      );
    }
    case 'age': {
      const range = readRange(reader, path, object.take(name), numberOf);
      return range && { ...base, kind: 'age', of: attribute.of, range: range satisfies NumericRange };
    }
    case 'text': {
      const filter = readTextFilter(reader, path, object.take(name));
      return filter && { ...base, kind: 'text', column: attribute.column, filter };
    }
    case 'flag': {
      const value = booleanOf(reader, path, object.take(name));
      return value === undefined ? undefined : { ...base, kind: 'flag', column: attribute.column, value };
    }
    case 'abnormal':
      return booleanOf(reader, path, object.take(name)) === true ? { ...base, kind: 'abnormal' } : undefined;
    case 'unanswerable': {
      const json = object.take(name);
      const empty = json === undefined || (Array.isArray(json) && json.length === 0);
      return empty
        ? saysNothing(reader, path, json)
        : { ...base, kind: 'unanswerable', reason: attribute.reason };
    }
    case 'cohort': {
      const cohort = textOf(reader, path, object.take(name));
      return cohort === undefined ? undefined : { ...base, kind: 'cohort', Cohort: cohort };
    }
    case 'exclude':
    case 'first':
    case 'adjustment':
    case 'period':
    case 'group':
      return undefined;
  }
}

/** An attribute that is there and empty: Circe leaves it out, and so does this; `check` tells of it. */
function saysNothing(reader: Reader, path: string, given: Json | undefined): undefined {
  if (given !== undefined)
    reader.warnings.push({
      code: 'empty-value',
      severity: 'warning',
      path,
      message: readMessages.saysNothing,
    });
}

const operators: readonly Operator[] = ['lt', 'lte', 'eq', '!eq', 'gt', 'gte', 'bt', '!bt'];

interface Range<Value> {
  readonly Op: Operator;
  readonly Value: Value;
  readonly Extent?: Value;
}

/** A range of numbers or dates. One without a value says nothing: Circe fails on it with a null pointer. */
function readRange<Value>(
  reader: Reader,
  path: string,
  json: Json | undefined,
  take: (reader: Reader, path: string, value: Json | undefined) => Value | undefined,
): Range<Value> | undefined {
  if (json === undefined) return undefined;
  const object = openObject(reader, path, json);
  const op = wordOf(reader, object.at('Op'), object.take('Op'), operators);
  const [value, extent] = (['Value', 'Extent'] as const).map((name) => {
    const given = object.take(name);
    const needed = name === 'Value' || op?.endsWith('bt');
    if (given === undefined && needed) reader.error(object.at(name), 'empty-range', readMessages.rangeValue);
    // ATLAS leaves an empty text in an Extent it does not use.
    return given === undefined || (given === '' && !needed)
      ? undefined
      : take(reader, object.at(name), given);
  });
  if (json !== null && op === undefined)
    reader.error(object.at('Op'), 'empty-range', readMessages.rangeOperator);
  object.done();
  if (op === undefined || value === undefined) return undefined;
  return { Op: op, Value: value, ...(extent === undefined ? {} : { Extent: extent }) };
}

/** A finite number of sensible size; numbers in quotes are taken as Circe's JSON library takes them. */
function numberOf(reader: Reader, path: string, value: Json | undefined): number | undefined {
  const number = typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Math.abs(number) < 1e15) return number;
  reader.error(path, 'not-a-number', readMessages.expected(expected.number, value));
  return undefined;
}

const textOperators = [
  'startsWith',
  '!startsWith',
  'contains',
  '!contains',
  'endsWith',
  '!endsWith',
  'eq',
  '!eq',
] as const;

function readTextFilter(reader: Reader, path: string, json: Json | undefined): TextFilter | undefined {
  if (json === undefined) return undefined;
  const object = openObject(reader, path, json);
  const op = wordOf(reader, object.at('Op'), object.take('Op'), textOperators);
  const text = textOf(reader, object.at('Text'), object.take('Text'));
  if (op === undefined) reader.error(object.at('Op'), 'empty-range', readMessages.textOperator);
  if (text === undefined) reader.error(object.at('Text'), 'empty-range', readMessages.textMissing);
  object.done();
  return op === undefined || text === undefined ? undefined : { Op: op, Text: text };
}

export function readAdjustment(
  reader: Reader,
  path: string,
  json: Json | undefined,
): DateAdjustment | undefined {
  if (json === undefined) return undefined;
  const object = openObject(reader, path, json);
  const word = (name: string, otherwise: 'START_DATE' | 'END_DATE') =>
    wordOf(reader, object.at(name), object.take(name), ['START_DATE', 'END_DATE']) ?? otherwise;
  const days = (name: string) => daysOf(reader, object.at(name), object.take(name)) ?? 0;
  const adjustment = {
    StartWith: word('StartWith', 'START_DATE'),
    StartOffset: days('StartOffset'),
    EndWith: word('EndWith', 'END_DATE'),
    EndOffset: days('EndOffset'),
  };
  object.done();
  return adjustment;
}

/** A period of calendar dates; also that of a criterion (`UserDefinedPeriod`). An empty one is absent. */
export function readPeriod(reader: Reader, path: string, json: Json | undefined): Period | undefined {
  if (json === undefined) return undefined;
  const object = openObject(reader, path, json);
  const start = dateOf(reader, object.at('StartDate'), object.take('StartDate'));
  const end = dateOf(reader, object.at('EndDate'), object.take('EndDate'));
  object.done();
  if (start === undefined && end === undefined) return undefined;
  return {
    ...(start === undefined ? {} : { StartDate: start }),
    ...(end === undefined ? {} : { EndDate: end }),
  };
}
