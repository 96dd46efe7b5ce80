/** Traps 15 and 16: ages, thresholds, missing values and texts; dates that stay dates. */

import { type Case, type Feature, people } from '../case.ts';
import { cohort, measured, Sick, sick } from '../plain.ts';

const day = '2010-12-31';
const value = (Op: string, Value: unknown, Extent?: unknown): object =>
  cohort([{ Measurement: { CodesetId: 3, ValueAsNumber: { Op, Value, Extent } } }]);
const reason = (Op: string, Text: string): object =>
  cohort([{ ConditionOccurrence: { CodesetId: 1, StopReason: { Op, Text } } }]);
const age = (Op: string, Value: unknown, Extent?: unknown): object =>
  cohort([{ ConditionOccurrence: { CodesetId: 1, Age: { Op, Value, Extent } } }]);

const cases: readonly (readonly [name: string, definition: object, finds: string])[] = [
  ['an age is the year of the date less the year of birth', age('eq', 30), '1'],
  ['so that one is one year old the day after birth', age('eq', 1), '2'],
  ['nobody is outside a range of everything', age('!bt', 0, 200), ''],
  ['a missing value is in no range', value('bt', -1e9, 1e9), '1 2 3'],
  ['and outside none', value('!bt', 5, 6), '1 2 3'],
  ['and unlike none', value('!eq', 5), '1 2 3'],
  ['thresholds have four places', value('eq', 0.12344999), '1'],
  ['which are rounded half up', value('eq', 0.12345), '2'],
  ['also below zero', value('eq', -0.12345), '3'],
  ['a tiny one is nothing', value('gt', 1e-7), '1 2'],
  ['a range that begins after its end is empty', value('bt', 2, 1), ''],
  ['and nothing lies in it', value('!bt', 2, 1), '1 2 3'],
  ['case counts', reason('contains', 'DONE'), ''],
  ['% is any text', reason('eq', '1%e'), '1 2 3'],
  ['_ is any one sign', reason('eq', '1_0 done'), '2'],
  ['\\ takes the next as it is', reason('contains', '0\\%'), '1'],
  ['and may stand at the end', reason('endsWith', 'e\\'), ''],
  ['a quote is a quote, with or without \\ before it', reason('contains', "it's"), '4'],
  ['an escaped quote too', reason('contains', "it\\'s"), '4'],
  ['an empty text is in every text', reason('contains', ''), '1 2 3 4'],
  ['and is no text but the empty one', reason('eq', ''), ''],
  ['without a text nothing is contained, and nothing not', reason('!contains', 'done'), '4'],
];

/** Born at the end of 1980 and of 2009; the fifth has neither value nor reason. */
export const values: Feature = {
  name: 'trap 15: ages, ranges and texts',
  rows: {
    ...people(
      { person_id: 1, year_of_birth: 1980, month_of_birth: 12, day_of_birth: 31 },
      { person_id: 2, year_of_birth: 2009, month_of_birth: 12, day_of_birth: 31 },
      { person_id: 3, year_of_birth: 1950 },
      { person_id: 4, year_of_birth: 1960 },
      { person_id: 5, year_of_birth: 1970 },
    ),
    condition_occurrence: [
      sick(1, day, { stop_reason: '10% done' }),
      sick(2, '2010-01-01', { stop_reason: '100 done' }),
      sick(3, day, { stop_reason: '10_ done' }),
      sick(4, day, { stop_reason: "it's over" }),
      sick(5, day),
    ],
    measurement: [
      measured(1, day, { value_as_number: 0.1234 }),
      measured(2, day, { value_as_number: 0.1235 }),
      measured(3, day, { value_as_number: -0.1235 }),
      measured(5, day),
    ],
  },
  cases: cases.map(([name, definition, finds]): Case => ({ name, definition, finds })),
};

const adjust = (StartOffset: number, EndOffset: number) => ({
  DateAdjustment: { StartWith: 'START_DATE', StartOffset, EndWith: 'END_DATE', EndOffset },
});

/** Days added to a date give a date, over months, years and leap days. */
export const dates: Feature = {
  name: 'trap 16: dates stay dates',
  rows: { ...people(1), condition_occurrence: [sick(1, '2012-02-28', { condition_end_date: '2012-12-31' })] },
  cases: [
    {
      name: 'an offset over a leap day',
      definition: cohort([Sick], { EndStrategy: { DateOffset: { DateField: 'StartDate', Offset: 2 } } }),
      finds: ['1 2012-02-28 2012-03-01'],
    },
    {
      name: 'an offset over the year',
      definition: cohort([Sick], { EndStrategy: { DateOffset: { DateField: 'EndDate', Offset: 1 } } }),
      finds: ['1 2012-02-28 2013-01-01'],
    },
    {
      name: 'both dates moved',
      definition: cohort([{ ConditionOccurrence: { ...Sick.ConditionOccurrence, ...adjust(-59, 366) } }], {
        EndStrategy: { DateOffset: { DateField: 'EndDate', Offset: 0 } },
      }),
      finds: ['1 2011-12-31 2014-01-01'],
    },
    {
      name: 'a pad is added and taken off',
      definition: cohort([Sick], {
        EndStrategy: { DateOffset: { DateField: 'EndDate', Offset: 0 } },
        CollapseSettings: { CollapseType: 'ERA', EraPad: 400 },
      }),
      finds: ['1 2012-02-28 2012-12-31'],
    },
  ],
};
