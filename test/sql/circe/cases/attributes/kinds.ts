/**
 * What each kind of attribute must find among four persons, whose rows differ in that attribute alone: 1, 2 and 3 have
 * rising values, 4 has none (or, where CDM 5.4 requires one, the value given as `last`).
 */

type Value = string | number | null;

/** One question: attributes of the criterion, the concept sets they name, and the persons found. */
export interface Asked {
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly sets?: Readonly<Record<number, readonly number[]>>;
  readonly finds: string;
}

/** A column with the values of persons 1 to 4, and the questions to ask of it. */
export interface Tried {
  readonly column?: readonly [name: string, values: readonly [Value, Value, Value, Value]];
  readonly asked: readonly Asked[];
}

export const concepts = (...ids: readonly number[]) =>
  ids.map((CONCEPT_ID) => ({ CONCEPT_ID, CONCEPT_NAME: `c${CONCEPT_ID}` }));

/** Set 10 holds the first two concepts, set 11 nothing. */
const inSet = (CodesetId: number) => ({ CodesetId, IsExclusion: false });
const outOfSet = (CodesetId: number) => ({ CodesetId, IsExclusion: true });

interface Listed {
  /** What is found by excluding the second concept: undefined where there is no `…Exclude`. */
  readonly allBut2?: string;
  /** … by excluding the concepts of 1 and 2 as a set, by excluding an empty set, and by asking for any or none. */
  readonly outOf12: string;
  readonly outOfNone: string;
  readonly any: string;
  readonly none: string;
}

function listed(name: string, first: number, found: Listed): readonly Asked[] {
  const sets = { 10: [first, first + 1], 11: [] };
  return [
    { attributes: { [name]: concepts(first + 1) }, finds: '2' },
    { attributes: { [name]: concepts(first, first + 2) }, finds: '1 3' },
    { attributes: { [name]: [] }, finds: '1 2 3 4' },
    ...(found.allBut2 === undefined
      ? []
      : [
          { attributes: { [name]: concepts(first + 1), [`${name}Exclude`]: true }, finds: found.allBut2 },
          { attributes: { [name]: concepts(first + 1), [`${name}Exclude`]: false }, finds: '2' },
          { attributes: { [name]: [], [`${name}Exclude`]: true }, finds: '1 2 3 4' },
        ]),
    { attributes: { [`${name}CS`]: inSet(10) }, sets, finds: '1 2' },
    { attributes: { [`${name}CS`]: outOfSet(10) }, sets, finds: found.outOf12 },
    { attributes: { [`${name}CS`]: inSet(11) }, sets, finds: '' },
    { attributes: { [`${name}CS`]: outOfSet(11) }, sets, finds: found.outOfNone },
    { attributes: { [`${name}CS`]: { IsExclusion: false } }, finds: found.any },
    { attributes: { [`${name}CS`]: { IsExclusion: true } }, finds: found.none },
  ];
}

/** Concepts of the row itself; a NULL is in no list and outside none, but outside an empty set. */
export function rowConcepts(name: string, column: string, first: number): Tried {
  const found = { outOf12: '3', outOfNone: '1 2 3 4', any: '1 2 3', none: '4' };
  return { column: [column, [first, first + 1, first + 2, null]], asked: listed(name, first, found) };
}

const everyRowHasOne = { outOf12: '3 4', outOfNone: '1 2 3 4', any: '1 2 3 4', none: '' };

/** The same of a column that is required: the fourth has the concept 0. */
export function requiredConcepts(name: string, column: string, first: number): Tried {
  return { column: [column, [first, first + 1, first + 2, 0]], asked: listed(name, first, everyRowHasOne) };
}

/** The same of a person. */
export function personConcepts(name: string, first: number): Tried {
  return { asked: listed(name, first, everyRowHasOne) };
}

