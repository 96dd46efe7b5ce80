/**
 * The criterion types as the notes and the tables of CDM 5.4 have them, written for the model alone: which columns an
 * event is made of, and which column each attribute asks.
 */

import { numberIn } from './data.ts';
import {
  clinical,
  type EventType,
  endedOrNextDay,
  era,
  exposureEnd,
  nextDay,
  none,
  of,
  own,
  period,
  ratio,
  visit,
  visitType,
} from './event-type.ts';

const condition = clinical('condition', {
  table: 'condition_occurrence',
  start: 'condition_start_date',
  end: endedOrNextDay('condition_end_date', 'condition_start_date'),
  typed: 'ConditionType',
  source: 'ConditionSourceConcept',
  ends: true,
});
const drug = clinical('drug', {
  table: 'drug_exposure',
  start: 'drug_exposure_start_date',
  end: exposureEnd,
  typed: 'DrugType',
  source: 'DrugSourceConcept',
  ends: true,
});
const procedure = clinical('procedure', {
  table: 'procedure_occurrence',
  start: 'procedure_date',
  end: nextDay('procedure_date'),
  typed: 'ProcedureType',
  source: 'ProcedureSourceConcept',
  ends: false,
});
const device = clinical('device', {
  table: 'device_exposure',
  start: 'device_exposure_start_date',
  end: endedOrNextDay('device_exposure_end_date', 'device_exposure_start_date'),
  typed: 'DeviceType',
  source: 'DeviceSourceConcept',
  ends: true,
});
const measurement = clinical('measurement', {
  table: 'measurement',
  start: 'measurement_date',
  end: nextDay('measurement_date'),
  typed: 'MeasurementType',
  source: 'MeasurementSourceConcept',
  ends: false,
});
const observation = clinical('observation', {
  table: 'observation',
  start: 'observation_date',
  end: nextDay('observation_date'),
  typed: 'ObservationType',
  source: 'ObservationSourceConcept',
  ends: false,
});
const conditionEra = era('condition_era', 'condition_concept_id', 'condition_occurrence_count');
const drugEra = era('drug_era', 'drug_concept_id', 'drug_exposure_count');
const doseEra = era('dose_era', 'drug_concept_id', undefined);
const observationPeriod = period('observation_period');
const payer = period('payer_plan_period');
const visitDetail = visit('visit_detail', 'visit_detail', {
  start: 'VisitDetailStartDate',
  end: 'VisitDetailEndDate',
  source: 'VisitDetailSourceConcept',
  typed: 'VisitDetailType',
  length: 'VisitDetailLength',
});

