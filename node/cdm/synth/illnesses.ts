/**
 * How illnesses of the synthetic hospitals come and what follows from them: new cases per 1,000 person-years by age, the
 * drugs, tests and procedures that go with them, what they do to laboratory values. Plausible, not epidemiology.
 * Longer than 300 lines because it is pure data.
 */

export type Kind =
  | 'cardiac'
  | 'metabolic'
  | 'respiratory'
  | 'infection'
  | 'childhood'
  | 'digestive'
  | 'cancer'
  | 'frailty'
  | 'mind'
  | 'other';

export interface Prescription {
  readonly drug: number;
  readonly chance: number;
  readonly days: number;
}

/** The ages between which each of an illness's five rates holds. */
export const ageBands: readonly (readonly [from: number, to: number])[] = [
  [0, 18],
  [18, 40],
  [40, 60],
  [60, 75],
  [75, 120],
];

export interface Illness {
  readonly concept: number;
  readonly kind: Kind;
  /** New cases per 1,000 person-years at ages under 18, to 39, to 59, to 74, and above. */
  readonly rates: readonly [number, number, number, number, number];
  /** What men's and women's rates are multiplied by. */
  readonly sexes: readonly [men: number, women: number];
  /** Days an acute case lasts; 0 for a chronic illness, which is followed up to the end. */
  readonly days: number;
  /** Where cases are seen: chances of an emergency and of an admission; else an outpatient visit. */
  readonly emergency: number;
  readonly inpatient: number;
  /** Chance that a case ends in death within weeks. */
  readonly fatal: number;
  readonly drugs: readonly Prescription[];
  readonly tests: readonly number[];
  readonly procedures: readonly { readonly concept: number; readonly chance: number }[];
  /** Shifts of the mean of a measurement, in units of its standard deviation. */
  readonly shifts: Readonly<Record<number, number>>;
  /** Illnesses whose chance is multiplied once one has this one. */
  readonly leadsTo: Readonly<Record<number, number>>;
}

type Part = Partial<Omit<Illness, 'concept' | 'kind' | 'rates'>>;

function illness(concept: number, kind: Kind, rates: Illness['rates'], part: Part = {}): Illness {
  return {
    concept,
    kind,
    rates,
    sexes: [1, 1],
    days: 0,
    emergency: 0,
    inpatient: 0,
    fatal: 0,
    drugs: [],
    tests: [],
    procedures: [],
    shifts: {},
    leadsTo: {},
    ...part,
  };
}

const rx = (drug: number, chance: number, days: number): Prescription => ({ drug, chance, days });
const op = (concept: number, chance: number) => ({ concept, chance });

const acute = (days: number, part: Part = {}): Part => ({ days, ...part });

