/** Which hospital is made up: who comes to it, and with what. Figures of two mixes differ clearly, as hospitals' do. */

import type { Kind } from './illnesses.ts';

export interface Mix {
  readonly summary: string;
  /** Weights of the ages 0-9, 10-19, … 90-99 at entry. */
  readonly ages: readonly number[];
  /** Share of women. */
  readonly women: number;
  /** What the rates of a kind of illness are multiplied by; 1 where not named. */
  readonly kinds: Readonly<Partial<Record<Kind, number>>>;
  /** What the chance of admission is multiplied by. */
  readonly inpatient: number;
}

const mixes = {
  general: {
    summary: 'a general hospital',
    ages: [11, 10, 12, 14, 14, 15, 12, 8, 3.5, 0.5],
    women: 0.52,
    kinds: {},
    inpatient: 1,
  },
  cardiac: {
    summary: 'a heart centre',
    ages: [1, 1, 3, 6, 14, 24, 26, 18, 6.5, 0.5],
    women: 0.42,
    kinds: { cardiac: 3.2, metabolic: 1.6, childhood: 0.3, infection: 0.5, mind: 0.5 },
    inpatient: 1.4,
  },
  children: {
    summary: "a children's hospital",
    ages: [60, 38, 2, 0, 0, 0, 0, 0, 0, 0],
    women: 0.48,
    kinds: { childhood: 1.8, respiratory: 1.5, infection: 1.2, cancer: 4 },
    inpatient: 1.2,
  },
  cancer: {
    summary: 'a cancer centre',
    ages: [2, 2, 4, 9, 17, 24, 23, 14, 4.5, 0.5],
    women: 0.56,
    kinds: { cancer: 16, infection: 1.4, childhood: 0.3, mind: 1.2 },
    inpatient: 1.5,
  },
  elderly: {
    summary: 'a hospital of an ageing district',
    ages: [2, 2, 4, 5, 8, 14, 22, 25, 15, 3],
    women: 0.58,
    kinds: { frailty: 1.6, cardiac: 1.4, childhood: 0.6 },
    inpatient: 1.3,
  },
} as const satisfies Record<string, Mix>;

export type MixName = keyof typeof mixes;
export const mixNames: readonly string[] = Object.keys(mixes);

/** The mix of that name, or undefined. */
export function findMix(name: string): Mix | undefined {
  return Object.hasOwn(mixes, name) ? mixes[name as MixName] : undefined;
}
