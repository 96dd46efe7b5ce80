/** The course of a synthetic person's illnesses: what they have, what comes of it, when it ends. Pure. */

import { ageBands, type Illness, illnesses } from './illnesses.ts';
import { measures, vitals, yearly } from './measures.ts';
import type { Mix } from './mixes.ts';
import { expMinus, type Random } from './random.ts';

/** Days are counted from 1970-01-01. */
export interface Period {
  readonly start: number;
  readonly end: number;
}

export interface Visit {
  readonly concept: number;
  readonly start: number;
  readonly end: number;
  readonly conditions: Occurrence[];
  readonly drugs: Occurrence[];
  readonly measurements: { readonly concept: number; readonly day: number; readonly value: number }[];
  readonly procedures: Occurrence[];
}

export interface Occurrence {
  readonly concept: number;
  readonly start: number;
  readonly end: number;
}

export interface LifeOptions {
  readonly mix: Mix;
  /** About 500 rows a person instead of about 30: long stays in a ward with a monitor. */
  readonly dense: boolean;
}

export interface Outcome {
  readonly periods: readonly Period[];
  readonly visits: readonly Visit[];
  readonly death: { readonly day: number; readonly cause: number | undefined } | undefined;
}

const outpatient = 9202;
const emergency = 9203;
const inpatient = 9201;
const emergencyThenInpatient = 262;
/** Days of a year. */
export const year = 365.25;
const pressures: ReadonlySet<number> = new Set([3004249, 3012888]);

/** A person's course: what they have, what comes of it, when it ends. */
export class Course {
  readonly #random: Random;
  readonly #mix: Mix;
  readonly #dense: boolean;
  readonly #sex: 0 | 1;
  readonly #born: number;
  readonly #chronic = new Map<Illness, number>();
  /** What each illness's rate is multiplied by for what the person has, in the order of `illnesses`. */
  readonly #risk = new Float64Array(illnesses.length).fill(1);
  /** How far each measurement's mean is moved by what the person has. */
  readonly #moved = new Map<number, number>();
  readonly #visits: Visit[] = [];
  #death: { day: number; cause: number | undefined } | undefined;

  constructor(random: Random, options: LifeOptions, woman: boolean, born: number) {
    this.#random = random;
    this.#mix = options.mix;
    this.#dense = options.dense;
    this.#sex = woman ? 1 : 0;
    this.#born = born;
  }

