// Clean: closes no loop.
import type { Expression } from './expression.ts';

export interface Finding {
  readonly of: Expression;
}
