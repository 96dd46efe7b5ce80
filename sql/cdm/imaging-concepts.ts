/**
 * Concepts of images that no vocabulary of OMOP has: plane, phase, and who found something. They lie among the ids that OMOP leaves to
 * local use (from 2 billion) and are the same in every hospital that runs Moim, so that one definition means the same in all. They fit
 * an integer, as do the ids of the DICOM vocabulary (2128000010 to 2128013820), and collide with neither those nor a synthetic hospital's.
 */

export interface ImagingConcept {
  readonly id: number;
  readonly name: string;
}

/** The vocabulary's name in VOCABULARY and CONCEPT. */
export const imagingVocabulary = 'Moim Imaging';

export const planes = {
  axial: { id: 2_127_000_001, name: 'Axial plane' },
  coronal: { id: 2_127_000_002, name: 'Coronal plane' },
  sagittal: { id: 2_127_000_003, name: 'Sagittal plane' },
  oblique: { id: 2_127_000_004, name: 'Oblique plane' },
} as const satisfies Record<string, ImagingConcept>;

export const phases = {
  nonContrast: { id: 2_127_000_011, name: 'Before contrast' },
  arterial: { id: 2_127_000_012, name: 'Arterial phase' },
  portalVenous: { id: 2_127_000_013, name: 'Portal venous phase' },
  delayed: { id: 2_127_000_014, name: 'Delayed phase' },
} as const satisfies Record<string, ImagingConcept>;

export const featureTypes = {
  algorithm: { id: 2_127_000_021, name: 'Found by an algorithm' },
  person: { id: 2_127_000_022, name: 'Found by a person' },
} as const satisfies Record<string, ImagingConcept>;

/** Modalities as the DICOM vocabulary numbers them, by their DICOM code. */
export const modalities = {
  CR: { id: 2_128_009_189, name: 'Computed Radiography' },
  CT: { id: 2_128_009_190, name: 'Computed Tomography' },
  DX: { id: 2_128_009_197, name: 'Digital Radiography' },
  MG: { id: 2_128_009_228, name: 'Mammography' },
  MR: { id: 2_128_009_230, name: 'Magnetic Resonance' },
} as const satisfies Record<string, ImagingConcept>;
