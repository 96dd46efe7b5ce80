// breach: house-no-module-state
// The constructor escapes through a name that anybody in the process may fill again.
let make: () => ReleasedResult;

export class ReleasedResult {
  readonly #made = true;
  private constructor() {}
  static {
    make = () => new ReleasedResult();
  }
  static is(x: object): boolean {
    return #made in x;
  }
}

export const replace = (other: () => ReleasedResult): void => {
  make = other;
};
export const release = (): ReleasedResult => make();
