// breach: door-made-once
export class VerifiedJob {
  readonly #made = true;
  private constructor() {}
  static is(x: object): boolean {
    return #made in x;
  }
}