  /** Lives through one period of observation, year by year. */
  live(start: number, end: number): void {
    if (this.#chronic.size === 0 && this.#visits.length === 0) this.#history(start);
    for (let from = start; from <= end && this.#death === undefined; from += 365) {
      const to = Math.min(from + 364, end);
      const share = (to - from + 1) / 365;
      this.#mortality(from, to);
      if (this.#random.chance(0.4 * share)) this.#check(this.#random.between(from, to));
      for (const [index, illness] of illnesses.entries()) this.#maybe(illness, index, from, to, share);
      for (const illness of this.#chronic.keys()) this.#followUp(illness, from, to, share);
    }
  }

  /** Nothing is known after death, and nothing outside the periods. */
  end(periods: readonly Period[]): Outcome {
    const last = this.#death?.day ?? Number.POSITIVE_INFINITY;
    const kept = periods
      .filter((period) => period.start <= last)
      .map((period) => ({ start: period.start, end: Math.min(period.end, last) }));
    const within = (day: number) => kept.some((period) => day >= period.start && day <= period.end);
    const visits = this.#visits
      .filter((visit) => within(visit.start))
      .sort((a, b) => a.start - b.start)
      .map((visit) => clip(visit, kept.find((period) => visit.start <= period.end)!.end));
    const death = this.#death !== undefined && within(this.#death.day) ? this.#death : undefined;
    return { periods: kept, visits, death };
  }

  #age(day: number): number {
    return (day - this.#born) / year;
  }

  /** New cases per year at an age. */
  #rate(illness: Illness, index: number, age: number): number {
    const band = age < 18 ? 0 : age < 40 ? 1 : age < 60 ? 2 : age < 75 ? 3 : 4;
    const kind = this.#mix.kinds[illness.kind] ?? 1;
    return (illness.rates[band]! / 1000) * illness.sexes[this.#sex] * kind * this.#risk[index]!;
  }

  /** From now on the person has this. */
  #have(illness: Illness, since: number): void {
    this.#chronic.set(illness, since);
    illnesses.forEach((each, index) => {
      this.#risk[index]! *= illness.leadsTo[each.concept] ?? 1;
    });
    for (const [concept, shift] of Object.entries(illness.shifts)) {
      this.#moved.set(Number(concept), (this.#moved.get(Number(concept)) ?? 0) + shift);
    }
  }

  /** Chronic illness that was there before observation began. */
  #history(start: number): void {
    const age = this.#age(start);
    illnesses.forEach((illness, index) => {
      if (illness.days > 0 || illness.fatal > 0.1) return;
      let gathered = 0;
      for (const [from, to] of ageBands) {
        if (age > from) gathered += this.#rate(illness, index, from) * (Math.min(age, to) - from);
      }
      if (this.#random.unit() < 0.6 * (1 - expMinus(gathered))) this.#have(illness, start - 1);
    });
  }

  /** A case of an illness in these days, or none. */
  #maybe(illness: Illness, index: number, from: number, to: number, share: number): void {
    if (illness.days === 0 && this.#chronic.has(illness)) return;
    const mean = this.#rate(illness, index, this.#age(from)) * share;
    const cases = illness.days === 0 ? (this.#random.unit() < mean ? 1 : 0) : this.#random.count(mean);
    for (let i = 0; i < cases; i++) {
      const day = this.#day(illness, from, to);
      this.#encounter(illness, day, true);
      if (illness.days === 0) this.#have(illness, day);
    }
  }

  /** A day of the year: airway illness comes in winter more often. */
  #day(illness: Illness, from: number, to: number): number {
    const day = this.#random.between(from, to);
    if (illness.kind !== 'respiratory' && illness.kind !== 'infection') return day;
    const ofYear = day % 365;
    const winter = ofYear < 90 || ofYear > 320;
    return winter || this.#random.chance(0.55) ? day : this.#random.between(from, to);
  }

  #followUp(illness: Illness, from: number, to: number, share: number): void {
    const since = this.#chronic.get(illness)!;
    const visits = this.#random.count((illness.drugs.length > 0 ? 0.4 : 0.2) * share);
    for (let i = 0; i < visits; i++) {
      const day = this.#random.between(from, to);
      if (day > since) this.#encounter(illness, day, false);
    }
  }

  #check(day: number): void {
    const visit = this.#visit(outpatient, day, day);
    this.#measure(visit, vitals, day, []);
    this.#measure(
      visit,
      yearly.filter(() => this.#random.chance(0.4)),
      day,
      [],
    );
  }

