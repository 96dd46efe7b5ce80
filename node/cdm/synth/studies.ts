/** What a synthetic examination yields: its series, and what was found in them. Pure, from random numbers and the procedure. */

import type { modalities, phases, planes } from '#sql/cdm/imaging-concepts.ts';
import { features, imagedProcedures, millimetre, nodule, type sites } from './image-concepts.ts';
import type { Random } from './random.ts';

export interface Finding {
  readonly feature: number;
  readonly finding: number;
  readonly by: 'algorithm' | 'person';
  readonly system: string | undefined;
  readonly value: number;
  readonly unit: number | undefined;
}

export interface Series {
  readonly modality: keyof typeof modalities;
  readonly site: keyof typeof sites;
  readonly plane?: keyof typeof planes;
  readonly phase?: keyof typeof phases;
  /** mm */
  readonly thickness?: number;
  readonly slices: number;
  readonly rows: number;
  readonly columns: number;
  readonly contrast: boolean | undefined;
  /** Tesla. */
  readonly field?: number;
  readonly kvp?: number;
  readonly protocol: string;
  readonly description: string;
  readonly verdict: 'accepted' | 'questionable' | 'rejected';
  readonly findings: readonly Finding[];
}

export interface Study {
  readonly manufacturer: string;
  readonly model: string;
  readonly series: readonly Series[];
}

/** What the patient has, as far as images show it. */
export interface Seen {
  readonly lungCancer: boolean;
  readonly pneumonia: boolean;
  readonly embolism: boolean;
}

const lungDisease: ReadonlySet<number> = new Set([443388, 440417, 255848, 255573]);
const brainDisease: ReadonlySet<number> = new Set([381316, 443454, 4182210, 380378]);

export function seenIn(conditions: readonly number[]): Seen {
  return {
    lungCancer: conditions.includes(443388),
    pneumonia: conditions.includes(255848),
    embolism: conditions.includes(440417),
  };
}

/** Examinations that a hospital with images does beside what its procedures say already. */
export function orderedFor(random: Random, conditions: readonly number[]): readonly number[] {
  const orders: number[] = [];
  if (conditions.some((each) => lungDisease.has(each)) && random.chance(0.45))
    orders.push(imagedProcedures.chestCt);
  if (conditions.some((each) => brainDisease.has(each)) && random.chance(0.5))
    orders.push(imagedProcedures.brainMri);
  return orders;
}

/** The study of a procedure; undefined where the procedure makes no images. */
export function studyOf(random: Random, procedure: number, seen: Seen): Study | undefined {
  switch (procedure) {
    case imagedProcedures.chestXray:
      return machine(random, xrayMachines, [chestXray(random, seen)]);
    case imagedProcedures.headCt:
      return machine(random, ctMachines, [headCt(random)]);
    case imagedProcedures.mammography:
      return machine(random, mgMachines, [view(random, 'CC'), view(random, 'MLO')]);
    case imagedProcedures.chestCt:
      return machine(random, ctMachines, chestCt(random, seen));
    case imagedProcedures.brainMri:
      return brainMri(random);
    default:
      return undefined;
  }
}

type Machines = readonly (readonly [manufacturer: string, model: string])[];
const ctMachines: Machines = [
  ['SIEMENS', 'SOMATOM Definition AS'],
  ['GE MEDICAL SYSTEMS', 'Revolution CT'],
  ['Canon Medical Systems', 'Aquilion ONE'],
];
const xrayMachines: Machines = [
  ['Philips Medical Systems', 'DigitalDiagnost'],
  ['FUJIFILM Corporation', 'FDR Smart'],
];
const mgMachines: Machines = [['HOLOGIC', 'Selenia Dimensions']];

function machine(random: Random, machines: Machines, series: readonly Series[]): Study {
  const [manufacturer, model] = machines[random.between(0, machines.length - 1)]!;
  return { manufacturer, model, series };
}

const verdictOf = (random: Random) =>
  (['accepted', 'questionable', 'rejected'] as const)[random.pick([90, 8, 2])]!;

function chestXray(random: Random, seen: Seen): Series {
  const computed = random.chance(0.25);
  const likely = seen.pneumonia ? 0.5 + random.unit() / 2 : random.unit() * 0.4;
  return {
    modality: computed ? 'CR' : 'DX',
    site: 'thorax',
    slices: 1,
    rows: computed ? 2140 : 2800,
    columns: computed ? 1760 : 2500,
    contrast: false,
    kvp: 110 + 5 * random.between(0, 3),
    protocol: 'Chest PA',
    description: 'CHEST PA',
    verdict: verdictOf(random),
    findings: [found('probability', 255848, Math.round(likely * 1000) / 1000, 'synth-chest 1.2')],
  };
}