export const illnesses: readonly Illness[] = [
  // ---- heart and vessels
  illness(320128, 'cardiac', [0.1, 3, 22, 45, 50], {
    drugs: [rx(19080128, 0.5, 90), rx(1332419, 0.35, 90), rx(19078106, 0.25, 90), rx(40185304, 0.2, 90)],
    tests: [3016723, 3023103],
    shifts: { 3004249: 1.4, 3012888: 1.1 },
    leadsTo: { 4329847: 1.8, 381316: 2.2, 316139: 2, 46271022: 2, 313217: 1.6 },
  }),
  illness(432867, 'cardiac', [0.1, 3, 20, 30, 22], {
    drugs: [rx(1545959, 0.5, 90), rx(1539411, 0.35, 90)],
    tests: [3027114, 3007070, 3009966, 3022192],
    shifts: { 3027114: 1.5, 3009966: 1.6, 3022192: 1 },
    leadsTo: { 4329847: 1.7, 317576: 2 },
  }),
  illness(317576, 'cardiac', [0, 0.2, 4, 12, 16], {
    sexes: [1.4, 0.7],
    drugs: [rx(19059056, 0.8, 90), rx(1307046, 0.5, 90), rx(1545959, 0.5, 90)],
    tests: [3029187],
    procedures: [op(4163951, 0.6), op(4216130, 0.15), op(4336464, 0.05)],
    leadsTo: { 4329847: 3, 316139: 2 },
  }),
  illness(
    4329847,
    'cardiac',
    [0, 0.2, 2.5, 7, 12],
    acute(30, {
      sexes: [1.5, 0.7],
      emergency: 0.2,
      inpatient: 0.8,
      fatal: 0.09,
      drugs: [rx(19059056, 0.9, 90), rx(19075601, 0.7, 90), rx(1307046, 0.6, 90), rx(1367571, 0.5, 5)],
      tests: [3029187, 3016723],
      procedures: [op(4163951, 0.9), op(4216130, 0.5), op(4283892, 0.35), op(4230911, 0.5)],
      shifts: { 3029187: 2 },
      leadsTo: { 316139: 4 },
    }),
  ),
  illness(313217, 'cardiac', [0, 0.2, 2, 10, 25], {
    drugs: [rx(43013024, 0.5, 90), rx(40163554, 0.3, 90), rx(1307046, 0.5, 90)],
    tests: [3022217],
    procedures: [op(4163951, 0.8), op(4230911, 0.4)],
    shifts: { 3022217: 1.5, 3027018: 1 },
    leadsTo: { 381316: 3.5, 192671: 2.5 },
  }),
  illness(316139, 'cardiac', [0.05, 0.2, 2, 9, 28], {
    emergency: 0.2,
    inpatient: 0.35,
    fatal: 0.05,
    drugs: [rx(957136, 0.7, 90), rx(19080128, 0.5, 90), rx(1307046, 0.5, 90)],
    tests: [3029187, 3016723, 3019550],
    procedures: [op(4230911, 0.7), op(4163951, 0.6), op(4163872, 0.4)],
    shifts: { 3029187: 3, 3016723: 0.6 },
  }),
  illness(
    381316,
    'cardiac',
    [0.05, 0.2, 1.5, 6, 16],
    acute(45, {
      emergency: 0.2,
      inpatient: 0.8,
      fatal: 0.12,
      drugs: [rx(19059056, 0.6, 90), rx(19075601, 0.4, 90)],
      procedures: [op(4125350, 0.9)],
      leadsTo: { 4182210: 2 },
    }),
  ),
  illness(
    440417,
    'cardiac',
    [0, 0.3, 0.7, 1.6, 3],
    acute(30, {
      inpatient: 0.85,
      emergency: 0.1,
      fatal: 0.06,
      drugs: [rx(43013024, 0.6, 90), rx(1367571, 0.6, 7)],
    }),
  ),
  // ---- metabolism and kidney
  illness(201826, 'metabolic', [0.1, 1.5, 8, 14, 12], {
    sexes: [1.15, 0.9],
    drugs: [rx(40163924, 0.8, 90), rx(1502905, 0.2, 30), rx(45774751, 0.15, 90)],
    tests: [3004410, 3004501, 3016723],
    shifts: { 3004410: 2.6, 3004501: 2.2, 3038553: 0.8 },
    leadsTo: { 46271022: 2.5, 4329847: 1.8, 81902: 1.5 },
  }),
  illness(201254, 'metabolic', [0.3, 0.2, 0.1, 0, 0], {
    drugs: [rx(1502905, 1, 30)],
    tests: [3004410, 3004501],
    shifts: { 3004410: 3, 3004501: 2.8 },
  }),
  illness(140673, 'metabolic', [0.2, 1.5, 3.5, 5, 5], {
    sexes: [0.3, 1.7],
    drugs: [rx(40174880, 0.9, 90)],
    tests: [3009201],
    shifts: { 3009201: 1.5 },
  }),
  illness(46271022, 'metabolic', [0, 0.3, 2, 9, 20], {
    tests: [3016723, 3013682, 3023103, 3000963],
    procedures: [op(4120120, 0.06)],
    shifts: { 3016723: 2.5, 3013682: 2.5, 3000963: -0.8 },
  }),
  // ---- lungs and airways
  illness(317009, 'respiratory', [6, 3, 2, 1.5, 1], {
    drugs: [rx(1154343, 0.8, 30), rx(1149380, 0.5, 30)],
    emergency: 0.12,
    shifts: { 40762499: -0.5 },
  }),
  illness(255573, 'respiratory', [0, 0.2, 4, 13, 18], {
    emergency: 0.12,
    inpatient: 0.1,
    drugs: [rx(1154343, 0.8, 30), rx(1149380, 0.5, 30), rx(1551170, 0.3, 10)],
    procedures: [op(4163872, 0.5)],
    shifts: { 40762499: -1.5, 3024171: 1 },
    leadsTo: { 255848: 3 },
  }),
  illness(
    255848,
    'respiratory',
    [4, 1.5, 3, 8, 24],
    acute(21, {
      emergency: 0.2,
      inpatient: 0.4,
      fatal: 0.03,
      drugs: [rx(19073188, 0.6, 10), rx(1734104, 0.4, 5)],
      tests: [3020460, 3010813],
      procedures: [op(4163872, 0.8)],
      shifts: { 3020460: 3, 3010813: 2, 3020891: 1.5 },
    }),
  ),
  illness(
    260139,
    'respiratory',
    [35, 22, 25, 28, 28],
    acute(14, { drugs: [rx(1127433, 0.4, 7), rx(1734104, 0.2, 5)], tests: [3020460] }),
  ),
  illness(257007, 'respiratory', [9, 8, 5, 3, 1], { drugs: [rx(1149196, 0.8, 30)] }),
  // ---- infections, mostly of childhood
  illness(40481087, 'infection', [60, 55, 50, 40, 25], acute(14, { drugs: [rx(1127433, 0.3, 7)] })),
  illness(4112343, 'childhood', [90, 30, 18, 10, 6], acute(9, { drugs: [rx(1127433, 0.3, 5)] })),
  illness(28060, 'childhood', [45, 8, 2, 1, 0.5], acute(10, { drugs: [rx(19073183, 0.8, 10)] })),
  illness(
    372328,
    'childhood',
    [95, 3, 1, 0.5, 0.5],
    acute(14, { drugs: [rx(19073183, 0.6, 10), rx(19019979, 0.3, 5)] }),
  ),
  illness(
    437663,
    'childhood',
    [60, 8, 5, 5, 8],
    acute(4, {
      emergency: 0.25,
      drugs: [rx(1127078, 0.5, 4)],
      tests: [3020891, 3010813],
      shifts: { 3020891: 3 },
    }),
  ),
  illness(133834, 'childhood', [18, 2, 1, 0.5, 0.3], {}),
  illness(438409, 'childhood', [7, 0.8, 0.1, 0, 0], { sexes: [1.6, 0.6], drugs: [rx(705944, 0.6, 30)] }),
  illness(
    81902,
    'infection',
    [8, 14, 14, 22, 45],
    acute(10, {
      sexes: [0.35, 1.6],
      emergency: 0.12,
      inpatient: 0.04,
      drugs: [rx(1797513, 0.5, 7), rx(19073188, 0.3, 7)],
      tests: [3010813],
    }),
  ),
  illness(
    132797,
    'infection',
    [0.3, 0.4, 1, 4, 12],
    acute(21, {
      inpatient: 1,
      fatal: 0.2,
      drugs: [rx(1797513, 0.5, 10)],
      tests: [3020460, 3010813, 3016723],
      shifts: { 3020460: 6, 3010813: 3, 3020891: 2 },
    }),
  ),
  // ---- digestion
  illness(318800, 'digestive', [1, 6, 12, 14, 12], { drugs: [rx(923645, 0.8, 30)], procedures: [] }),
  illness(
    4027663,
    'digestive',
    [0.05, 0.5, 1.2, 2, 3],
    acute(60, { drugs: [rx(923645, 0.9, 30)], leadsTo: { 192671: 6 } }),
  ),
  illness(
    192671,
    'digestive',
    [0.2, 0.8, 2, 5, 11],
    acute(14, {
      emergency: 0.3,
      inpatient: 0.55,
      fatal: 0.03,
      drugs: [rx(923645, 0.7, 30)],
      tests: [3000963, 3024929, 3022217],
      procedures: [op(4249893, 0.5)],
      shifts: { 3000963: -2 },
    }),
  ),
  illness(
    440448,
    'digestive',
    [1.6, 1.2, 0.6, 0.4, 0.3],
    acute(14, {
      inpatient: 0.9,
      emergency: 0.1,
      tests: [3010813, 3020460],
      procedures: [op(4198190, 0.9)],
      shifts: { 3010813: 2.5, 3020460: 2 },
    }),
  ),
  illness(196523, 'digestive', [14, 9, 6, 6, 9], acute(5, { emergency: 0.1 })),
  illness(4212540, 'digestive', [0, 0.4, 1.6, 2, 1.5], {
    fatal: 0.02,
    tests: [3006923, 3024128, 3024561],
    shifts: { 3006923: 2, 3024128: 1.5, 3024561: -1 },
  }),
  illness(81893, 'digestive', [0.1, 0.4, 0.3, 0.2, 0.2], {
    drugs: [rx(1551170, 0.4, 30)],
    procedures: [op(4249893, 0.7)],
  }),
  // ---- joints, bones, injuries
  illness(80180, 'frailty', [0, 0.8, 9, 20, 25], {
    sexes: [0.8, 1.2],
    drugs: [rx(1118084, 0.3, 60), rx(40162359, 0.3, 60), rx(1115171, 0.25, 30)],
    procedures: [op(43531648, 0.05), op(4203771, 0.04)],
    leadsTo: { 192671: 1.8 },
  }),
  illness(80809, 'other', [0.1, 0.4, 0.9, 1, 0.8], {
    sexes: [0.5, 1.5],
    drugs: [rx(1118084, 0.4, 60), rx(1551170, 0.5, 30)],
    tests: [3020460],
    shifts: { 3020460: 2 },
  }),
  illness(80502, 'frailty', [0, 0.1, 2, 11, 20], {
    sexes: [0.3, 1.7],
    drugs: [rx(40173590, 0.7, 90)],
    leadsTo: { 4230399: 2.5 },
  }),
  illness(
    4230399,
    'frailty',
    [0, 0.05, 0.3, 1.5, 11],
    acute(60, {
      sexes: [0.7, 1.3],
      inpatient: 1,
      fatal: 0.06,
      drugs: [rx(1127433, 0.8, 14)],
      procedures: [op(4203771, 0.5)],
    }),
  ),
  illness(81151, 'other', [12, 9, 6, 4, 3], acute(21, { emergency: 0.4, drugs: [rx(19078461, 0.5, 10)] })),
  illness(378001, 'other', [5, 2, 1, 1.5, 3], acute(14, { emergency: 0.9, procedures: [op(4125350, 0.4)] })),
  // ---- mind and nerves
  illness(440383, 'mind', [3, 9, 9, 7, 6], {
    sexes: [0.7, 1.3],
    drugs: [rx(739207, 0.5, 30), rx(19077463, 0.3, 30)],
  }),
  illness(441542, 'mind', [4, 10, 8, 5, 4], { sexes: [0.7, 1.3], drugs: [rx(739207, 0.3, 30)] }),
  illness(4182210, 'frailty', [0, 0, 0.3, 4, 32], { drugs: [rx(40223768, 0.5, 30)], fatal: 0.03 }),
  illness(381270, 'frailty', [0, 0, 0.3, 1.5, 4], { sexes: [1.3, 0.8] }),
  illness(380378, 'mind', [1, 0.6, 0.5, 0.8, 1.5], { emergency: 0.3, drugs: [rx(797399, 0.4, 30)] }),
  illness(318736, 'mind', [4, 8, 5, 2, 0.5], { sexes: [0.5, 1.5], drugs: [rx(19078461, 0.5, 10)] }),
  illness(378253, 'mind', [12, 14, 11, 8, 6], acute(3, { emergency: 0.15, drugs: [rx(1127433, 0.4, 5)] })),
  // ---- blood, skin, signs
  illness(439777, 'other', [2, 3, 4, 8, 16], {
    sexes: [0.6, 1.4],
    tests: [3000963, 3001122],
    shifts: { 3000963: -1.8, 3001122: -1 },
  }),
  illness(140168, 'other', [0.7, 1.5, 1.5, 1.2, 0.8], {}),
  illness(
    77670,
    'cardiac',
    [2, 5, 10, 14, 16],
    acute(3, { emergency: 0.5, tests: [3029187], procedures: [op(4163951, 0.8), op(4163872, 0.4)] }),
  ),
  // ---- cancer
  illness(4112853, 'cancer', [0, 0.15, 1.4, 2.6, 2.6], {
    sexes: [0.02, 2],
    inpatient: 0.4,
    fatal: 0.02,
    drugs: [rx(19019851, 0.6, 90), rx(1378382, 0.35, 1)],
    tests: [3000963, 3017732],
    procedures: [op(4324693, 0.6), op(4213045, 0.5), op(4273629, 0.4), op(4029715, 0.4)],
    leadsTo: { 432851: 60 },
  }),
  illness(4180790, 'cancer', [0, 0.05, 0.5, 1.6, 2.6], {
    inpatient: 0.6,
    fatal: 0.05,
    tests: [3000963, 3006923],
    procedures: [op(4249893, 0.8), op(4273629, 0.4)],
    shifts: { 3000963: -0.8 },
    leadsTo: { 432851: 80, 192671: 5 },
  }),
  illness(443388, 'cancer', [0, 0.02, 0.6, 2.6, 3.2], {
    sexes: [1.3, 0.7],
    inpatient: 0.5,
    fatal: 0.15,
    drugs: [rx(1397599, 0.4, 1)],
    tests: [3000963, 3017732],
    procedures: [op(4163872, 0.8), op(4311405, 0.6), op(4273629, 0.4), op(4029715, 0.4)],
    leadsTo: { 432851: 120 },
  }),
  illness(4163261, 'cancer', [0, 0, 0.6, 4, 5], {
    sexes: [2, 0],
    inpatient: 0.3,
    fatal: 0.02,
    tests: [3013603],
    procedures: [op(4311405, 0.6), op(4029715, 0.3)],
    shifts: { 3013603: 4 },
    leadsTo: { 432851: 50 },
  }),
  illness(432571, 'cancer', [0.05, 0.15, 0.3, 0.7, 1], {
    inpatient: 0.4,
    fatal: 0.05,
    tests: [3010813, 3000963],
    procedures: [op(4273629, 0.7), op(4311405, 0.5)],
  }),
  illness(432851, 'cancer', [0, 0.02, 0.1, 0.3, 0.4], {
    inpatient: 0.5,
    fatal: 0.25,
    procedures: [op(4273629, 0.4), op(4029715, 0.3)],
    tests: [3000963, 3024561],
    shifts: { 3024561: -1.2 },
  }),
];
