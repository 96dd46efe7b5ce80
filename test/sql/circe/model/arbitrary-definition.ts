/** Machine-made definitions: every type, attribute, window, count, limit, nesting and exit, over small numbers. */

import fc from 'fast-check';
import { days, firstDay, texts } from './arbitrary-row.ts';
import { dateOf, type Json } from './data.ts';
import type { EventType } from './event-type.ts';
import { eventTypes } from './types.ts';

/** Mostly left out; a counterexample shrinks towards that. */
const maybe = (arbitrary: fc.Arbitrary<Json>, against: number, weight = 1) =>
  fc.oneof(
    { withCrossShrink: true },
    { weight: against, arbitrary: fc.constant(undefined) },
    { weight, arbitrary },
  );

/** An object without what is undefined in it. */
const object = (parts: Readonly<Record<string, fc.Arbitrary<Json>>>): fc.Arbitrary<Json> =>
  fc
    .record(parts)
    .map((made) => Object.fromEntries(Object.entries(made).filter(([, part]) => part !== undefined)));

const flag = fc.boolean();
const date = fc.integer({ min: firstDay - 2, max: firstDay + days + 1 }).map(dateOf);
const codeset = fc.constantFrom(0, 0, 0, 0, 1, 1, 1, 2, 2, 3, 9);
const someConcepts = (ids: readonly number[]) =>
  fc
    .subarray([...ids])
    .map((list) => list.map((CONCEPT_ID) => ({ CONCEPT_ID, CONCEPT_NAME: `concept ${CONCEPT_ID}` })));
const selection = object({
  CodesetId: fc.oneof({ weight: 5, arbitrary: codeset }, { weight: 1, arbitrary: fc.constant(undefined) }),
  IsExclusion: fc.constantFrom(undefined, false, true),
});
const operators = ['lt', 'lte', 'eq', '!eq', 'gt', 'gte', 'bt', '!bt'];

function range(value: fc.Arbitrary<Json>): fc.Arbitrary<Json> {
  return fc
    .record({ Op: fc.constantFrom(...operators), Value: value, Extent: value })
    .map(({ Extent, ...rest }) => (rest.Op.endsWith('bt') ? { ...rest, Extent } : rest));
}

const whole = range(fc.constantFrom(0, 1, 2, 3, 5, 2.5, -1));
const decimal = range(fc.constantFrom(0, 0.5, 1, 2, 4, 1.25, 2.00004, 2.00006, -1));
const age = range(fc.constantFrom(17, 18, 19, 29, 30));
const dates = range(date);
const textFilter = fc.record({
  Op: fc.constantFrom(
    'startsWith',
    '!startsWith',
    'contains',
    '!contains',
    'endsWith',
    '!endsWith',
    'eq',
    '!eq',
  ),
  Text: fc.constantFrom(...texts, 'b', '%', '_', 'a_', '\\%', '\\', 'A\\%b', "'"),
});
const shift = fc.integer({ min: -6, max: 9 });
const edge = fc.constantFrom('START_DATE', 'END_DATE');
const adjustment = fc.record({ StartWith: edge, StartOffset: shift, EndWith: edge, EndOffset: shift });
const period = object({ StartDate: maybe(date, 1), EndDate: maybe(date, 1) });

/** Each attribute of the type, rarely; a concept set mostly. */
function attributesOf(type: EventType): Record<string, fc.Arbitrary<Json>> {
  const few = 30;
  const of = (names: readonly string[], arbitrary: (name: string) => fc.Arbitrary<Json>) =>
    Object.fromEntries(names.map((name) => [name, arbitrary(name)]));
  const lists = Object.entries(type.lists).map(([name, { column }]) => {
    const ids =
      column === 'value_as_concept_id' ? [1, 4155142] : column === 'visit_concept_id' ? [1, 2, 3] : [1, 2];
    return [name, ids] as const;
  });
  return {
    ...of(Object.keys(type.codesets), (name) =>
      name === 'CodesetId' ? maybe(codeset, 1, 2) : maybe(codeset, few),
    ),
    ...of(Object.keys(type.sets), () => maybe(codeset, few)),
    ...(type.first ? { First: maybe(flag, 3) } : {}),
    ...of(Object.keys(type.dates), () => maybe(dates, few)),
    ...of(Object.keys(type.ages), () => maybe(age, few)),
    ...Object.fromEntries(lists.map(([name, ids]) => [name, maybe(someConcepts(ids), few)])),
    ...of(
      type.excludable.map((name) => `${name}Exclude`),
      () => maybe(flag, 2),
    ),
    ...of(
      lists.map(([name]) => `${name}CS`),
      () => maybe(selection, few),
    ),
    ...(type.gender
      ? { Gender: maybe(someConcepts([8507, 8532]), few), GenderCS: maybe(selection, 3 * few) }
      : {}),
    ...of(Object.keys(type.whole), () => maybe(whole, few)),
    ...of(Object.keys(type.decimal), () => maybe(decimal, few)),
    ...of(Object.keys(type.texts), () => maybe(textFilter, few)),
    ...of(Object.keys(type.flags ?? {}), () => maybe(flag, 6)),
    ...(type.abnormal ? { Abnormal: maybe(flag, 6) } : {}),
    ...(type.userPeriod ? { UserDefinedPeriod: maybe(period, 3) } : {}),
    DateAdjustment: maybe(adjustment, 7),
  };
}

