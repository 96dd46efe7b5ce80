/** The life of one synthetic person as plain data: pure, from random numbers, a mix and nothing else. */

import { Course, type LifeOptions, type Outcome, type Period, year } from './course.ts';
import type { Random } from './random.ts';

export interface Life extends Outcome {
  readonly woman: boolean;
  readonly born: number;
  /** 0 Asian, 1 white. */
  readonly race: number;
  /** 0 never, 1 formerly, 2 daily; undefined where nobody asked. */
  readonly smoking: number | undefined;
}

const firstDay = 14_610; // 2010-01-01
const lastDay = 20_088; // 2024-12-31

/** Makes one life. The same `random` (its state) and options give the same life. */
export function makeLife(random: Random, options: LifeOptions): Life {
  const { mix } = options;
  const woman = random.chance(mix.women);
  const age = random.pick(mix.ages) * 10 + random.unit() * 10;
  const entry = random.between(firstDay, lastDay - 400);
  const born = Math.floor(entry - age * year);
  const periods = makePeriods(random, entry);
  const race = random.chance(0.85) ? 0 : 1;
  const smoking = age >= 15 && random.chance(0.55) ? random.pick([55, 25, 20]) : undefined;
  const course = new Course(random, options, woman, born);
  for (const period of periods) course.live(period.start, period.end);
  return { woman, born, race, smoking, ...course.end(periods) };
}

function makePeriods(random: Random, entry: number): Period[] {
  const span = 300 + Math.floor(random.unit() * random.unit() * 3900);
  const end = Math.min(entry + span, lastDay);
  if (end - entry < 900 || !random.chance(0.12)) return [{ start: entry, end }];
  const pause = entry + Math.floor((end - entry) * (0.3 + 0.3 * random.unit()));
  return [
    { start: entry, end: pause },
    { start: pause + random.between(60, 240), end },
  ];
}
