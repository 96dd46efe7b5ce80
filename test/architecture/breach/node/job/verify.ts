// Clean: the one file that makes this door.
export class VerifiedJob {
  readonly #made = true;
  private constructor() {}
  static is(x: unknown): x is VerifiedJob {
    return typeof x === 'object' && x !== null && #made in x;
  }
  static make(): VerifiedJob {
    return new VerifiedJob();
  }
}
