/**
 * What disclosure control asks of a linear solver. The solver is an argument: protocol imports none. Nothing here is
 * trusted: every point that proves a cell safe is checked again in whole numbers by the caller.
 */

/** low ≤ Σ factor × column ≤ high. ±Infinity stands for no limit. */
export interface LinearRow {
  readonly low: number;
  readonly high: number;
  readonly columns: readonly number[];
  readonly factors: readonly number[];
}

export interface LinearProgram {
  readonly low: readonly number[];
  readonly high: readonly number[];
  readonly rows: readonly LinearRow[];
}

export type LinearAnswer =
  | { readonly kind: 'optimal'; readonly point: ArrayLike<number> }
  | { readonly kind: 'infeasible' }
  | { readonly kind: 'failed' };

export interface OpenProgram {
  /** Sets the bounds of one column, from now on. */
  bound(column: number, low: number, high: number): void;
  /** Minimizes Σ cost × column, over whole numbers where `whole`. Columns without a cost count nothing. */
  minimize(costs: readonly (readonly [column: number, cost: number])[], whole: boolean): LinearAnswer;
  close(): void;
}

/** Opens a program that is solved many times with other bounds and costs. The caller closes it. */
export type LinearSolver = (program: LinearProgram) => OpenProgram;
