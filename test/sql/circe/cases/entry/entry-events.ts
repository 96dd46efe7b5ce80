/** Traps 1, 2 and 9: entry events, what limits keep, and `First`. */

import { type Feature, people, period } from '../case.ts';
import {
  anyTime,
  atLeast,
  cohort,
  Drugged,
  days,
  drug,
  group,
  limit,
  Measured,
  measured,
  near,
  rule,
  Sick,
  sick,
} from '../plain.ts';

const observed = (PriorDays: number, PostDays: number) => ({ ObservationWindow: { PriorDays, PostDays } });
const primary = (Type: string) => ({ PrimaryCriteriaLimit: limit(Type) });

export const entryEvents: Feature = {
  name: 'trap 1: entry events',
  rows: {
    person: people(1, 2).person ?? [],
    // Person 2 was observed twice, with a gap; the bounds of a period belong to it.
    observation_period: [
      period(1, '2010-01-01', '2010-12-31'),
      period(2, '2010-01-01', '2010-03-31'),
      period(2, '2010-07-01', '2010-12-31'),
    ],
    condition_occurrence: [
      sick(1, '2009-12-31'),
      sick(1, '2010-01-01'),
      sick(1, '2010-01-31'),
      sick(1, '2010-12-31'),
      sick(2, '2010-03-31'),
      sick(2, '2010-05-01'),
      sick(2, '2010-07-01'),
    ],
    drug_exposure: [drug(1, '2010-01-31'), drug(1, '2010-06-01')],
  },
  cases: [
    {
      name: 'an event outside every observation period is none',
      definition: cohort([Sick]),
      finds: '1 1 1 2 2',
    },
    {
      name: 'days of observation before',
      definition: cohort([Sick], {}, observed(30, 0)),
      finds: ['1 2010-01-31 2010-01-31', '1 2010-12-31 2010-12-31', '2 2010-03-31 2010-03-31'],
    },
    {
      name: 'days of observation after',
      definition: cohort([Sick], {}, observed(0, 334)),
      finds: ['1 2010-01-01 2010-01-01', '1 2010-01-31 2010-01-31'],
    },
    {
      name: 'days of observation on both sides, in the same period',
      definition: cohort([Sick], {}, observed(1, 1)),
      finds: ['1 2010-01-31 2010-01-31'],
    },
    {
      name: 'negative days ask nothing',
      definition: cohort([Sick], {}, observed(-5, -5)),
      finds: '1 1 1 2 2',
    },
    {
      name: 'several criteria are a union',
      definition: cohort([Sick, Drugged]),
      finds: '1 1 1 1 2 2',
    },
    {
      name: 'the first of them all',
      definition: cohort([Drugged, Sick], {}, primary('First')),
      finds: ['1 2010-01-01 2010-01-01', '2 2010-03-31 2010-03-31'],
    },
    {
      name: 'the last of them all',
      definition: cohort([Drugged, Sick], {}, primary('Last')),
      finds: ['1 2010-12-31 2010-12-31', '2 2010-07-01 2010-07-01'],
    },
    {
      name: 'the limit counts events that are observed long enough',
      definition: cohort([Sick], {}, { ...primary('First'), ...observed(30, 0) }),
      finds: ['1 2010-01-31 2010-01-31', '2 2010-03-31 2010-03-31'],
    },
    {
      name: 'a limit in another case, and one that is absent',
      definition: cohort([Sick], {}, { PrimaryCriteriaLimit: limit('ALL') }),
      finds: '1 1 1 2 2',
    },
    {
      name: 'an absent limit is First',
      definition: cohort([Sick], {}, { PrimaryCriteriaLimit: undefined }),
      finds: '1 2',
    },
  ],
};

/** A drug on the day of each kept event tells which of the events it was. */
const withDrug = group('ALL', [near(Drugged, { StartWindow: days(0, 0) })]);

