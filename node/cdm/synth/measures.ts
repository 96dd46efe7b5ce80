/** The measurements of the synthetic hospitals: units, means and spreads in healthy adults, normal ranges. Data. */

export interface Measure {
  readonly concept: number;
  readonly unit: number;
  readonly mean: number;
  readonly spread: number;
  readonly decimals: number;
  readonly low: number | undefined;
  readonly high: number | undefined;
  /** The least a value can be. */
  readonly least: number;
}

function measure(
  concept: number,
  unit: number,
  mean: number,
  spread: number,
  decimals: number,
  low?: number,
  high?: number,
): Measure {
  return { concept, unit, mean, spread, decimals, low, high, least: mean / 10 };
}

export const measures: ReadonlyMap<number, Measure> = new Map(
  [
    measure(3004249, 8876, 122, 13, 0, 90, 140), // systolic blood pressure, mm[Hg]
    measure(3012888, 8876, 76, 9, 0, 60, 90),
    measure(3027018, 8541, 74, 10, 0, 60, 100),
    measure(3020891, 586323, 36.8, 0.4, 1, 36, 38),
    measure(3024171, 8541, 16, 2, 0, 12, 20),
    measure(40762499, 8554, 97, 1.3, 0, 94, 100),
    measure(3025315, 9529, 74, 14, 1), // body weight, kg; children by their age
    measure(3036277, 8582, 170, 9, 0),
    measure(3038553, 9531, 26, 4.5, 1, 18.5, 25),
    measure(3004410, 8554, 5.4, 0.5, 1, 4, 6), // HbA1c, %
    measure(3004501, 8840, 96, 18, 0, 70, 110),
    measure(3016723, 8840, 0.9, 0.2, 2, 0.6, 1.2),
    measure(3013682, 8840, 14, 4, 0, 7, 20),
    measure(3019550, 8753, 140, 2.5, 0, 135, 145),
    measure(3023103, 8753, 4.2, 0.4, 1, 3.5, 5),
    measure(3006923, 8645, 24, 11, 0, 7, 40),
    measure(3024128, 8840, 0.7, 0.3, 1, 0.1, 1.2),
    measure(3024561, 8713, 4.3, 0.4, 1, 3.5, 5),
    measure(3000963, 8713, 13.8, 1.3, 1, 12, 16),
    measure(3010813, 8848, 7, 1.8, 1, 4, 11),
    measure(3017732, 8848, 4.2, 1.3, 1, 1.8, 7.5),
    measure(3024929, 8848, 250, 60, 0, 150, 400),
    measure(3027114, 8840, 188, 34, 0, 100, 200),
    measure(3007070, 8840, 52, 13, 0, 40, 60),
    measure(3009966, 8840, 112, 29, 0, 60, 130),
    measure(3022192, 8840, 128, 55, 0, 40, 150),
    measure(3020460, 8751, 4, 5, 1, 0, 5),
    measure(3029187, 8845, 110, 190, 0, 0, 125),
    measure(3013603, 8842, 1.6, 1.4, 2, 0, 4),
    measure(3022217, 8523, 1, 0.2, 1, 0.8, 1.2),
    measure(3009201, 9040, 2.1, 1, 2, 0.4, 4),
    measure(3001122, 8842, 110, 60, 0, 20, 300),
  ].map((each) => [each.concept, each]),
);

/** What is measured at any visit, and at a yearly check. */
export const vitals: readonly number[] = [3004249, 3012888, 3027018];
export const yearly: readonly number[] = [3025315, 3038553, 3004501, 3027114, 3000963];
