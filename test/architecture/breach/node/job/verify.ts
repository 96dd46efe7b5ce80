// breach: door-predicate
// Clean but for the predicate: the one file that makes this door, and hands its constructor to one function.
import type { ReleasedResult } from '#node/disclosure/release.ts';

let make: () => VerifiedJob;

export class VerifiedJob {
  readonly #made = true;
  private constructor() {}
  static {
    make = () => new VerifiedJob();
  }
  static is(x: unknown): x is VerifiedJob {
    return typeof x === 'object' && x !== null && #made in x;
  }
}

export const verify = (): VerifiedJob => make();
export const released = (x: unknown): x is ReleasedResult => verify() === x;