interface Floor {
  readonly criterion: fc.Arbitrary<Json>;
  readonly group: fc.Arbitrary<Json>;
}

/** Criteria and groups that nest at most `depth` times more. */
function floor(depth: number): Floor {
  const below = depth === 0 ? undefined : floor(depth - 1);
  const kinds = Object.entries(eventTypes).map(([name, type]) => {
    const parts = attributesOf(type);
    const nested = below === undefined ? {} : { CorrelatedCriteria: maybe(below.group, 6) };
    return object({ ...parts, ...nested }).map((asked) => ({ [name]: asked }));
  });
  // The tables with most rows more often, or a count beyond one would be rare.
  const weights: Readonly<Record<string, number>> = {
    ConditionOccurrence: 5,
    DrugExposure: 4,
    Measurement: 3,
    VisitOccurrence: 2,
    ImageOccurrence: 2,
    ImageFeature: 2,
  };
  const criterion = fc.oneof(
    ...kinds.map((arbitrary, at) => ({ weight: weights[Object.keys(eventTypes)[at] ?? ''] ?? 1, arbitrary })),
  );
  const member = criterion.chain((made) => correlated(made));
  const group = object({
    Type: fc.constantFrom('ALL', 'ANY', 'AT_LEAST', 'AT_MOST'),
    Count: fc.constantFrom(0, 1, 1, 2, -1),
    CriteriaList: fc.array(member, { maxLength: 2 }),
    DemographicCriteriaList: fc.array(demographic, { maxLength: 1 }),
    Groups:
      below === undefined
        ? fc.constant([])
        : fc.oneof(
            { weight: 3, arbitrary: fc.constant([]) },
            { weight: 1, arbitrary: fc.array(below.group, { maxLength: 2 }) },
          ),
  });
  return { criterion, group };
}

const demographic = object({
  Age: maybe(age, 1),
  Gender: maybe(someConcepts([8507, 8532]), 2),
  GenderCS: maybe(selection, 8),
  Race: maybe(someConcepts([1, 2]), 4),
  RaceCS: maybe(selection, 6),
  Ethnicity: maybe(someConcepts([1, 2]), 4),
  EthnicityCS: maybe(selection, 6),
  OccurrenceStartDate: maybe(dates, 4),
  OccurrenceEndDate: maybe(dates, 4),
});

const endpoint = object({
  Days: maybe(fc.integer({ min: 0, max: 12 }), 1, 2),
  Coeff: fc.constantFrom(-1, 1),
});
const spread = object({
  Start: fc.oneof({ weight: 1, arbitrary: endpoint }, { weight: 1, arbitrary: fc.constant({ Coeff: -1 }) }),
  End: fc.oneof({ weight: 1, arbitrary: endpoint }, { weight: 1, arbitrary: fc.constant({ Coeff: 1 }) }),
  UseIndexEnd: maybe(flag, 2),
  UseEventEnd: maybe(flag, 2),
});

