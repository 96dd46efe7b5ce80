/** Traps 7 and 8: the same visit, and criteria within criteria. */

import { type Feature, people, period } from '../case.ts';
import {
  cohort,
  Drugged,
  days,
  drug,
  exactly,
  group,
  limit,
  Measured,
  measured,
  near,
  rule,
  Sick,
  sick,
  Visited,
  visit,
} from '../plain.ts';

const day = '2010-01-01';

const inVisit = (more: object = {}) =>
  cohort([Sick], rule(group('ALL', [near(Drugged, { RestrictVisit: true, ...more })])));

export const sameVisit: Feature = {
  name: 'trap 7: the same visit',
  rows: {
    ...people(1, 2, 3, 4),
    condition_occurrence: [
      sick(1, day, { visit_occurrence_id: 700_001 }),
      sick(2, day, { visit_occurrence_id: 700_002 }),
      sick(3, day),
      sick(4, day, { visit_occurrence_id: 700_004 }),
    ],
    drug_exposure: [
      drug(1, day, { visit_occurrence_id: 700_001 }),
      drug(2, day, { visit_occurrence_id: 700_009 }),
      drug(3, day),
      drug(4, day),
    ],
    visit_occurrence: [1, 2, 4].map((n) => visit(n, day, day, { visit_occurrence_id: 700_000 + n })),
    visit_detail: [
      {
        person_id: 2,
        visit_detail_concept_id: 5,
        visit_detail_start_date: day,
        visit_detail_end_date: day,
        visit_occurrence_id: 700_002,
      },
    ],
    drug_era: [{ person_id: 1, drug_concept_id: 2, drug_era_start_date: day, drug_era_end_date: day }],
    death: [{ person_id: 1, death_date: day }],
    specimen: [{ person_id: 1, specimen_date: day }],
  },
  cases: [
    { name: 'an unknown visit is in no visit', definition: inVisit(), finds: '1' },
    { name: 'none of the same visit', definition: inVisit({ Occurrence: exactly(0) }), finds: '2 3 4' },
    { name: 'a visit is in itself', definition: inVisit({ Criteria: Visited }), finds: '1 2 4' },
    {
      name: 'a visit detail is in its visit',
      definition: inVisit({ Criteria: { VisitDetail: {} } }),
      finds: '2',
    },
    ...(['DrugEra', 'Death', 'Specimen', 'ObservationPeriod'] as const).map((type) => ({
      name: `${type} is in no visit`,
      definition: inVisit({ Criteria: { [type]: {} }, StartWindow: days(undefined, undefined) }),
      finds: '',
    })),
    {
      name: 'from a visit to what is in it',
      definition: cohort([Visited], rule(group('ALL', [near(Drugged, { RestrictVisit: true })]))),
      finds: '1',
    },
  ],
};

const withDrug = (window: object, more: object = {}) =>
  group('ALL', [near(Drugged, { StartWindow: window, ...more })]);
const nested = (expression: object) => ({
  ConditionOccurrence: { CodesetId: 1, CorrelatedCriteria: expression },
});

export const nesting: Feature = {
  name: 'trap 8: nested criteria',
  rows: {
    person: people(1, 2, 3).person ?? [],
    observation_period: [
      period(1, '2009-01-01', '2010-05-31'),
      period(1, '2010-07-01', '2011-12-31'),
      period(2),
      period(3, '2009-01-01', '2010-12-31'),
    ],
    visit_occurrence: [
      visit(1, '2010-08-01', '2010-08-02'),
      visit(2, '2010-08-01', '2010-08-02'),
      visit(3, '2010-08-01', '2010-08-02'),
    ],
    // Of person 1 one lies in either period; of 3 the second is not observed.
    condition_occurrence: [
      sick(1, '2010-01-01'),
      sick(1, '2010-07-10'),
      sick(2, '2010-01-01'),
      sick(3, '2011-01-01'),
    ],
    drug_exposure: [
      drug(1, '2010-07-15'),
      drug(2, '2010-01-05'),
      drug(3, '2011-01-02'),
      drug(3, '2010-08-05'),
    ],
    measurement: [measured(2, '2010-01-06')],
  },
  cases: [
    {
      name: 'each row is an index event with its own observation period',
      definition: cohort([nested(withDrug(days(undefined, undefined)))]),
      finds: ['1 2010-07-10 2010-07-10', '2 2010-01-01 2010-01-01'],
    },
    {
      name: 'what is outside its period counts where the period is ignored',
      definition: cohort([nested(withDrug(days(undefined, undefined), { IgnoreObservationPeriod: true }))]),
      finds: ['1 2010-01-01 2010-01-01', '1 2010-07-10 2010-07-10', '2 2010-01-01 2010-01-01'],
    },
    {
      name: 'one of a rule around which the group holds',
      definition: cohort([Visited], rule(group('ALL', [near(nested(withDrug(days(0, 10))))]))),
      finds: '1 2',
    },
    {
      name: 'none around which the group holds',
      definition: cohort(
        [Visited],
        rule(group('ALL', [near(nested(withDrug(days(0, 10))), { Occurrence: exactly(0) })])),
      ),
      finds: '3',
    },
    {
      name: 'a row that is not observed meets no group, not even of none',
      definition: cohort(
        [Visited],
        rule(
          group('ALL', [
            near(nested(withDrug(days(0, 10), { Occurrence: exactly(0) })), {
              IgnoreObservationPeriod: true,
            }),
          ]),
        ),
      ),
      finds: '1',
    },
    {
      name: 'two deep: windows count from the nearest',
      definition: cohort([
        nested(
          group('ALL', [
            near(
              {
                DrugExposure: {
                  CodesetId: 2,
                  CorrelatedCriteria: group('ALL', [near(Measured, { StartWindow: days(1, 1) })]),
                },
              },
              { StartWindow: days(4, 4) },
            ),
          ]),
        ),
      ]),
      finds: ['2 2010-01-01 2010-01-01'],
    },
    {
      name: 'an empty nested group asks nothing',
      definition: cohort([nested(group('ALL', []))]),
      finds: '1 1 2',
    },
    {
      name: 'in a censoring event',
      definition: cohort([Visited], {
        EndStrategy: undefined,
        CensoringCriteria: [
          {
            DrugExposure: {
              CodesetId: 2,
              CorrelatedCriteria: group('ALL', [near(Visited, { StartWindow: days(-9, 0) })]),
            },
          },
        ],
        ExpressionLimit: limit('First'),
      }),
      finds: ['1 2010-08-01 2011-12-31', '2 2010-08-01 2020-12-31', '3 2010-08-01 2010-08-05'],
    },
  ],
};
