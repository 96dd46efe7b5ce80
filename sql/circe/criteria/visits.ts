/** Criteria over visits and parts of visits. */

import {
  age,
  type CriterionDescription,
  codeset,
  common,
  dates,
  first,
  gender,
  integer,
  placeOfService,
  provider,
  row,
  typeConcepts,
} from '#sql/circe/criteria/attribute.ts';

export const VisitOccurrence: CriterionDescription = {
  table: 'visit_occurrence',
  id: 'visit_occurrence_id',
  start: 'visit_start_date',
  end: '$.visit_end_date',
  visit: 'visit_occurrence_id',
  counts: { DOMAIN_CONCEPT: '$.visit_concept_id', DURATION: '$end - $start' },
  attributes: {
    CodesetId: codeset('visit_concept_id'),
    VisitSourceConcept: codeset('visit_source_concept_id'),
    First: first,
    OccurrenceStartDate: dates('start'),
    OccurrenceEndDate: dates('end'),
    ...typeConcepts('VisitType', row('visit_type_concept_id')),
    VisitLength: integer('($end - $start)'),
    Age: age('start'),
    ...gender,
    ...provider,
    ...placeOfService,
    ...common,
  },
};

export const VisitDetail: CriterionDescription = {
  table: 'visit_detail',
  id: 'visit_detail_id',
  start: 'visit_detail_start_date',
  end: '$.visit_detail_end_date',
  visit: 'visit_occurrence_id',
  // The youngest of Circe's types: of concepts it knows the concept-set forms alone.
  circe: {
    ageAtEnd: true,
    unread: ['VisitDetailType', 'VisitDetailTypeExclude', 'Gender', 'ProviderSpecialty', 'PlaceOfService'],
  },
  counts: {
    DOMAIN_CONCEPT: '$.visit_detail_concept_id',
    DURATION: '$end - $start',
    VISIT_DETAIL_ID: '$.visit_detail_id',
  },
  attributes: {
    CodesetId: codeset('visit_detail_concept_id'),
    VisitDetailSourceConcept: codeset('visit_detail_source_concept_id'),
    First: first,
    VisitDetailStartDate: dates('start'),
    VisitDetailEndDate: dates('end'),
    ...typeConcepts('VisitDetailType', row('visit_detail_type_concept_id')),
    VisitDetailLength: integer('($end - $start)'),
    Age: age('start'),
    ...gender,
    ...provider,
    ...placeOfService,
    ...common,
  },
};