/** The same of a type, which every row has, and which can be excluded. */
export function rowTypes(name: string, column: string, first: number): Tried {
  const found = { allBut2: '1 3 4', ...everyRowHasOne };
  return { column: [column, [first, first + 1, first + 2, 0]], asked: listed(name, first, found) };
}

/** Concepts of the visit: the fourth row has none, and so is found by no question about it. */
export function visitTypes(): Tried {
  const found = { allBut2: '1 3', outOf12: '3', outOfNone: '1 2 3', any: '1 2 3', none: '' };
  return {
    column: ['visit_occurrence_id', [200001, 200002, 200003, null]],
    asked: listed('VisitType', 501, found),
  };
}

/** The provider is joined outward: a row without one has no specialty. */
export function providers(): Tried {
  const found = { outOf12: '3', outOfNone: '1 2 3 4', any: '1 2 3', none: '4' };
  return {
    column: ['provider_id', [300001, 300002, 300003, null]],
    asked: listed('ProviderSpecialty', 601, found),
  };
}

/** The care site is joined inward: a row without one is found by no question about it. */
export function careSites(): Tried {
  const found = { outOf12: '3', outOfNone: '1 2 3', any: '1 2 3', none: '' };
  return {
    column: ['care_site_id', [400001, 400002, 400003, null]],
    asked: listed('PlaceOfService', 701, found),
  };
}

/** Women are 1 and 3, a man is 2, of 4 it is not known. */
export const gender: Tried = {
  asked: [
    { attributes: { Gender: concepts(8532) }, finds: '1 3' },
    { attributes: { Gender: concepts(8507, 0) }, finds: '2 4' },
    { attributes: { GenderCS: inSet(10) }, sets: { 10: [8507] }, finds: '2' },
    { attributes: { GenderCS: outOfSet(10) }, sets: { 10: [8532] }, finds: '2 4' },
    { attributes: { GenderCS: outOfSet(11) }, sets: { 11: [] }, finds: '1 2 3 4' },
    { attributes: { GenderCS: { IsExclusion: false } }, finds: '1 2 3 4' },
  ],
};

const range = (Op: string, Value: unknown, Extent?: unknown) => ({ Op, Value, Extent });

type Finds = Readonly<Record<'lt' | 'lte' | 'eq' | '!eq' | 'gt' | 'gte' | 'bt' | '!bt', string>>;

function ranges(name: string, value: unknown, extent: unknown, finds: Finds): readonly Asked[] {
  return Object.entries(finds).map(([op, found]) => ({
    attributes: { [name]: range(op, value, op.endsWith('bt') ? extent : undefined) },
    finds: found,
  }));
}

/** By the second value, and between the second and the third. */
const lastMissing: Finds = {
  lt: '1',
  lte: '1 2',
  eq: '2',
  '!eq': '1 3',
  gt: '3',
  gte: '2 3',
  bt: '2 3',
  '!bt': '1',
};
const lastHighest: Finds = { ...lastMissing, '!eq': '1 3 4', gt: '3 4', gte: '2 3 4', '!bt': '1 4' };

/** Whole numbers, whose thresholds lose their decimals. */
export function wholeNumbers(name: string, column?: string): Tried {
  return {
    ...(column === undefined ? {} : { column: [column, [10, 20, 30, null]] }),
    asked: [
      ...ranges(name, 20, 30, lastMissing),
      { attributes: { [name]: range('gt', 19.9) }, finds: '2 3' },
      { attributes: { [name]: range('lt', '20') }, finds: '1' },
    ],
  };
}

/** Decimals, whose thresholds are rounded to four places. */
export function decimals(name: string, column: string, last: number | null = null): Tried {
  return {
    column: [column, [1.5, 2.5, 3.5, last]],
    asked: [
      ...ranges(name, 2.5, 3.5, last === null ? lastMissing : lastHighest),
      { attributes: { [name]: range('eq', 2.50004) }, finds: '2' },
      { attributes: { [name]: range('gte', 2.50005) }, finds: last === null ? '3' : '3 4' },
    ],
  };
}