export const eventTypes: Readonly<Record<string, EventType>> = {
  ConditionOccurrence: {
    ...condition,
    lists: { ...condition.lists, ...own('ConditionStatus', 'condition_status_concept_id') },
    texts: { StopReason: 'stop_reason' },
  },
  DrugExposure: {
    ...drug,
    lists: { ...drug.lists, ...own('RouteConcept', 'route_concept_id') },
    whole: { Refills: of('refills'), DaysSupply: of('days_supply') },
    decimal: { Quantity: of('quantity') },
    texts: { StopReason: 'stop_reason', LotNumber: 'lot_number' },
    counts: {
      ...drug.counts,
      DAYS_SUPPLY: of('days_supply'),
      QUANTITY: of('quantity'),
      REFILLS: of('refills'),
    },
  },
  ProcedureOccurrence: {
    ...procedure,
    lists: { ...procedure.lists, ...own('Modifier', 'modifier_concept_id') },
    whole: { Quantity: of('quantity') },
    counts: { ...procedure.counts, QUANTITY: of('quantity') },
  },
  DeviceExposure: {
    ...device,
    whole: { Quantity: of('quantity') },
    texts: { UniqueDeviceId: 'unique_device_id' },
    counts: { ...device.counts, QUANTITY: of('quantity') },
  },
  Measurement: {
    ...measurement,
    lists: {
      ...measurement.lists,
      ...own('Operator', 'operator_concept_id'),
      ...own('ValueAsConcept', 'value_as_concept_id'),
      ...own('Unit', 'unit_concept_id'),
    },
    decimal: {
      ValueAsNumber: of('value_as_number'),
      RangeLow: of('range_low'),
      RangeHigh: of('range_high'),
      RangeLowRatio: ratio('range_low'),
      RangeHighRatio: ratio('range_high'),
    },
    abnormal: true,
    counts: {
      ...measurement.counts,
      UNIT: of('unit_concept_id'),
      VALUE_AS_NUMBER: of('value_as_number'),
      RANGE_HIGH: of('range_high'),
      RANGE_LOW: of('range_low'),
    },
  },
  Observation: {
    ...observation,
    lists: {
      ...observation.lists,
      ...own('ValueAsConcept', 'value_as_concept_id'),
      ...own('Qualifier', 'qualifier_concept_id'),
      ...own('Unit', 'unit_concept_id'),
    },
    decimal: { ValueAsNumber: of('value_as_number') },
    texts: { ValueAsString: 'value_as_string' },
    counts: { ...observation.counts, UNIT: of('unit_concept_id'), VALUE_AS_NUMBER: of('value_as_number') },
  },
  Specimen: {
    ...none,
    table: 'specimen',
    id: 'specimen_id',
    start: 'specimen_date',
    end: nextDay('specimen_date'),
    codesets: { CodesetId: 'specimen_concept_id' },
    dates: { OccurrenceStartDate: 'start' },
    ages: { Age: 'start' },
    lists: {
      ...own('SpecimenType', 'specimen_type_concept_id'),
      ...own('Unit', 'unit_concept_id'),
      ...own('AnatomicSite', 'anatomic_site_concept_id'),
      ...own('DiseaseStatus', 'disease_status_concept_id'),
    },
    excludable: ['SpecimenType'],
    decimal: { Quantity: of('quantity') },
    texts: { SourceId: 'specimen_source_id' },
    counts: { DOMAIN_CONCEPT: of('specimen_concept_id'), DURATION: () => 1 },
  },
  Death: {
    ...none,
    table: 'death',
    id: 'person_id',
    start: 'death_date',
    end: nextDay('death_date'),
    codesets: { CodesetId: 'cause_concept_id', DeathSourceConcept: 'cause_source_concept_id' },
    first: false,
    dates: { OccurrenceStartDate: 'start' },
    ages: { Age: 'start' },
    lists: own('DeathType', 'death_type_concept_id'),
    excludable: ['DeathType'],
    counts: { DOMAIN_CONCEPT: (row) => numberIn(row, 'cause_concept_id') ?? 0, DURATION: () => 1 },
  },
  VisitOccurrence: visit('visit_occurrence', 'visit', {
    start: 'OccurrenceStartDate',
    end: 'OccurrenceEndDate',
    source: 'VisitSourceConcept',
    typed: 'VisitType',
    length: 'VisitLength',
  }),
  VisitDetail: { ...visitDetail, counts: { ...visitDetail.counts, VISIT_DETAIL_ID: of('visit_detail_id') } },
  ConditionEra: conditionEra,
  DrugEra: {
    ...drugEra,
    whole: { ...drugEra.whole, GapDays: of('gap_days') },
    counts: { ...drugEra.counts, GAP_DAYS: of('gap_days') },
  },
  DoseEra: {
    ...doseEra,
    lists: own('Unit', 'unit_concept_id'),
    decimal: { DoseValue: of('dose_value') },
    counts: { ...doseEra.counts, UNIT: of('unit_concept_id'), VALUE_AS_NUMBER: of('dose_value') },
  },
  ObservationPeriod: {
    ...observationPeriod,
    gender: false,
    lists: own('PeriodType', 'period_type_concept_id'),
    counts: { ...observationPeriod.counts, DOMAIN_CONCEPT: of('period_type_concept_id') },
  },
  PayerPlanPeriod: {
    ...payer,
    sets: {
      PayerConcept: 'payer_concept_id',
      PlanConcept: 'plan_concept_id',
      SponsorConcept: 'sponsor_concept_id',
      StopReasonConcept: 'stop_reason_concept_id',
      PayerSourceConcept: 'payer_source_concept_id',
      PlanSourceConcept: 'plan_source_concept_id',
      SponsorSourceConcept: 'sponsor_source_concept_id',
      StopReasonSourceConcept: 'stop_reason_source_concept_id',
    },
    counts: { ...payer.counts, DOMAIN_CONCEPT: of('payer_concept_id') },
  },
  ImageOccurrence: {
    ...none,
    table: 'image_occurrence',
    id: 'image_occurrence_id',
    start: 'image_occurrence_date',
    end: nextDay('image_occurrence_date'),
    visit: 'visit_occurrence_id',
    image: 'image_occurrence_id',
    codesets: { CodesetId: 'modality_concept_id', ModalitySourceConcept: 'modality_source_concept_id' },
    dates: { OccurrenceStartDate: 'start' },
    ages: { Age: 'start' },
    lists: {
      ...own('AnatomicSite', 'anatomic_site_concept_id'),
      ...own('Plane', 'plane_concept_id'),
      ...own('Phase', 'phase_concept_id'),
      ...own('ContrastAgent', 'contrast_agent_concept_id'),
      ...visitType,
    },
    excludable: ['VisitType'],
    whole: { SliceCount: of('slice_count'), Rows: of('image_rows'), Columns: of('image_columns') },
    decimal: {
      SliceThickness: of('slice_thickness'),
      MagneticFieldStrength: of('magnetic_field_strength'),
      KVP: of('kvp'),
    },
    texts: {
      Manufacturer: 'manufacturer',
      Model: 'model_name',
      ProtocolName: 'protocol_name',
      SeriesDescription: 'series_description',
    },
    flags: { Contrast: 'contrast' },
    counts: {
      DOMAIN_CONCEPT: of('modality_concept_id'),
      DURATION: () => 1,
      MODALITY: of('modality_concept_id'),
      ANATOMIC_SITE: of('anatomic_site_concept_id'),
      STUDY: (row) => row.image_study_uid ?? null,
    },
  },
  ImageFeature: {
    ...none,
    table: 'image_feature',
    id: 'image_feature_id',
    start: 'image_feature_date',
    end: nextDay('image_feature_date'),
    visit: 'visit_occurrence_id',
    image: 'image_occurrence_id',
    codesets: { CodesetId: 'image_feature_concept_id' },
    dates: { OccurrenceStartDate: 'start' },
    ages: { Age: 'start' },
    lists: {
      ...own('FeatureType', 'image_feature_type_concept_id'),
      ...own('Finding', 'image_finding_concept_id'),
      ...own('AnatomicSite', 'anatomic_site_concept_id'),
      ...own('ValueAsConcept', 'value_as_concept_id'),
      ...own('Unit', 'unit_concept_id'),
      ...visitType,
    },
    excludable: ['FeatureType', 'VisitType'],
    decimal: { ValueAsNumber: of('value_as_number') },
    texts: { Algorithm: 'alg_system' },
    counts: {
      DOMAIN_CONCEPT: of('image_feature_concept_id'),
      DURATION: () => 1,
      ANATOMIC_SITE: of('anatomic_site_concept_id'),
      FINDING: of('image_finding_concept_id'),
      IMAGE: of('image_occurrence_id'),
      UNIT: of('unit_concept_id'),
      VALUE_AS_NUMBER: of('value_as_number'),
    },
  },
};
