/** What the vocabulary of a synthetic hospital gains where it has images. Data. */

import {
  featureTypes,
  type ImagingConcept,
  imagingVocabulary,
  modalities,
  phases,
  planes,
} from '#sql/cdm/imaging-concepts.ts';
import type { SynthConcept } from './concepts.ts';

/**
 * Places of the body, named as SNOMED names them. The ids are the synthetic hospital's own: a real one has SNOMED's from its
 * vocabulary.
 */
export const sites = {
  thorax: { id: 2_127_000_101, name: 'Thoracic structure', code: '51185008' },
  head: { id: 2_127_000_102, name: 'Head structure', code: '69536005' },
  brain: { id: 2_127_000_103, name: 'Brain structure', code: '12738006' },
  breast: { id: 2_127_000_104, name: 'Breast structure', code: '76752008' },
} as const;

/** What was measured; the ids are the synthetic hospital's own. */
export const features = {
  diameter: { id: 2_127_000_111, name: 'Diameter of a finding' },
  probability: { id: 2_127_000_112, name: 'Probability of a finding' },
} as const;

export const nodule = 37206719;
export const millimetre = 8588;
export const imagedProcedures = {
  chestXray: 4163872,
  headCt: 4125350,
  mammography: 4324693,
  chestCt: 4302356,
  brainMri: 37311324,
} as const;

const kind =
  (domain: string, vocabulary: string, conceptClass: string) =>
  (each: ImagingConcept & { readonly code?: string }, parents: readonly number[] = []): SynthConcept => ({
    id: each.id,
    name: each.name,
    domain,
    vocabulary,
    conceptClass,
    code: each.code ?? `${each.id}`,
    parents,
  });

const ours = kind('Observation', imagingVocabulary, 'Image attribute');
const site = kind('Spec Anatomic Site', 'MoimSynth', 'Body Structure');

export const imageConcepts: readonly SynthConcept[] = [
  ...[planes, phases, featureTypes].flatMap((list) =>
    Object.values<ImagingConcept>(list).map((each) => ours(each)),
  ),
  ...Object.entries(modalities).map(([code, each]) =>
    kind('Procedure', 'DICOM', 'Modality')({ ...each, code }),
  ),
  site(sites.thorax),
  site(sites.head),
  site(sites.brain, [sites.head.id]),
  site(sites.breast, [sites.thorax.id]),
  ...Object.values<ImagingConcept>(features).map((each) =>
    kind('Measurement', 'MoimSynth', 'Image feature')(each),
  ),
  kind(
    'Condition',
    'SNOMED',
    'Disorder',
  )({ id: nodule, name: 'Nodule of lung', code: '786838002' }, [320136]),
  kind('Unit', 'UCUM', 'Unit')({ id: millimetre, name: 'millimeter', code: 'mm' }),
  kind(
    'Procedure',
    'SNOMED',
    'Procedure',
  )({
    id: imagedProcedures.chestCt,
    name: 'CT of chest and abdomen',
    code: '418891003',
  }),
  kind(
    'Procedure',
    'SNOMED',
    'Procedure',
  )({
    id: imagedProcedures.brainMri,
    name: 'MRI of brain',
    code: '816077007',
  }),
];