/** Lengths in days of 10, 20, 30 and 270. */
export function lengths(name: string): Tried {
  return { asked: ranges(name, 20, 30, lastHighest) };
}

/** Starts on the tenth of January, February and March, and on the last day of 2010. */
export function starts(name: string): Tried {
  return {
    asked: [
      ...ranges(name, '2010-02-10', '2010-03-10', lastHighest),
      { attributes: { [name]: range('eq', '2010-2-10', '') }, finds: '2' },
    ],
  };
}

/** Ends 10, 20 and 30 days later; the fourth has no end of its own, and so ends a day after its start. */
export function ends(name: string, last: 'next-day' | 'missing' | 'next-year' = 'next-day'): Tried {
  const finds = last === 'missing' ? lastMissing : lastHighest;
  return {
    asked: [
      ...ranges(name, '2010-03-02', '2010-04-09', finds),
      {
        attributes: { [name]: range('eq', last === 'next-year' ? '2011-09-27' : '2011-01-01') },
        finds: last === 'missing' ? '' : '4',
      },
    ],
  };
}

/** 30, 60, 10 and 20 years old in 2010: the year of the date less the year of birth. */
export function ages(name: string): Tried {
  return {
    asked: [
      ...ranges(name, 20, 30, {
        lt: '3',
        lte: '3 4',
        eq: '4',
        '!eq': '1 2 3',
        gt: '1 2',
        gte: '1 2 4',
        bt: '1 4',
        '!bt': '2 3',
      }),
      { attributes: { [name]: range('gt', 29.9) }, finds: '1 2' },
    ],
  };
}

/** The fourth ends in the year after: 21 years old then. */
export function agesAtEnd(name: string): Tried {
  return {
    asked: [
      { attributes: { [name]: range('eq', 21) }, finds: '4' },
      { attributes: { [name]: range('eq', 20) }, finds: '' },
      { attributes: { [name]: range('bt', 10, 30) }, finds: '1 3 4' },
    ],
  };
}

/** Case counts, % and _ are wildcards, a NULL is like nothing and unlike nothing. */
export function texts(name: string, column: string): Tried {
  const asked = (Op: string, Text: string, finds: string) => ({
    attributes: { [name]: { Op, Text } },
    finds,
  });
  return {
    column: [column, ['alpha beta', 'beta', 'Betamax', null]],
    asked: [
      asked('startsWith', 'beta', '2'),
      asked('!startsWith', 'beta', '1 3'),
      asked('endsWith', 'beta', '1 2'),
      asked('!endsWith', 'beta', '3'),
      asked('contains', 'eta', '1 2 3'),
      asked('!contains', 'pha', '2 3'),
      asked('eq', 'beta', '2'),
      asked('!eq', 'beta', '1 3'),
      asked('eq', 'b_t%', '2'),
      asked('contains', "o'b", ''),
    ],
  };
}

/** A concept set of the row that is asked before `First`. */
export function sourceSet(name: string, column: string): Tried {
  return {
    column: [column, [801, 802, 803, 0]],
    asked: [
      { attributes: { [name]: 10 }, sets: { 10: [801, 802] }, finds: '1 2' },
      { attributes: { [name]: 10, CodesetId: undefined }, sets: { 10: [802] }, finds: '2' },
      { attributes: { [name]: 11 }, sets: { 11: [] }, finds: '' },
    ],
  };
}

/** A concept set that is asked after `First`. */
export function setFilter(name: string, column: string, first: number): Tried {
  return {
    column: [column, [first, first + 1, first + 2, null]],
    asked: [
      { attributes: { [name]: 10 }, sets: { 10: [first, first + 1] }, finds: '1 2' },
      { attributes: { [name]: 11 }, sets: { 11: [] }, finds: '' },
    ],
  };
}
