/** Trap 6: windows, from either end of the index to either end of the event, open or closed, observed or not. */

import { type Case, type Feature, people, period } from '../case.ts';
import {
  asRule,
  atMost,
  cohort,
  Drugged,
  days,
  drug,
  exactly,
  group,
  near,
  rule,
  Sick,
  sick,
  Visited,
  visit,
} from '../plain.ts';

/** The index lasts from 1 to 11 June 2010; each person has one exposure of five days. */
const exposures: readonly (readonly [start: string, end: string])[] = [
  ['2010-05-20', '2010-05-25'],
  ['2010-05-28', '2010-06-02'],
  ['2010-06-01', '2010-06-06'],
  ['2010-06-08', '2010-06-13'],
  ['2010-06-11', '2010-06-16'],
  ['2010-07-11', '2010-07-16'],
];

const startWindow = (window: object, more: object = {}) =>
  cohort([Visited], rule(group('ALL', [near(Drugged, { StartWindow: window, ...more })])));
const endWindow = (window: object, more: object = {}) =>
  cohort([Visited], rule(group('ALL', [near(Drugged, { EndWindow: window, ...more })])));

const forms: readonly (readonly [name: string, definition: object, finds: string])[] = [
  ['on the day of the start', startWindow(days(0, 0)), '3'],
  ['ten days before to the day itself', startWindow(days(-10, 0)), '2 3'],
  ['ten days after, without the day', startWindow(days(1, 10)), '4 5'],
  ['before alone', startWindow(days(-30, -1)), '1 2'],
  ['open before', startWindow(days(undefined, -1)), '1 2'],
  ['open after', startWindow(days(1, undefined)), '4 5 6'],
  ['open on both sides', startWindow(days(undefined, undefined)), '1 2 3 4 5 6'],
  ['a window that ends before it begins', startWindow(days(5, -5)), ''],
  ['begins at the end of observation', startWindow({ Start: { Coeff: 1 }, End: { Coeff: 1 } }), ''],
  ['ends at the start of observation', startWindow({ Start: { Coeff: -1 }, End: { Coeff: -1 } }), ''],
  ['from the end of the index', startWindow(days(0, 30, { UseIndexEnd: true })), '5 6'],
  [
    'from the end of the index, to the end of the event',
    startWindow(days(0, 5, { UseIndexEnd: true, UseEventEnd: true })),
    '4 5',
  ],
  ['to the end of the event', startWindow(days(0, 5, { UseEventEnd: true })), '2 3'],
  ['a start window goes to the start where it does not say', startWindow(days(5, 5)), ''],
  ['an end window goes to the end where it does not say', endWindow(days(5, 5)), '3'],
  ['an end window to the start', endWindow(days(0, 0, { UseEventEnd: false })), '3'],
  ['an end window from the end of the index', endWindow(days(2, 2, { UseIndexEnd: true })), '4'],
  ['an open end window', endWindow(days(undefined, 0)), '1'],
  [
    'both windows: around the start of the index',
    startWindow(days(undefined, 0), { EndWindow: days(0, undefined) }),
    '2 3',
  ],
  ['none in the window', startWindow(days(-30, -1), { Occurrence: exactly(0) }), '3 4 5 6'],
  ['at most one in the window', startWindow(days(-30, -1), { Occurrence: atMost(1) }), '1 2 3 4 5 6'],
];

export const windows: Feature = {
  name: 'trap 6: windows',
  rows: {
    ...people(1, 2, 3, 4, 5, 6),
    visit_occurrence: [1, 2, 3, 4, 5, 6].map((person) => visit(person, '2010-06-01', '2010-06-11')),
    drug_exposure: exposures.map(([start, end], at) => drug(at + 1, start, { drug_exposure_end_date: end })),
  },
  cases: forms.map(([name, definition, finds]): Case => ({ name, definition, finds })),
};

const around = (StartWindow: object, more: object = {}) =>
  asRule(group('ALL', [near(Drugged, { StartWindow, ...more })]));
const ignored = { IgnoreObservationPeriod: true };

/** Observed in 2010. 1: a drug the year before; 2: in the year; 3: the year after; 4: from the year into the next. */
export const observation: Feature = {
  name: 'trap 6: windows and observation',
  rows: {
    person: people(1, 2, 3, 4).person ?? [],
    observation_period: [1, 2, 3, 4].map((person) => period(person, '2010-01-01', '2010-12-31')),
    condition_occurrence: [1, 2, 3, 4].map((person) => sick(person, '2010-06-01')),
    drug_exposure: [
      drug(1, '2009-12-31'),
      drug(2, '2010-01-01'),
      drug(3, '2011-01-01'),
      drug(4, '2010-12-31', { drug_exposure_end_date: '2011-01-05' }),
    ],
  },
  cases: [
    {
      name: 'an open window ends with observation',
      definition: around(days(undefined, undefined)),
      finds: '2 4',
    },
    { name: 'a wide one too', definition: around(days(-1000, 1000)), finds: '2 4' },
    {
      name: 'ignoring observation, an open window has no bound',
      definition: around(days(undefined, undefined), ignored),
      finds: '1 2 3 4',
    },
    { name: 'ignoring it, open before', definition: around(days(undefined, 0), ignored), finds: '1 2' },
    { name: 'ignoring it, open after', definition: around(days(0, undefined), ignored), finds: '3 4' },
    { name: 'ignoring it, in days', definition: around(days(-153, 0), ignored), finds: '1 2' },
    {
      name: 'the start must be observed, whatever the end is asked',
      definition: around(days(undefined, 400, { UseEventEnd: true })),
      finds: '2 4',
    },
    {
      name: 'an open bound is held against the end where the end is asked',
      definition: around(days(undefined, undefined, { UseEventEnd: true })),
      finds: '2',
    },
    {
      name: 'none that is observed',
      definition: around(days(undefined, undefined), { Occurrence: exactly(0) }),
      finds: '1 3',
    },
    {
      name: 'none at all',
      definition: around(days(undefined, undefined), { Occurrence: exactly(0), ...ignored }),
      finds: '',
    },
    {
      name: 'without end, an index has no days from its end',
      definition: cohort(
        [Sick],
        rule(group('ALL', [near(Drugged, { StartWindow: days(-400, 400, { UseIndexEnd: true }) })])),
      ),
      finds: '2 4',
    },
  ],
};