function headCt(random: Random): Series {
  const thickness = random.chance(0.6) ? 5 : 1.25;
  return {
    ...ct(random, 'head', thickness, 160),
    contrast: random.chance(0.08),
    protocol: 'Head Routine',
    description: `HEAD ${thickness}mm`,
    findings: [],
  };
}

function view(random: Random, name: string): Series {
  return {
    modality: 'MG',
    site: 'breast',
    slices: 2,
    rows: 3328,
    columns: 2560,
    contrast: false,
    kvp: 26 + random.between(0, 6),
    protocol: 'Screening',
    description: `L+R ${name}`,
    verdict: verdictOf(random),
    findings: [],
  };
}

/** Before contrast always; arterial and portal venous phases where contrast is given; a coronal reformat of every other study. */
function chestCt(random: Random, seen: Seen): readonly Series[] {
  const contrast = random.chance(seen.embolism ? 0.97 : 0.6);
  const thin = [1, 1.25, 2, 3][random.pick([35, 30, 20, 15])]!;
  const plain = { ...ct(random, 'thorax', 5, 320), protocol: 'Chest Routine', findings: [] };
  const first = { ...plain, contrast: false, phase: 'nonContrast', description: 'CHEST PRE 5mm' } as const;
  const nodules = nodulesIn(random, seen);
  if (!contrast) return [{ ...first, findings: nodules }];
  const after = ct(random, 'thorax', thin, 320);
  const arterial = {
    ...after,
    contrast: true,
    phase: 'arterial',
    protocol: seen.embolism ? 'CTPA' : 'Chest CE',
    description: `CHEST ART ${thin}mm`,
    findings: nodules,
  } as const;
  const portal = {
    ...after,
    contrast: true,
    phase: 'portalVenous',
    protocol: 'Chest CE',
    description: `CHEST POR ${thin}mm`,
    findings: [],
  } as const;
  const coronal = {
    ...portal,
    plane: 'coronal',
    thickness: 3,
    slices: 90,
    description: 'CHEST POR COR 3mm',
  } as const;
  return [first, arterial, portal, ...(random.chance(0.5) ? [coronal] : [])];
}

/** An algorithm reads every study; a person measures again what is large. */
function nodulesIn(random: Random, seen: Seen): readonly Finding[] {
  if (!random.chance(seen.lungCancer ? 0.9 : 0.2)) return [];
  const count = seen.lungCancer ? random.between(1, 3) : 1;
  return Array.from({ length: count }, () => noduleIn(random, seen)).flat();
}

function noduleIn(random: Random, seen: Seen): readonly Finding[] {
  const mean = seen.lungCancer ? 18 : 6;
  const size = Math.max(2, Math.round((mean + 4 * random.normal()) * 10) / 10);
  const read = found('diameter', nodule, size, 'synth-nodule 2.0', millimetre);
  if (size < 8) return [read];
  const again = Math.max(2, Math.round((size + random.normal()) * 10) / 10);
  return [read, { ...read, by: 'person', system: undefined, value: again }];
}

function brainMri(random: Random): Study {
  const field = random.chance(0.6) ? 3 : 1.5;
  const model = field === 3 ? 'MAGNETOM Skyra' : 'MAGNETOM Aera';
  const series = (plane: 'axial' | 'sagittal', description: string, contrast: boolean): Series => ({
    modality: 'MR',
    site: 'brain',
    plane,
    thickness: plane === 'axial' ? 5 : 1,
    slices: plane === 'axial' ? 28 : 176,
    rows: 256,
    columns: 256,
    contrast,
    field,
    protocol: 'Brain Routine',
    description,
    verdict: verdictOf(random),
    findings: [],
  });
  const enhanced = random.chance(0.3) ? [series('axial', 'T1 AX CE', true)] : [];
  const plain = [series('axial', 'T2 FLAIR AX', false), series('sagittal', 'T1 MPRAGE SAG', false)];
  return { manufacturer: 'SIEMENS', model, series: [...plain, ...enhanced] };
}

/** An axial series that covers `length` mm. */
function ct(random: Random, site: 'thorax' | 'head', thickness: number, length: number) {
  return {
    modality: 'CT',
    site,
    plane: 'axial',
    thickness,
    slices: Math.round(length / thickness),
    rows: 512,
    columns: 512,
    kvp: [100, 120, 140][random.pick([25, 70, 5])]!,
    verdict: verdictOf(random),
  } as const;
}

function found(
  feature: keyof typeof features,
  finding: number,
  value: number,
  system: string,
  unit?: number,
): Finding {
  return { feature: features[feature].id, finding, by: 'algorithm', system, value, unit };
}
