/** Trap 5: how many, and how many different ones. */

import { type Feature, people } from '../case.ts';
import { asRule, atLeast, atMost, Drugged, drug, exactly, group, near, sick } from '../plain.ts';

const day = '2010-01-01';

const drugs = (Occurrence: object, criterion: object = Drugged) =>
  asRule(group('ALL', [near(criterion, { Occurrence })]));
const distinct = (CountColumn?: string) => ({
  IsDistinct: true,
  ...(CountColumn === undefined ? {} : { CountColumn }),
});
const AnyDrug = { DrugExposure: {} };

/** 1: none; 2: one; 3: two on one day and in one visit; 4: two of one concept; 5: of two concepts, the visit unknown. */
export const counts: Feature = {
  name: 'trap 5: occurrence',
  rows: {
    ...people(1, 2, 3, 4, 5),
    condition_occurrence: [1, 2, 3, 4, 5].map((person) => sick(person, day)),
    drug_exposure: [
      drug(2, '2010-02-01', { visit_occurrence_id: 20, quantity: 1 }),
      drug(3, '2010-02-01', { visit_occurrence_id: 30, quantity: 1, refills: 1 }),
      drug(3, '2010-02-01', {
        visit_occurrence_id: 30,
        quantity: 2,
        refills: 1,
        drug_exposure_end_date: '2010-02-09',
      }),
      drug(4, '2010-02-01', { visit_occurrence_id: 40, days_supply: 1 }),
      drug(4, '2010-03-01', { visit_occurrence_id: 41, days_supply: 2 }),
      drug(5, '2010-02-01'),
      drug(5, '2010-03-01', { drug_concept_id: 9 }),
    ],
  },
  cases: [
    { name: 'at least 1', definition: drugs(atLeast(1)), finds: '2 3 4 5' },
    { name: 'at least 2', definition: drugs(atLeast(2), AnyDrug), finds: '3 4 5' },
    { name: 'at least 3', definition: drugs(atLeast(3), AnyDrug), finds: '' },
    { name: 'at least 0 is true of all', definition: drugs(atLeast(0)), finds: '1 2 3 4 5' },
    { name: 'exactly 0', definition: drugs(exactly(0)), finds: '1' },
    { name: 'exactly 1', definition: drugs(exactly(1)), finds: '2 5' },
    { name: 'exactly 2', definition: drugs(exactly(2)), finds: '3 4' },
    { name: 'at most 0', definition: drugs(atMost(0)), finds: '1' },
    { name: 'at most 1 includes none', definition: drugs(atMost(1)), finds: '1 2 5' },
    { name: 'at most 2', definition: drugs(atMost(2)), finds: '1 2 3 4 5' },
    {
      name: 'distinct counts the concept where no column is given',
      definition: drugs(atLeast(2, distinct()), AnyDrug),
      finds: '5',
    },
    {
      name: 'distinct concepts',
      definition: drugs(exactly(1, distinct('DOMAIN_CONCEPT')), AnyDrug),
      finds: '2 3 4',
    },
    { name: 'distinct days', definition: drugs(atLeast(2, distinct('START_DATE')), AnyDrug), finds: '4 5' },
    { name: 'distinct ends', definition: drugs(atLeast(2, distinct('END_DATE')), AnyDrug), finds: '3 4 5' },
    { name: 'distinct visits', definition: drugs(atLeast(2, distinct('VISIT_ID')), AnyDrug), finds: '4' },
    {
      name: 'an unknown visit is no visit',
      definition: drugs(exactly(0, distinct('VISIT_ID')), AnyDrug),
      finds: '1 5',
    },
    {
      name: 'at most 1 visit',
      definition: drugs(atMost(1, distinct('VISIT_ID')), AnyDrug),
      finds: '1 2 3 5',
    },
    { name: 'distinct quantities', definition: drugs(atLeast(2, distinct('QUANTITY')), AnyDrug), finds: '3' },
    { name: 'distinct refills', definition: drugs(atLeast(1, distinct('REFILLS')), AnyDrug), finds: '3' },
    {
      name: 'distinct supplies',
      definition: drugs(atLeast(2, distinct('DAYS_SUPPLY')), AnyDrug),
      finds: '4',
    },
    // Without end and supply an exposure lasts a day; that of 4 with two days of supply lasts two.
    { name: 'distinct lengths', definition: drugs(atLeast(2, distinct('DURATION')), AnyDrug), finds: '3 4' },
    {
      name: 'a column without distinct counts rows',
      definition: drugs(atLeast(2, { IsDistinct: false, CountColumn: 'VISIT_ID' }), AnyDrug),
      finds: '3 4 5',
    },
  ],
};
