/**
 * Membership in another cohort of the same study: one event for each of that cohort's rows. Circe has no such criterion;
 * it is spelled as OHDSI would. The rows come from a part of the statement (members.ts), not from a table of the CDM.
 */

import {
  age,
  type CriterionDescription,
  common,
  dates,
  first,
  gender,
  integer,
} from '#sql/circe/criteria/attribute.ts';

export const CohortMembership: CriterionDescription = {
  table: 'cohort',
  id: 'row_id',
  start: 'start_date',
  end: '$.end_date',
  // A person's rows start on different days: a distinct count without a column counts rows.
  counts: { DOMAIN_CONCEPT: '$start', DURATION: '$end - $start' },
  attributes: {
    Cohort: { kind: 'cohort' },
    First: first,
    OccurrenceStartDate: dates('start'),
    OccurrenceEndDate: dates('end'),
    MembershipLength: integer('($end - $start)'),
    Age: age('start'),
    AgeAtEnd: age('end'),
    ...gender,
    ...common,
  },
};