  /** A visit for an illness: its first (`onset`), or one of many after. */
  #encounter(illness: Illness, day: number, onset: boolean): void {
    const random = this.#random;
    const admitted = random.chance(
      Math.min(0.95, illness.inpatient * this.#mix.inpatient * (onset ? 1 : 0.25)),
    );
    const urgent = random.chance(illness.emergency * (onset ? 1 : 0.3));
    const stay = admitted ? 1 + Math.floor(random.unit() * random.unit() * 18) : 0;
    const concept = admitted
      ? urgent
        ? emergencyThenInpatient
        : inpatient
      : urgent
        ? emergency
        : outpatient;
    const visit = this.#visit(concept, day, day + stay);
    visit.conditions.push({
      concept: illness.concept,
      start: day,
      end:
        illness.days > 0
          ? day + Math.max(1, Math.floor(illness.days * (0.6 + 0.8 * random.unit())))
          : day + stay,
    });
    for (const each of illness.drugs) {
      if (random.chance(onset ? each.chance : each.chance * 0.8)) {
        visit.drugs.push({ concept: each.drug, start: day, end: day + each.days - 1 });
      }
    }
    for (const each of illness.procedures) {
      if (random.chance(onset ? each.chance : each.chance * 0.15)) {
        const on = day + (stay > 0 ? random.between(0, stay) : 0);
        visit.procedures.push({ concept: each.concept, start: on, end: on });
      }
    }
    this.#measure(visit, random.chance(admitted || urgent ? 1 : 0.2) ? vitals : [], day, [illness]);
    this.#measure(
      visit,
      illness.tests.filter(() => random.chance(0.6)),
      day,
      [illness],
    );
    if (this.#dense) this.#monitor(visit, illness);
    const fatal = onset ? illness.fatal : illness.fatal * 0.3;
    if (this.#death === undefined && random.chance(fatal)) {
      this.#death = { day: day + random.between(0, Math.max(stay, 20)), cause: illness.concept };
    }
  }

  #visit(concept: number, start: number, end: number): Visit {
    const visit: Visit = { concept, start, end, conditions: [], drugs: [], measurements: [], procedures: [] };
    this.#visits.push(visit);
    return visit;
  }

  #measure(visit: Visit, concepts: readonly number[], day: number, now: readonly Illness[]): void {
    for (const concept of concepts)
      visit.measurements.push({ concept, day, value: this.#value(concept, day, now) });
  }

  /** A value around the mean, moved by what the person has; a child's weight and height by age. */
  #value(concept: number, day: number, now: readonly Illness[]): number {
    const measure = measures.get(concept)!;
    const child = Math.min(1, 0.06 + this.#age(day) / 18);
    const grown =
      concept === 3025315
        ? child
        : concept === 3036277
          ? 0.35 + 0.65 * child
          : pressures.has(concept)
            ? 0.72 + 0.28 * child
            : 1;
    let moved = this.#random.normal();
    moved += this.#moved.get(concept) ?? 0;
    for (const illness of now) if (!this.#chronic.has(illness)) moved += illness.shifts[concept] ?? 0;
    const value = Math.max(measure.least, (measure.mean + measure.spread * moved) * grown);
    const unit = 10 ** measure.decimals;
    return Math.round(value * unit) / unit;
  }

  /** Vital signs and daily laboratory of a ward, for `dense`. */
  #monitor(visit: Visit, illness: Illness): void {
    const all = [...measures.keys()];
    for (let day = visit.start; day <= visit.end + 1; day++) {
      for (let round = 0; round < 14; round++) {
        this.#measure(visit, [...vitals, all[(day + round) % all.length]!], Math.min(day, visit.end), [
          illness,
        ]);
      }
    }
  }

  /** Death without an illness of the list, about as Gompertz has it: doubling every eight years of age. */
  #mortality(from: number, to: number): void {
    const yearly = 0.0006 * 2 ** Math.max(0, Math.floor((this.#age(from) - 40) / 8));
    if (this.#random.unit() < Math.min(0.3, (yearly * (to - from + 1)) / 365)) {
      this.#death = { day: this.#random.between(from, to), cause: undefined };
    }
  }
}

/** Nothing of a visit lies after the end of observation. */
function clip(visit: Visit, last: number): Visit {
  if (
    visit.end <= last &&
    visit.conditions.every((each) => each.end <= last) &&
    visit.drugs.every((each) => each.end <= last)
  ) {
    return visit;
  }
  const cut = <T extends Occurrence>(each: T): T => ({ ...each, end: Math.min(each.end, last) });
  return {
    ...visit,
    end: Math.min(visit.end, last),
    conditions: visit.conditions.map(cut),
    drugs: visit.drugs.map(cut),
    measurements: visit.measurements.filter((each) => each.day <= last),
    procedures: visit.procedures.filter((each) => each.start <= last).map(cut),
  };
}
