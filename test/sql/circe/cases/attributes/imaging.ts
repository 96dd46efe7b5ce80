/** Every attribute of the image criteria; the columns are those of the schema `imaging`. */

import { attributesOf } from './events.ts';
import {
  ages,
  concepts,
  decimals,
  gender,
  rowConcepts,
  rowTypes,
  sourceSet,
  starts,
  type Tried,
  texts,
  visitTypes,
  wholeNumbers,
} from './kinds.ts';

/** With, without, with; of the fourth it is not known, and it is neither. */
const flags = (name: string, column: string): Tried => ({
  column: [column, ['true', 'false', 'true', null]],
  asked: [
    { attributes: { [name]: true }, finds: '1 3' },
    { attributes: { [name]: false }, finds: '2' },
  ],
});

const verdicts: Tried = {
  column: ['quality_verdict', ['accepted', 'questionable', 'rejected', null]],
  asked: [
    { attributes: { QualityVerdict: { Op: 'eq', Text: 'accepted' } }, finds: '1' },
    { attributes: { QualityVerdict: { Op: '!eq', Text: 'rejected' } }, finds: '1 2' },
    { attributes: { QualityVerdict: { Op: 'contains', Text: 'e' } }, finds: '1 2 3' },
  ],
};

export const images = [
  attributesOf({
    type: 'ImageOccurrence',
    table: 'image_occurrence',
    concept: 'modality_concept_id',
    start: 'image_occurrence_date',
    startAttribute: 'OccurrenceStartDate',
    second: { column: 'slice_count', attribute: { SliceCount: { Op: 'eq', Value: 2 } } },
    tried: [
      starts('OccurrenceStartDate'),
      sourceSet('ModalitySourceConcept', 'modality_source_concept_id'),
      rowConcepts('AnatomicSite', 'anatomic_site_concept_id', 911),
      rowConcepts('Plane', 'plane_concept_id', 921),
      rowConcepts('Phase', 'phase_concept_id', 931),
      decimals('SliceThickness', 'slice_thickness'),
      wholeNumbers('SliceCount', 'slice_count'),
      wholeNumbers('Rows', 'image_rows'),
      wholeNumbers('Columns', 'image_columns'),
      texts('Manufacturer', 'manufacturer'),
      texts('Model', 'model_name'),
      flags('Contrast', 'contrast'),
      rowConcepts('ContrastAgent', 'contrast_agent_concept_id', 941),
      decimals('MagneticFieldStrength', 'magnetic_field_strength'),
      decimals('KVP', 'kvp'),
      texts('ProtocolName', 'protocol_name'),
      texts('SeriesDescription', 'series_description'),
      verdicts,
      ages('Age'),
      gender,
      visitTypes(),
    ],
  }),
  attributesOf({
    type: 'ImageFeature',
    table: 'image_feature',
    concept: 'image_feature_concept_id',
    start: 'image_feature_date',
    startAttribute: 'OccurrenceStartDate',
    second: { column: 'image_feature_type_concept_id', attribute: { FeatureType: concepts(2) } },
    tried: [
      starts('OccurrenceStartDate'),
      rowTypes('FeatureType', 'image_feature_type_concept_id', 901),
      rowConcepts('Finding', 'image_finding_concept_id', 911),
      rowConcepts('AnatomicSite', 'anatomic_site_concept_id', 921),
      texts('Algorithm', 'alg_system'),
      decimals('ValueAsNumber', 'value_as_number'),
      rowConcepts('ValueAsConcept', 'value_as_concept_id', 931),
      rowConcepts('Unit', 'unit_concept_id', 941),
      ages('Age'),
      gender,
      visitTypes(),
    ],
  }),
];
