/** Every attribute of a demographic criterion: of the person, and of the dates of the event it is asked about. */

import { type Feature, people } from '../case.ts';
import { ask, four } from './events.ts';
import { type Asked, ages, ends, gender, personConcepts, starts } from './kinds.ts';

const persons = people(
  ...four.map((person, at) => ({
    ...person,
    race_concept_id: at < 3 ? 1201 + at : 0,
    ethnicity_concept_id: at < 3 ? 1211 + at : 0,
  })),
);

const conditions = [
  ['2010-01-10', '2010-01-20'],
  ['2010-02-10', '2010-03-02'],
  ['2010-03-10', '2010-04-09'],
  ['2010-12-31', null],
] as const;

const tried = [
  ages('Age'),
  gender,
  personConcepts('Race', 1201),
  personConcepts('Ethnicity', 1211),
  starts('OccurrenceStartDate'),
  ends('OccurrenceEndDate'),
];

const nothing: Asked = { attributes: {}, finds: '1 2 3 4' };

export const person: Feature = {
  name: 'DemographicCriteria',
  rows: {
    ...persons,
    condition_occurrence: conditions.map(([start, end], at) => ({
      person_id: at + 1,
      condition_concept_id: 9000,
      condition_start_date: start,
      condition_end_date: end,
    })),
  },
  cases: [...tried.flatMap(({ asked }) => asked), nothing].map(({ attributes, sets, finds }) => ({
    name: `DemographicCriteria ${JSON.stringify(attributes)}`,
    definition: ask({ ConditionOccurrence: { CodesetId: 0 } }, sets, {
      InclusionRules: [
        {
          name: 'rule',
          expression: {
            Type: 'ALL',
            CriteriaList: [],
            DemographicCriteriaList: [attributes],
            Groups: [],
          },
        },
      ],
    }),
    finds,
  })),
};