function correlated(criterion: Json): fc.Arbitrary<Json> {
  const [type = ''] = Object.keys(criterion);
  const columns = ['START_DATE', 'END_DATE', 'VISIT_ID', ...Object.keys(eventTypes[type]?.counts ?? {})];
  return object({
    Criteria: fc.constant(criterion),
    StartWindow: spread,
    EndWindow: maybe(spread, 3),
    Occurrence: object({
      Type: fc.constantFrom(2, 2, 0, 1),
      Count: fc.constantFrom(1, 1, 0, 2, 2, 3),
      IsDistinct: maybe(flag, 1, 2),
      CountColumn: maybe(fc.constantFrom(...columns), 1),
    }),
    RestrictVisit: maybe(flag, 2),
    ...(type.startsWith('Image') ? { RestrictImage: maybe(flag, 1) } : {}),
    IgnoreObservationPeriod: maybe(flag, 1),
  });
}

const limit = (all: number) =>
  fc.oneof(
    { withCrossShrink: true },
    { weight: all, arbitrary: fc.constant({ Type: 'All' }) },
    { weight: 1, arbitrary: fc.constantFrom({ Type: 'First' }, { Type: 'Last' }, undefined) },
  );

const conceptSets = fc
  .array(
    fc.array(
      fc.record({
        concept: fc.constantFrom(1, 1, 1, 1, 2, 2, 3, 4, 5, 6, 8).map((CONCEPT_ID) => ({ CONCEPT_ID })),
        isExcluded: fc.constantFrom(false, false, false, false, false, true),
        includeDescendants: flag,
        includeMapped: fc.constantFrom(false, false, true),
      }),
      { minLength: 1, maxLength: 4 },
    ),
    { minLength: 4, maxLength: 4 },
  )
  .map((sets) => sets.map((items, id) => ({ id, name: `set ${id}`, expression: { items } })));

const exit = fc.oneof(
  { withCrossShrink: true },
  { weight: 1, arbitrary: fc.constant(undefined) },
  {
    weight: 2,
    arbitrary: fc
      .record({ DateField: fc.constantFrom('StartDate', 'EndDate'), Offset: fc.integer({ min: -2, max: 9 }) })
      .map((DateOffset) => ({ DateOffset })),
  },
  {
    weight: 2,
    arbitrary: object({
      DrugCodesetId: codeset,
      GapDays: fc.integer({ min: 0, max: 4 }),
      Offset: fc.integer({ min: -1, max: 3 }),
      DaysSupplyOverride: maybe(fc.integer({ min: 0, max: 5 }), 2),
    }).map((CustomEra) => ({ CustomEra })),
  },
);

const { criterion, group } = floor(2);

/** `RestrictImage` only where the event it is asked of can be an image: elsewhere it is refused. */
function linked(part: Json, image: boolean): Json {
  if (part === null || typeof part !== 'object') return part;
  if (Array.isArray(part)) return part.map((one) => linked(one, image));
  return Object.fromEntries(
    Object.entries<Json>(part).flatMap(([name, inner]) => {
      if (name === 'RestrictImage' && !image) return [];
      return [[name, linked(inner, eventTypes[name] === undefined ? image : name.startsWith('Image'))]];
    }),
  );
}

const bare: fc.Arbitrary<Json> = object({
  PrimaryCriteria: fc
    .record({
      CriteriaList: fc.array(criterion, { minLength: 1, maxLength: 3 }),
      ObservationWindow: fc.record({
        PriorDays: fc.constantFrom(0, 0, 1, 4),
        PostDays: fc.constantFrom(0, 0, 1, 4),
      }),
      PrimaryCriteriaLimit: limit(3),
    })
    .map((primary) =>
      primary.PrimaryCriteriaLimit === undefined
        ? { CriteriaList: primary.CriteriaList, ObservationWindow: primary.ObservationWindow }
        : primary,
    ),
  AdditionalCriteria: maybe(group, 3),
  ConceptSets: conceptSets,
  QualifiedLimit: limit(1),
  ExpressionLimit: limit(2),
  InclusionRules: fc.array(
    group.map((expression) => ({ name: 'rule', expression })),
    { maxLength: 3 },
  ),
  EndStrategy: exit,
  CensoringCriteria: fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(criterion, { minLength: 1, maxLength: 2 }) },
  ),
  CollapseSettings: fc.record({ CollapseType: fc.constant('ERA'), EraPad: fc.constantFrom(0, 0, 1, 3) }),
  CensorWindow: maybe(period, 6),
});

export const definitions: fc.Arbitrary<Json> = bare.map((made) => {
  const entry: readonly Json[] = made.PrimaryCriteria.CriteriaList;
  return linked(
    made,
    entry.some((one) => Object.keys(one)[0]?.startsWith('Image')),
  );
});
