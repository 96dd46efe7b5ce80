/**
 * Random numbers for synthetic persons: xoshiro128** (Blackman, Vigna 2018), seeded by seed, person and purpose, so that
 * a person is the same whatever was made before, however many are made, on every machine.
 */

export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(seed: string, person: number, purpose: number) {
    let state = textHash(seed);
    state = Math.imul(state ^ (person >>> 0), 0x9e3779b1) ^ Math.floor(person / 0x1_0000_0000);
    state = Math.imul(state ^ (state >>> 15) ^ purpose, 0x85ebca77);
    const next = (): number => {
      // splitmix32
      state = (state + 0x9e3779b9) | 0;
      let z = state;
      z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
      return z ^ (z >>> 15);
    };
    this.#a = next();
    this.#b = next();
    this.#c = next();
    this.#d = next() | 1;
  }

  /** A number from 0 up to, not including, 1, of 32 bits. */
  unit(): number {
    const product = Math.imul(this.#b, 5);
    const answer = Math.imul((product << 7) | (product >>> 25), 9);
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return (answer >>> 0) / 0x1_0000_0000;
  }

  chance(probability: number): boolean {
    return this.unit() < probability;
  }

  /** A whole number from `least` to `most`, both possible. */
  between(least: number, most: number): number {
    return least + Math.floor(this.unit() * (most - least + 1));
  }

  /** An index of `weights`, each as likely as its weight says. */
  pick(weights: readonly number[]): number {
    let left = this.unit() * weights.reduce((sum, weight) => sum + weight, 0);
    const found = weights.findIndex((weight) => {
      left -= weight;
      return left < 0;
    });
    return found < 0 ? weights.length - 1 : found;
  }

  /** About normal (a sum of four, no further than 3.5 from 0): no logarithm or cosine, whose last bits differ by machine. */
  normal(): number {
    return (this.unit() + this.unit() + this.unit() + this.unit() - 2) * 1.732;
  }

  /** How many events of a Poisson process, at `mean` small; never more than 20. */
  count(mean: number): number {
    let events = 0;
    let left = this.unit();
    if (left <= 1 - mean) return 0; // since e^-x ≥ 1 - x: most calls end here
    const floor = expMinus(mean);
    for (;;) {
      if (left <= floor || events === 20) return events;
      events++;
      left *= this.unit();
    }
  }
}

/** e^-x for x ≥ 0 by a series of plain arithmetic: the same bits on every machine. */
export function expMinus(x: number): number {
  const part = x / 64;
  let power = 1 - part + (part * part) / 2 - (part * part * part) / 6 + (part * part * part * part) / 24;
  for (let i = 0; i < 6; i++) power *= power;
  return power;
}

function textHash(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}
