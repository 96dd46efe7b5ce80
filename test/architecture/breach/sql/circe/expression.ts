// Clean: the centre may read an expression, and a loop of types alone is none when it runs.
import type { Finding } from './check.ts';

export interface Expression {
  readonly conceptSets: readonly number[];
  readonly findings?: readonly Finding[];
}