export const limits: Feature = {
  name: 'trap 2: limits',
  rows: {
    ...people(1, 2),
    condition_occurrence: [1, 2].flatMap((person) =>
      ['2010-01-01', '2011-01-01', '2012-01-01', '2013-01-01'].map((day) => sick(person, day)),
    ),
    drug_exposure: [
      drug(1, '2011-01-01'),
      drug(1, '2012-01-01'),
      drug(2, '2010-01-01'),
      drug(2, '2013-01-01'),
    ],
    measurement: [measured(1, '2012-01-01'), measured(2, '2010-01-01'), measured(2, '2013-01-01')],
  },
  cases: [
    {
      name: 'QualifiedLimit alone does nothing',
      definition: cohort([Sick], { QualifiedLimit: limit('First') }),
      finds: '1 1 1 1 2 2 2 2',
    },
    {
      name: 'QualifiedLimit acts beside an empty group',
      definition: cohort([Sick], { QualifiedLimit: limit('First'), AdditionalCriteria: group('ALL', []) }),
      finds: ['1 2010-01-01 2010-01-01', '2 2010-01-01 2010-01-01'],
    },
    {
      name: 'the first that qualifies',
      definition: cohort([Sick], { QualifiedLimit: limit('First'), AdditionalCriteria: withDrug }),
      finds: ['1 2011-01-01 2011-01-01', '2 2010-01-01 2010-01-01'],
    },
    {
      name: 'the last that qualifies',
      definition: cohort([Sick], { QualifiedLimit: limit('Last'), AdditionalCriteria: withDrug }),
      finds: ['1 2012-01-01 2012-01-01', '2 2013-01-01 2013-01-01'],
    },
    {
      name: 'the entry limit comes before what qualifies',
      definition: cohort([Sick], { AdditionalCriteria: withDrug }, primary('First')),
      finds: ['2 2010-01-01 2010-01-01'],
    },
    {
      name: 'QualifiedLimit comes before the rules, ExpressionLimit after them',
      definition: cohort([Sick], {
        QualifiedLimit: limit('First'),
        AdditionalCriteria: withDrug,
        ...rule(group('ALL', [near(Measured, { StartWindow: days(0, 0) })])),
      }),
      finds: ['2 2010-01-01 2010-01-01'],
    },
    {
      name: 'the first that meets the rules',
      definition: cohort([Sick], { ExpressionLimit: limit('First'), ...rule(withDrug) }),
      finds: ['1 2011-01-01 2011-01-01', '2 2010-01-01 2010-01-01'],
    },
    {
      name: 'the last that meets the rules',
      definition: cohort([Sick], { ExpressionLimit: limit('Last'), ...rule(withDrug) }),
      finds: ['1 2012-01-01 2012-01-01', '2 2013-01-01 2013-01-01'],
    },
    {
      name: 'an absent ExpressionLimit is First',
      definition: cohort([Sick], { ExpressionLimit: undefined }),
      finds: ['1 2010-01-01 2010-01-01', '2 2010-01-01 2010-01-01'],
    },
  ],
};

const First = { ...Sick.ConditionOccurrence, First: true };

export const first: Feature = {
  name: 'trap 9: First',
  rows: {
    person: people(1, 2, 3).person ?? [],
    observation_period: [period(1), period(2, '2010-06-01', '2015-01-01'), period(3)],
    condition_occurrence: [
      sick(1, '2010-01-01', { condition_type_concept_id: 7 }),
      sick(1, '2011-01-01', { condition_type_concept_id: 8 }),
      sick(2, '2010-01-01'),
      sick(2, '2011-01-01', { condition_type_concept_id: 8 }),
      // Another condition before does not count.
      sick(3, '2009-01-01', { condition_concept_id: 9 }),
      sick(3, '2010-01-01', { condition_type_concept_id: 8 }),
    ],
    drug_exposure: [drug(1, '2011-06-01'), drug(2, '2011-06-01'), drug(3, '2011-06-01')],
    payer_plan_period: [
      { person_id: 1, payer_plan_period_start_date: '2010-01-01', payer_plan_period_end_date: '2010-12-31' },
      { person_id: 1, payer_plan_period_start_date: '2011-01-01', payer_plan_period_end_date: '2013-12-31' },
    ],
  },
  cases: [
    {
      name: 'the first of the concept set, observed or not',
      definition: cohort([{ ConditionOccurrence: First }]),
      finds: ['1 2010-01-01 2010-01-01', '3 2010-01-01 2010-01-01'],
    },
    {
      name: 'is chosen before other attributes are asked',
      definition: cohort([{ ConditionOccurrence: { ...First, ConditionType: [{ CONCEPT_ID: 8 }] } }]),
      finds: ['3 2010-01-01 2010-01-01'],
    },
    {
      name: 'is chosen before the window is asked',
      definition: cohort([Drugged], {
        ...rule(group('ALL', [near({ ConditionOccurrence: First }, { StartWindow: days(-200, 0) })])),
      }),
      finds: '',
    },
    {
      name: 'without it the later ones count',
      definition: cohort([Drugged], {
        ...rule(group('ALL', [near(Sick, { StartWindow: days(-200, 0) })])),
      }),
      finds: '1 2',
    },
    {
      name: 'the first insurance of all',
      definition: cohort([{ PayerPlanPeriod: { First: true, PeriodLength: { Op: 'gt', Value: 400 } } }]),
      finds: '',
    },
    {
      name: 'the first observation period of all',
      definition: cohort([{ ObservationPeriod: { First: true } }]),
      finds: ['1 2000-01-01 2000-01-01', '2 2010-06-01 2010-06-01', '3 2000-01-01 2000-01-01'],
    },
    {
      name: 'counted, it is one',
      definition: cohort([Drugged], {
        ...rule(
          group('ALL', [
            near({ ConditionOccurrence: First }, { StartWindow: anyTime, Occurrence: atLeast(2) }),
          ]),
        ),
      }),
      finds: '',
    },
  ],
};
