/** What is fuzzed: something that takes bytes from outside, and must either take them or refuse them with a code of the table. */

import type { Form } from './mutate.ts';
import type { Draw } from './random.ts';

/** A word planted where inputs are secret (a source value, a secret key, a token). Nothing that is said may hold it. */
export const marker = 'markerzq7x';

export interface Target {
  /** Folder of its corpus. */
  readonly kind: string;
  readonly form: Form;
  /** How often it is drawn, against the others. */
  readonly weight: number;
  /**
   * Runs the input. Gives what was said of it (outputs, logs, answers), to be looked through; refuses by throwing a MoimError. `draw` is for
   * choices that are not in the input.
   */
  run(input: Buffer, draw: Draw): readonly string[] | Promise<readonly string[]>;
}
