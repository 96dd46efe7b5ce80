/** Every criterion type of Circe, by its OHDSI name, and the attributes of a demographic criterion. */

import {
  type Attributes,
  age,
  type CriterionDescription,
  dates,
  ethnicity,
  gender,
  race,
} from '#sql/circe/criteria/attribute.ts';
import { ConditionEra, DoseEra, DrugEra } from '#sql/circe/criteria/eras.ts';
import { ImageFeature, ImageOccurrence } from '#sql/circe/criteria/imaging.ts';
import { CohortMembership } from '#sql/circe/criteria/membership.ts';
import {
  ConditionOccurrence,
  Death,
  DeviceExposure,
  DrugExposure,
  Measurement,
  Observation,
  ProcedureOccurrence,
  Specimen,
} from '#sql/circe/criteria/occurrences.ts';
import { LocationRegion, ObservationPeriod, PayerPlanPeriod } from '#sql/circe/criteria/periods.ts';
import { VisitDetail, VisitOccurrence } from '#sql/circe/criteria/visits.ts';

export const criterionTypes = {
  CohortMembership,
  ConditionEra,
  ConditionOccurrence,
  Death,
  DeviceExposure,
  DoseEra,
  DrugEra,
  DrugExposure,
  ImageFeature,
  ImageOccurrence,
  LocationRegion,
  Measurement,
  Observation,
  ObservationPeriod,
  PayerPlanPeriod,
  ProcedureOccurrence,
  Specimen,
  VisitDetail,
  VisitOccurrence,
} as const satisfies Record<string, CriterionDescription>;

export type CriterionType = keyof typeof criterionTypes;

/** The description of a type; widened so that every optional column may be asked for. */
export function describeType(type: CriterionType): CriterionDescription {
  return criterionTypes[type];
}

export function isCriterionType(name: string): name is CriterionType {
  return Object.hasOwn(criterionTypes, name);
}

export const demographicAttributes: Attributes = {
  Age: age('start'),
  OccurrenceStartDate: dates('start'),
  OccurrenceEndDate: dates('end'),
  ...gender,
  ...race,
  ...ethnicity,
};
