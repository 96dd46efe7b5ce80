/** Reads criteria, their windows and their groups. */

import type { Attributes } from '#sql/circe/criteria/attribute.ts';
import {
  criterionTypes,
  demographicAttributes,
  describeType,
  isCriterionType,
} from '#sql/circe/criteria/types.ts';
import type {
  CorrelatedCriterion,
  CriteriaGroup,
  Criterion,
  DemographicCriterion,
  Endpoint,
  Filter,
  Occurrence,
  Window,
} from '#sql/circe/expression.ts';
import type { Json } from '#sql/circe/json.ts';
import { readMessages, readRemedies } from '#sql/circe/read/messages.ts';
import { readAdjustment, readFilter, readPeriod } from '#sql/circe/read-filters.ts';
import {
  booleanOf,
  daysOf,
  integerOf,
  listOf,
  type ObjectReader,
  openObject,
  type Reader,
  wordOf,
} from '#sql/circe/reader.ts';

/** Every level multiplies the work of the one above, and planning grows faster than the depth; the library uses two. */
const deepestNesting = 16;

/** `{ConditionOccurrence: {…}}` and its like; undefined, with an error, for a type that Circe does not know. */
export function readCriterion(reader: Reader, path: string, json: Json): Criterion | undefined {
  const outer = openObject(reader, path, json);
  const [type, ...more] = outer.names();
  if (type === undefined || more.length > 0) {
    reader.error(path, 'criterion', readMessages.oneCriterion(outer.names().length));
    return undefined;
  }
  if (!isCriterionType(type)) {
    reader.error(
      outer.at(type),
      'unknown-criterion',
      readMessages.unknownCriterion,
      readRemedies.known(Object.keys(criterionTypes)),
    );
    return undefined;
  }
  const object = openObject(reader, outer.at(type), outer.take(type) ?? {});
  const { attributes } = describeType(type);
  const filters = readFilters(reader, object, attributes);
  const has = (name: string) => (Object.hasOwn(attributes, name) ? object.take(name) : undefined);
  const group = has('CorrelatedCriteria');
  if (group !== undefined && path.split('.CorrelatedCriteria').length > deepestNesting) {
    reader.error(path, 'too-deep', readMessages.tooDeep(deepestNesting));
  }
  const adjustment = readAdjustment(reader, object.at('DateAdjustment'), has('DateAdjustment'));
  const period = readPeriod(reader, object.at('UserDefinedPeriod'), has('UserDefinedPeriod'));
  const criterion = {
    type,
    path: object.path,
    First: booleanOf(reader, object.at('First'), has('First')) ?? false,
    filters,
    ...(adjustment === undefined ? {} : { DateAdjustment: adjustment }),
    ...(period === undefined ? {} : { UserDefinedPeriod: period }),
    ...(group === undefined
      ? {}
      : { CorrelatedCriteria: readGroup(reader, object.at('CorrelatedCriteria'), group) }),
  };
  object.done();
  return criterion;
}

function readFilters(reader: Reader, object: ObjectReader, attributes: Attributes): readonly Filter[] {
  return Object.entries(attributes).flatMap(
    ([name, attribute]) => readFilter(reader, object, name, attribute) ?? [],
  );
}

/** A group of criteria; lists that are absent are empty. */
export function readGroup(reader: Reader, path: string, json: Json): CriteriaGroup {
  const object = openObject(reader, path, json);
  const criteria = listOf(reader, object.at('CriteriaList'), object.take('CriteriaList'));
  const people = listOf(reader, object.at('DemographicCriteriaList'), object.take('DemographicCriteriaList'));
  const groups = listOf(reader, object.at('Groups'), object.take('Groups'));
  const type = wordOf(
    reader,
    object.at('Type'),
    object.take('Type'),
    ['ALL', 'ANY', 'AT_LEAST', 'AT_MOST'],
    true,
  );
  const count = integerOf(reader, object.at('Count'), object.take('Count'));
  const members = criteria.length + people.length + groups.length;
  // An empty group is true whatever its type: some exports leave it out then.
  if (type === undefined && members > 0 && object.take('Type') === undefined)
    reader.error(object.at('Type'), 'missing', readMessages.groupType);
  if (type?.startsWith('AT_') && count === undefined)
    reader.error(object.at('Count'), 'missing', readMessages.groupCount(type));
  const group: CriteriaGroup = {
    path,
    Type: type ?? 'ALL',
    Count: count ?? 0,
    CriteriaList: criteria.flatMap(([at, item]) => readCorrelated(reader, at, item) ?? []),
    DemographicCriteriaList: people.map(([at, item]) => readDemographic(reader, at, item)),
    Groups: groups.map(([at, item]) => readGroup(reader, at, item)),
  };
  object.done();
  return group;
}

function readDemographic(reader: Reader, path: string, json: Json): DemographicCriterion {
  const object = openObject(reader, path, json);
  const filters = readFilters(reader, object, demographicAttributes);
  object.done();
  return { path, filters };
}

function readCorrelated(reader: Reader, path: string, json: Json): CorrelatedCriterion | undefined {
  const object = openObject(reader, path, json);
  const inner = object.take('Criteria');
  if (inner === undefined) reader.error(object.at('Criteria'), 'missing', readMessages.correlatedCriterion);
  const criterion = inner === undefined ? undefined : readCriterion(reader, object.at('Criteria'), inner);
  const start = readWindow(reader, object.at('StartWindow'), object.take('StartWindow'));
  if (start === undefined) reader.error(object.at('StartWindow'), 'missing', readMessages.startWindow);
  const end = readWindow(reader, object.at('EndWindow'), object.take('EndWindow'));
  const occurrence = readOccurrence(reader, object.at('Occurrence'), object.take('Occurrence'), criterion);
  const visit = booleanOf(reader, object.at('RestrictVisit'), object.take('RestrictVisit')) ?? false;
  const image = booleanOf(reader, object.at('RestrictImage'), object.take('RestrictImage')) ?? false;
  const ignore =
    booleanOf(reader, object.at('IgnoreObservationPeriod'), object.take('IgnoreObservationPeriod')) ?? false;
  object.done();
  if (criterion === undefined) return undefined;
  return {
    path,
    Criteria: criterion,
    ...(start === undefined ? {} : { StartWindow: start }),
    ...(end === undefined ? {} : { EndWindow: end }),
    Occurrence: occurrence,
    RestrictVisit: visit,
    ...(image ? { RestrictImage: true as const } : {}),
    IgnoreObservationPeriod: ignore,
  };
}

function readOccurrence(
  reader: Reader,
  path: string,
  json: Json | undefined,
  criterion: Criterion | undefined,
): Occurrence {
  const object = openObject(reader, path, json);
  const type = integerOf(reader, object.at('Type'), object.take('Type'));
  const count = integerOf(reader, object.at('Count'), object.take('Count'));
  if (type !== 0 && type !== 1 && type !== 2) {
    reader.error(object.at('Type'), 'unknown-word', readMessages.occurrenceType);
  }
  if (count === undefined || count < 0)
    reader.error(object.at('Count'), 'missing', readMessages.countFromZero);
  const distinct = booleanOf(reader, object.at('IsDistinct'), object.take('IsDistinct')) ?? false;
  const columns = [
    'START_DATE',
    'END_DATE',
    'VISIT_ID',
    ...Object.keys(criterion === undefined ? {} : describeType(criterion.type).counts),
  ];
  const column = wordOf(reader, object.at('CountColumn'), object.take('CountColumn'), columns);
  object.done();
  return {
    Type: type === 0 || type === 1 ? type : 2,
    Count: count ?? 1,
    IsDistinct: distinct,
    ...(column === undefined ? {} : { CountColumn: column }),
  };
}

function readWindow(reader: Reader, path: string, json: Json | undefined): Window | undefined {
  if (json === undefined) return undefined;
  const object = openObject(reader, path, json);
  const indexEnd = booleanOf(reader, object.at('UseIndexEnd'), object.take('UseIndexEnd'));
  const eventEnd = booleanOf(reader, object.at('UseEventEnd'), object.take('UseEventEnd'));
  const window = {
    Start: readEndpoint(reader, object.at('Start'), object.take('Start')),
    End: readEndpoint(reader, object.at('End'), object.take('End')),
    ...(indexEnd === undefined ? {} : { UseIndexEnd: indexEnd }),
    ...(eventEnd === undefined ? {} : { UseEventEnd: eventEnd }),
  };
  object.done();
  return window;
}

function readEndpoint(reader: Reader, path: string, json: Json | undefined): Endpoint {
  const object = openObject(reader, path, json);
  const days = daysOf(reader, object.at('Days'), object.take('Days'));
  const coeff = integerOf(reader, object.at('Coeff'), object.take('Coeff')) ?? 0;
  if (Math.abs(coeff) > 1) reader.error(object.at('Coeff'), 'unknown-word', readMessages.coeff);
  object.done();
  return { ...(days === undefined ? {} : { Days: days }), Coeff: coeff };
}
